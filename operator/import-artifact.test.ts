import { mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { importArtifact } from './import-artifact.ts'
import type { RunStore } from './run-store.ts'
import { createVolumeStore } from './volume-store.ts'
import { placeInWorkspace } from './workspace.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-import-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

const type = { schemaTitle: 'system.Dataset', schemaVersion: '0.0.1' }
const volume = (): RunStore => createVolumeStore({ folder, mountPath: '/kfp-store' })
async function importFrom(
  store: Partial<RunStore>,
  uri: string,
  downloadToWorkspace = true,
  pods: object = { claimName: 'c' },
) {
  const context = { run: { uid: 'u-1', runId: 'u-1' }, ports: { store, settings: { pods: { store: pods } } } }
  const request = { uri, type, metadata: { a: 1 }, reimport: false, downloadToWorkspace, outputName: 'artifact' }
  const action = { kind: 'import-artifact', task: 'root/importer', attempt: 1, request } as const
  return await importArtifact(context as never, action)
}

describe('on a volume', () => {
  test('copies a folder to where steps look for it, and says so in its metadata', async () => {
    await mkdir(join(folder, 'data/deep'), { recursive: true })
    await writeFile(join(folder, 'data/deep/x'), 'hello')
    const result = await importFrom(volume(), '/kfp-store/data')
    expect(result).toMatchObject({
      outcome: 'succeeded',
      outputs: { artifacts: { artifact: [{ uri: '/kfp-store/data', metadata: { a: 1, _kfp_workspace: true } }] } },
    })
    const copy = join(folder, 'workspaces/u-1/.artifacts/kfp-store/data/deep')
    expect(await readFile(join(copy, 'x'), 'utf8')).toBe('hello')
    expect((await stat(copy)).mode & 0o777).toBe(0o777)
  })

  test.each([
    ['nothing there', '/kfp-store/none', /nothing to import at/],
    ['a place that the operator does not reach', '/etc/hostname', /can't be copied to the workspace/],
    ['a way out of the volume', '/kfp-store/../etc/hostname', /can't be copied|leads out/],
    ['a way out of the workspace', 's3://bucket/../../../../other', /leads out of the workspace/],
  ])('refuses %s', async (_what, uri, message) => {
    const result = await importFrom(volume(), uri)
    expect(result).toMatchObject({ outcome: 'failed' })
    expect(JSON.stringify(result)).toMatch(message)
  })

  test('a link of a step is copied as the link it is', async () => {
    await mkdir(join(folder, 'data'))
    await symlink('/etc/hostname', join(folder, 'data/link'))
    await importFrom(volume(), '/kfp-store/data')
    const copy = join(folder, 'workspaces/u-1/.artifacts/kfp-store/data/link')
    await expect(readFile(`${copy}/x`)).rejects.toThrow()
    expect((await import('node:fs')).readlinkSync(copy)).toBe('/etc/hostname')
  })
})

test('without a copy nothing is touched', async () => {
  const store = { digestOf: async () => 'sha256:x' }
  expect(await importFrom(store, 's3://bucket/x', false)).toMatchObject({
    outputs: { artifacts: { artifact: [{ metadata: { a: 1 }, digest: 'sha256:x' }] } },
  })
})

test('beside an object store a pod makes the copy', async () => {
  const result = await importFrom({}, 's3://bucket/x', true, { objects: { launcherImage: 'launcher' } })
  expect(result).toMatchObject({ launch: { image: 'launcher', usesWorkspace: true } })
  expect(JSON.stringify(result)).toContain('/kfp-workspace/.artifacts/s3/bucket/x')
  expect(await importFrom({}, '/plain', true, { objects: { launcherImage: 'launcher' } })).toMatchObject({
    failure: { cause: 'configuration' },
  })
})

test.each([
  ['s3://bucket/a/b?region=x', '.artifacts/s3/bucket/a/b'],
  ['gs://bucket/a', '.artifacts/gcs/bucket/a'],
  ['/kfp-store/a', '.artifacts/kfp-store/a'],
  ['s3://bucket/../../x', undefined],
])('the place of %s', (uri, place) => {
  expect(placeInWorkspace(uri)).toBe(place)
})
