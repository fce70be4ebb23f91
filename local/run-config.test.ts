/** What a run of this machine is told of itself: its name for components, its date, the contents of its input artifacts. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { leafOf, pipelineOf, taskOf } from '../engine/testing/small-pipeline.ts'
import { digestBytes } from '../store/digest.ts'
import type { RunOptions } from './machine.ts'
import { newRunConfig } from './run-config.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-run-config-'))
})
afterEach(() => rm(folder, { recursive: true }))

const DATA = { artifactType: { schemaTitle: 'system.Dataset' } }
const document = pipelineOf({
  root: { inputDefinitions: { artifacts: { data: DATA } }, dag: { tasks: { t: taskOf('c') } } },
  components: { c: leafOf() },
})
const configOf = (args: Parameters<typeof newRunConfig>[1], more: Partial<RunOptions> = {}) =>
  newRunConfig(document, args, { root: folder, runtime: 'process', hostCommands: false, ...more })

test('input artifacts of this machine come with the digest of their content; others and absent ones without', async () => {
  const path = join(folder, 'data.txt')
  await writeFile(path, 'old')
  const uris = [path, { uri: `file://${path}` }, 's3://bucket/x', join(folder, 'absent')]
  const { argumentDigests } = await configOf({ data: uris })
  expect(argumentDigests).toEqual({ [path]: digestBytes('old'), [`file://${path}`]: digestBytes('old') })
  expect((await configOf({ data: 's3://bucket/x' })).argumentDigests).toBeUndefined()
})

test.each([
  ['7f9c', 'small-7f9c'],
  ['small-20260101-1', 'small-20260101-1'],
])('the resource name of run %s has the name of its pipeline, once: %s', async (runId, resourceName) => {
  expect(await configOf({}, { runId })).toMatchObject({ runId, resourceName })
})

test('the run of a schedule knows its date', async () => {
  expect(await configOf({}, { scheduleTime: 5 })).toMatchObject({ scheduleTime: 5 })
})
