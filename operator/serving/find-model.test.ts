/** Which version a ModelDeployment means, and where its file lies on a volume and in a bucket. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ArtifactStore } from '../../store/artifact-store.ts'
import { setAlias } from '../../store/metadata/aliases.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { experimentOfName } from '../../store/metadata/experiments.ts'
import { createModelVersion, createRegisteredModel } from '../../store/metadata/registry.ts'
import { insertRun } from '../../store/metadata/runs.ts'
import { type ModelFiles, modelFilesInStore, modelFilesOnVolume, modelFinder } from './find-model.ts'
import type { ModelDeployment } from './model-objects.ts'

let metadata: Metadata
let folder: string
const by = { namespace: 'ml', actor: 'ada', now: 1 }

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-find-model-'))
  metadata = await openMetadata({ url: ':memory:' })
  await createRegisteredModel(metadata.db, by, { name: 'iris', tags: [] })
})
afterEach(async () => {
  await metadata.close()
  await rm(folder, { recursive: true, force: true })
})

async function version(storage_location: string): Promise<void> {
  const made = {
    name: 'iris',
    source: storage_location,
    storage_location,
    run_id: null,
    run_link: null,
    model_id: null,
  }
  await createModelVersion(metadata.db, by, { ...made, description: null, tags: [] })
}
const find = (files: ModelFiles, spec: object = { alias: 'champion' }, namespace = 'ml') =>
  modelFinder(metadata, files, true).find({
    metadata: { name: 'd', namespace },
    spec: { model: 'iris', ...spec },
  } as ModelDeployment)

async function put(path: string): Promise<void> {
  await mkdir(join(folder, path, '..'), { recursive: true })
  await writeFile(join(folder, path), '{}')
}

test('on a volume: the folder of the version, or its one file', async () => {
  const files = modelFilesOnVolume(folder)
  await put('mlflow/0/r/artifacts/model/MLmodel')
  await put('mlflow/0/r/artifacts/model/model.onnx')
  await put('mlflow/0/r/artifacts/model/input_example.json')
  await version('mlflow-artifacts:/0/r/artifacts/model')
  await version('mlflow-artifacts:/0/r/artifacts/model/MLmodel')
  await setAlias(metadata.db, by, 'iris', 'champion', 1)
  const model = { subPath: 'mlflow/0/r/artifacts/model', fileName: 'model.onnx' }
  expect(await find(files)).toEqual({ version: '1', place: model })
  const one = { ...model, fileName: 'MLmodel' }
  expect(await find(files, { version: '2' })).toEqual({ version: '2', place: one })
})

test.each([
  ['no file that can be served', 'mlflow-artifacts:/0/r/artifacts/empty', /holds no .onnx/],
  ['nothing at all', 'mlflow-artifacts:/0/r/artifacts/gone', /holds no .onnx/],
  ['a way out of the store', 'mlflow-artifacts:/../secret', /do not lie in the store/],
  ['another place', 's3://elsewhere/model', /do not lie in the store/],
])('on a volume: %s', async (_what, uri, message) => {
  await put('mlflow/0/r/artifacts/empty/notes.txt')
  await version(uri)
  expect(await find(modelFilesOnVolume(folder), { version: '1' })).toEqual({
    version: '1',
    reason: 'NotServable',
    message: expect.stringMatching(message),
  })
})

/** A run of the namespace. */
async function run(runId: string, namespace: string): Promise<void> {
  const { experiment_id: experimentId } = await experimentOfName(metadata.db, namespace, 'e', 1)
  const said = { runId, experimentId, namespace, kind: 'pipeline', name: 'r', userId: '', state: 'SUCCEEDED' } as const
  await insertRun(metadata.db, { ...said, startTime: 1, artifactUri: '', now: 1 })
}

test('in a bucket: below its root only, and in a folder of the namespace', async () => {
  const [ours, theirs] = ['1', '2'].map((digit) => digit.repeat(32)) as [string, string]
  await run(ours, 'ml')
  await run(theirs, 'other')
  const objects: Record<string, string[]> = {
    's3://b/kfp/mlflow/0/r/artifacts/model': ['MLmodel', 'deep/other.onnx', 'model.json'],
    [`s3://b/kfp/artifacts/p/${ours}/model.onnx`]: [''],
    [`s3://b/kfp/mlflow/7/${theirs}/artifacts/model`]: ['model.onnx'],
    's3://b/kfp/mlflow/7/loose': ['model.onnx'],
  }
  const store = { list: async (uri: string) => objects[uri] ?? [] } as unknown as ArtifactStore
  const files = modelFilesInStore(store, 's3://b/kfp/')
  await version('mlflow-artifacts:/0/r/artifacts/model')
  await version(`s3://b/kfp/artifacts/p/${ours}/model.onnx`)
  await version(`s3://b/others/${ours}/model.onnx`)
  await version(`s3://b/kfp/mlflow/7/${theirs}/artifacts/model`)
  await version('s3://b/kfp/mlflow/7/loose')
  const uri = (at: string) => ({ place: { uri: at } })
  expect(await find(files, { version: '1' })).toMatchObject(uri('s3://b/kfp/mlflow/0/r/artifacts/model/model.json'))
  expect(await find(files, { version: '2' })).toMatchObject(uri(`s3://b/kfp/artifacts/p/${ours}/model.onnx`))
  for (const held of ['3', '4', '5'])
    expect(await find(files, { version: held })).toMatchObject({ version: held, reason: 'NotServable' })
})

test.each([
  ['an alias that nothing holds', { alias: 'nobody' }, 'ml'],
  ['a version that is not there', { version: '7' }, 'ml'],
  ['the registry of another namespace', { version: '1' }, 'other'],
])('%s is told', async (_what, spec, namespace) => {
  await version('mlflow-artifacts:/0/r/artifacts/model')
  expect(await find(modelFilesOnVolume(folder), spec, namespace)).toMatchObject({ reason: 'ModelNotFound' })
})
