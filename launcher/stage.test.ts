import { mkdtemp, readFile, readlink, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { StagingPlan } from '../api/staging-plan.ts'
import { stage } from './stage.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-stage-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const plan = (change: Partial<StagingPlan>): StagingPlan => ({
  folders: [],
  inputs: [],
  outputs: [],
  executorOutputFile: '',
  parameterFiles: {},
  resultUri: '',
  ...change,
})
const store = {
  download: async (uri: string, path: string) => {
    if (uri.endsWith('/missing')) return undefined
    await writeFile(path, uri)
    return { kind: 'file', bytes: 1, files: 1, modifiedAt: 0, etag: '' } as const
  },
}

test('copies inputs in, and leaves out what no step wrote', async () => {
  const path = join(folder, 'deep/data')
  await stage(plan({ inputs: [{ uri: 's3://b/data', path }] }), store)
  await stage(plan({ inputs: [{ uri: 's3://b/missing', path: join(folder, 'x') }] }), store)
  expect(await readFile(path, 'utf8')).toBe('s3://b/data')
})

test('an import of nothing is a failure', async () => {
  const inputs = [{ uri: 's3://b/missing', path: join(folder, 'x') }]
  await expect(stage(plan({ inputs, onlyStage: true }), store)).rejects.toThrow(
    /nothing to import at s3:\/\/b\/missing/,
  )
})

test('names copies of the workspace where older SDKs look, also when it is started again', async () => {
  const path = join(folder, 's3/bucket/data')
  const links = [{ path, target: '/kfp-workspace/.artifacts/s3/bucket/data' }]
  await stage(plan({ links }), store)
  await stage(plan({ links }), store)
  expect(await readlink(path)).toBe(links[0]!.target)
})
