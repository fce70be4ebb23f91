/** Runs of a server that wait for each other and for an alias of its registry; the server is stopped and started meanwhile. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { definePipeline, waitFor } from 'kfp-ts'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { compile } from '../../compiler/compile.ts'
import type { AnyPipeline } from '../../dsl/pipeline.ts'
import type { RunConfig } from '../../engine/types.ts'
import { RunEvents } from '../../server/run-events.ts'
import type { RunRequest } from '../../server/run-executor.ts'
import type { ExecutorParts } from '../../server/start.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { getPipelineRun, insertPipelineRun, tasksOfRun } from '../../store/metadata/pipeline-runs.ts'
import { readManifest, runPaths } from '../../store/run-folder.ts'
import { localExecutor, type StoppableExecutor } from './local-executor.ts'

const every = { everySeconds: 0.1 }
const upstream = definePipeline({ name: 'upstream' }, () => {
  return { version: waitFor.alias({ model: 'iris', alias: 'champion', ...every }).outputs.version }
})
const downstream = definePipeline({ name: 'downstream' }, () => {
  return { got: waitFor.run({ run: 'up', ...every }).outputs.outputs }
})

let root: string
let metadata: Metadata
let executor: StoppableExecutor
const open = () =>
  localExecutor(
    {
      ...{ metadata, events: new RunEvents(), logger: pino({ level: 'silent' }), url: () => 'http://127.0.0.1:9' },
    } as unknown as ExecutorParts,
    { root, hostCommands: false, runtime: 'process' },
  )

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'kfp-ts-serve-waits-'))
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, Date.now())
  executor = open()
})
afterEach(async () => {
  await executor.stop()
  await metadata.close()
  await rm(root, { recursive: true })
})

async function request(runId: string, pipeline: AnyPipeline): Promise<RunRequest> {
  const { document } = await compile(pipeline)
  const pipelineText = JSON.stringify(document!.spec)
  const now = Date.now()
  const base = { runId, experimentId: 0, namespace: '', kind: 'pipeline' as const, name: runId, userId: '' }
  await insertPipelineRun(
    metadata.db,
    { ...base, state: 'PENDING', startTime: now, artifactUri: root, now },
    {
      ...{
        pipeline_name: pipeline.model.name,
        pipeline_id: null,
        pipeline_version_id: null,
        pipeline_spec: pipelineText,
      },
      ...{
        runtime_config: '{}',
        service_account: null,
        recurring_run_id: null,
        scheduled_at: now,
        plugins_input: null,
      },
    },
    {},
  )
  const more = { namespace: '', displayName: runId, parameters: {}, pipelineRoot: join(root, 'artifacts') }
  return { runId, pipelineText, experimentId: '0', ...more } as unknown as RunRequest
}

const stateOf = async (runId: string) => (await getPipelineRun(metadata.db, runId)).state

test('waits go on where they were, and end by what the database says', async () => {
  const [up, down] = [await request('up', upstream), await request('down', downstream)]
  await executor.start(up)
  await executor.start(down)
  await expect.poll(async () => (await executor.waiting('down'))[0]?.reason).toMatch(/^run up is (RUNNING|PENDING)/)
  await expect
    .poll(async () => (await tasksOfRun(metadata.db, 'up'))[0]?.detail)
    .toContain('alias iris@champion does not')
  await executor.stop()
  executor = open()
  await executor.start(up)
  await executor.start(down)
  const alias = { namespace: '', name: 'iris', alias: 'champion', version: 4 }
  await metadata.db.insertInto('model_aliases').values(alias).execute()
  await expect.poll(() => stateOf('down'), { timeout: 20_000 }).toBe('SUCCEEDED')
  expect(JSON.parse((await getPipelineRun(metadata.db, 'down')).outputs!)).toEqual({ got: { version: 4 } })
  expect((await tasksOfRun(metadata.db, 'up'))[0]).toMatchObject({ state: 'SUCCEEDED', attempts: 1, detail: null })
})

test('the run of a schedule is kept with its date, so that others on this machine can wait for it', async () => {
  const scheduledAt = Date.parse('2026-01-02T00:00:00Z')
  await executor.start({ ...(await request('up', upstream)), scheduledAt })
  await expect
    .poll(async () => (await readManifest<RunConfig>(runPaths(root, 'up')))?.config)
    .toMatchObject({ scheduleTime: scheduledAt, resourceName: 'upstream-up' })
})

test.each(['{ no JSON', 'null'])(
  'a run whose stored text is %s fails, and the executor stops',
  async (pipelineText) => {
    const broken = { ...(await request('broken', upstream)), pipelineText }
    await executor.start(broken)
    await expect.poll(() => stateOf('broken')).toBe('FAILED')
    expect(JSON.parse((await getPipelineRun(metadata.db, 'broken')).error!)).toMatchObject({
      code: 'infrastructure',
      message: expect.stringMatching(/stored text of its pipeline is no JSON object.*start another run/),
    })
    await executor.remove('broken')
    await executor.stop()
  },
)

test('the end of a run is recorded when the database is back, or found again by the next server', async () => {
  const inner = metadata
  let failing = 2
  const away = () => Promise.reject(new Error('Connection terminated unexpectedly'))
  metadata = { ...inner, transaction: (work) => (failing-- > 0 ? away() : inner.transaction(work)) }
  executor = open()
  await executor.start({ ...(await request('lost', upstream)), pipelineText: '{ no JSON' })
  await expect.poll(() => stateOf('lost')).toBe('FAILED')
  failing = Number.POSITIVE_INFINITY
  await executor.start({ ...(await request('later', upstream)), pipelineText: '{ no JSON' })
  await executor.stop()
  expect(await stateOf('later')).toBe('PENDING')
})

test('a run that nothing carries out any more is canceled when the database is back', async () => {
  const inner = metadata
  let failing = 1
  metadata = {
    ...inner,
    transaction: (work) => (failing-- > 0 ? Promise.reject(new Error('away')) : inner.transaction(work)),
  }
  executor = open()
  await request('gone', upstream)
  await executor.cancel('gone')
  expect(await stateOf('gone')).toBe('CANCELED')
})
