import { chmod, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Launch } from '../engine/types.ts'
import { createVolumeStore } from './volume-store.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-volume-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const launch = {
  scratchDir: '/kfp-store/scratch/run/task/1',
  executorInput: { inputs: {}, outputs: { outputFile: '/kfp-store/artifacts/p/run/task/output.json' } },
  outputs: { parameters: {}, artifacts: {} },
  usesWorkspace: false,
} as unknown as Launch

const modeOf = async (path: string): Promise<string> => ((await stat(join(folder, path))).mode & 0o777).toString(8)

test('folders of an attempt are open to steps, also when an operator was killed between making and opening them', async () => {
  const store = createVolumeStore({ folder, mountPath: '/kfp-store' })
  await mkdir(join(folder, 'scratch/run/task/1'), { recursive: true })
  await chmod(join(folder, 'scratch'), 0o777)
  await store.prepare(launch, 'run')
  for (const path of ['scratch', 'scratch/run', 'scratch/run/task', 'scratch/run/task/1', 'artifacts/p/run/task']) {
    expect(`${path} ${await modeOf(path)}`).toBe(`${path} 777`)
  }
  expect(await modeOf('.')).toBe('700')
})

test.each([
  ['the default root', '/kfp-store/artifacts/p/run', 'artifacts/p'],
  ['a root of its own', '/kfp-store/elsewhere/deep/p/run', 'elsewhere/deep/p'],
])('artifacts of a deleted run under %s go when they are named, and nothing beside them', async (_root, uri, place) => {
  const store = createVolumeStore({ folder, mountPath: '/kfp-store' })
  for (const run of ['run', 'other']) {
    await mkdir(join(folder, place, run), { recursive: true })
    await writeFile(join(folder, place, run, 'model'), '')
  }
  await store.deleteRun('run')
  expect(await readdir(join(folder, place))).toEqual(['other', 'run'])
  for (const wrong of [`/etc/run`, dirname(uri), `${uri}/../other`, `/kfp-store/../${place}/run`]) {
    await store.deleteRun('run', wrong)
    expect(await readdir(join(folder, place))).toEqual(['other', 'run'])
  }
  await store.deleteRun('run', uri)
  expect(await readdir(join(folder, place))).toEqual(['other'])
})
