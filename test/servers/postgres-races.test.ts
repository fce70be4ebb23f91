/** Changes that meet on Postgres, where transactions run side by side: one after the other, as on SQLite. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment, experimentOfName } from '../../store/metadata/experiments.ts'
import {
  getPipelineRun,
  insertPipelineRun,
  markCanceling,
  markRetrying,
  setRunState,
} from '../../store/metadata/pipeline-runs.ts'
import { RunRecorder } from '../../store/metadata/record-run.ts'
import { createModelVersion, createRegisteredModel, deleteRegisteredModel } from '../../store/metadata/registry.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

const TIMES = 25
let postgres: TestPostgres
let metadata: Metadata

beforeAll(async () => {
  postgres = await startPostgres(['fsync=off'])
  metadata = await openMetadata({ url: postgres.url })
  await ensureDefaultExperiment(metadata.db, 1)
})
afterAll(async () => {
  await metadata?.close()
  await postgres?.stop()
})

async function startRun(runId: string): Promise<void> {
  const place = { experimentId: 0, namespace: '', artifactUri: '' }
  const pipeline = {
    ...{ pipeline_name: 'p', pipeline_id: null, pipeline_version_id: null, pipeline_spec: '{}', runtime_config: '{}' },
    ...{ service_account: null, recurring_run_id: null, scheduled_at: 1, plugins_input: null },
  }
  const run = {
    runId,
    ...place,
    kind: 'pipeline',
    name: runId,
    userId: '',
    state: 'RUNNING',
    startTime: 1,
    now: 1,
  } as const
  await metadata.transaction((db) => insertPipelineRun(db, run, pipeline, {}))
}

const statesOf = async (runId: string) =>
  (JSON.parse((await getPipelineRun(metadata.db, runId)).state_history) as { state: string }[]).map(
    ({ state }) => state,
  )

test('a run that ends while it is terminated has ended', async () => {
  const recorder = new RunRecorder(metadata)
  for (let index = 0; index < TIMES; index++) {
    const runId = `ends-${index}`
    await startRun(runId)
    await Promise.allSettled([
      metadata.transaction((db) => markCanceling(db, runId, 5)),
      recorder.record({ runId, pipeline: 'p', state: 'SUCCEEDED', outputs: {}, tasks: [] }),
    ])
    expect(await getPipelineRun(metadata.db, runId)).toMatchObject({ state: 'SUCCEEDED', end_time: expect.any(Number) })
    expect((await statesOf(runId)).at(-1)).toBe('SUCCEEDED')
  }
})

test('of two retries of one run, one is accepted', async () => {
  for (let index = 0; index < TIMES; index++) {
    const runId = `retried-${index}`
    await startRun(runId)
    await metadata.transaction((db) => setRunState(db, runId, 'FAILED', 3))
    const retry = () => metadata.transaction((db) => markRetrying(db, runId, 5))
    const outcomes = (await Promise.allSettled([retry(), retry()])).map(({ status }) => status)
    expect(outcomes.sort()).toEqual(['fulfilled', 'rejected'])
    expect(await statesOf(runId)).toEqual(['RUNNING', 'FAILED', 'PENDING'])
  }
})

test('the first calls into a workspace get one experiment', async () => {
  for (let index = 0; index < TIMES; index++) {
    const within = () => metadata.transaction((db) => experimentOfName(db, `w-${index}`, 'Default', 1))
    const made = await Promise.all([within(), within(), experimentOfName(metadata.db, `w-${index}`, 'Default', 1)])
    expect(new Set(made.map((row) => row.experiment_id)).size).toBe(1)
  }
})

test('no version is left of a model that is deleted while the version is made', async () => {
  const by = { namespace: '', actor: 'ada', now: 1 }
  const files = { source: 's3://b', storage_location: 's3://b' }
  const nothing = { run_id: null, run_link: null, model_id: null, description: null, tags: [] }
  for (let index = 0; index < TIMES; index++) {
    const name = `m-${index}`
    await metadata.transaction((db) => createRegisteredModel(db, by, { name, tags: [] }))
    await Promise.allSettled([
      metadata.transaction((db) => deleteRegisteredModel(db, by, name)),
      metadata.transaction((db) => createModelVersion(db, by, { name, ...files, ...nothing })),
    ])
  }
  expect(await metadata.db.selectFrom('model_versions').selectAll().execute()).toEqual([])
})
