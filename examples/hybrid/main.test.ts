import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseModel, predictRecord } from 'kfp-ts/components'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { compileHybrid, main } from './main.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kfp-ts-hybrid-'))
})
afterAll(() => rm(root, { recursive: true }))

test('the compiled file is up to date and wires preprocess -> train -> evaluate', async () => {
  const text = await compileHybrid()
  expect(await readFile(join(import.meta.dirname, 'hybrid_ml_pipeline.yaml'), 'utf8')).toBe(text)
  expect(text).toContain('name: hybrid-ml-pipeline')
  expect(text).toMatch(/taskOutputArtifact:\s+outputArtifactKey: model\s+producerTask: train/)
})

test('runs on this machine, on real data, to an accuracy worth having', async () => {
  const result = await main({ root, progress: 'none', arguments: { trees: 40, seed: 1 } })
  expect(result.accuracy).toBeGreaterThan(0.75)
  expect(result.summary).toMatch(/actual \\ predicted\s+<=50K\s+>50K/)
  const model = parseModel(await readFile(result.modelFile, 'utf8'))
  expect(model.trainedWith).toMatchObject({ trees: 40, seed: 1 })
  expect(predictRecord(model, { age: 50, education: 'Doctorate' }).label).toMatch(/50K$/)
})

test('a source that does not exist fails the run and says why', async () => {
  const failing = main({ root, progress: 'none', arguments: { source: '/no/such.csv' } })
  await expect(failing).rejects.toThrow(/the run ended FAILED/)
})
