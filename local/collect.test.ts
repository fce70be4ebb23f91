import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Launch } from '../engine/types.ts'
import { digestBytes } from '../store/digest.ts'
import { collectStepOutputs } from './collect.ts'
import { makeTestFolder } from './testing/test-folders.ts'

/** A step that made a model and says that it lies at `customPath`; `write` gets the folder that it worked in and the model's place. */
async function collectModel(customPath: (place: string) => string, write: (scratchDir: string, place: string) => void) {
  const folder = makeTestFolder()
  const [scratchDir, place, outputFile] = [join(folder, 'scratch'), join(folder, 'model'), join(folder, 'output.json')]
  mkdirSync(scratchDir)
  write(scratchDir, place)
  const model = { name: 'model', uri: place, metadata: {}, custom_path: customPath(place) }
  writeFileSync(outputFile, JSON.stringify({ artifacts: { model: { artifacts: [model] } } }))
  const type = { schemaTitle: 'system.Model' }
  const launch = {
    scratchDir,
    executorInput: { inputs: {}, outputs: { outputFile } },
    outputs: { parameters: {}, artifacts: { model: { type, uri: place, path: place } } },
  }
  const collected = await collectStepOutputs(launch as unknown as Launch)
  return { collected, place, scratchDir }
}

test.each([
  ['a path in the folder of the step', () => 'made/here.txt'],
  ['the place where it belongs', (place: string) => place],
])('a custom path may be %s', async (_, customPath) => {
  const { collected, place } = await collectModel(customPath, (scratchDir, target) => {
    mkdirSync(join(scratchDir, 'made'))
    const path = customPath(target)
    writeFileSync(path === target ? target : join(scratchDir, path), 'model')
  })
  expect(readFileSync(place, 'utf8')).toBe('model')
  const artifact = { uri: place, digest: digestBytes('model') }
  expect(collected).toMatchObject({ outputs: { artifacts: { model: [artifact] } } })
  expect(JSON.stringify(collected)).not.toContain('customPath')
})

test('a custom path where there is nothing is a mistake of the step', async () => {
  const { collected, scratchDir } = await collectModel(
    () => 'here.txt',
    () => undefined,
  )
  const message = `its output "model" is not where it says: there is nothing at ${join(scratchDir, 'here.txt')}`
  expect(collected).toEqual({ failure: { cause: 'application', message } })
})
