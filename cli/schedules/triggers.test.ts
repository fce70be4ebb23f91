/** Triggers over the real database: what happens becomes a run, once, whatever is killed in between. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { KyselyPlugin } from 'kysely'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunReport } from '../../api/run-report.ts'
import type { ScheduledRunSpec, ScheduleTrigger } from '../../api/scheduled-run.ts'
import type { Services } from '../../server/context.ts'
import { RunEvents } from '../../server/run-events.ts'
import { noExecutor, type RunRequest } from '../../server/run-executor.ts'
import { rollbackAlias, setAlias } from '../../store/metadata/aliases.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { RunRecorder } from '../../store/metadata/record-run.ts'
import { createModelVersion, createRegisteredModel } from '../../store/metadata/registry.ts'
import { findSchedule, scheduleEvents } from '../../store/metadata/schedules.ts'
import { createSchedule } from './create-schedule.ts'
import { passOverSchedule } from './schedule-pass.ts'
import { type ScheduleRunner, startScheduleRunner } from './schedule-runner.ts'

let now: number
let metadata: Metadata
let runner: ScheduleRunner
let started: RunRequest[]
let services: Services
let folder: string
let fault: () => void

beforeEach(async () => {
  now = Date.parse('2026-01-04T12:00:00Z')
  started = []
  fault = () => {}
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-triggers-'))
  metadata = await openMetadata({ url: ':memory:', now: () => now })
  await ensureDefaultExperiment(metadata.db, now)
  const start = async (run: RunRequest) => {
    fault()
    started.push(run)
  }
  const logger = pino({ level: 'silent' })
  const executor = { ...noExecutor, start }
  services = { metadata, executor, events: new RunEvents(), logger, pipelineRoot: '/tmp/none' } as unknown as Services
  runner = startScheduleRunner(() => services)
})
afterEach(async () => {
  await runner.stop()
  await metadata.close()
  await rm(folder, { recursive: true })
})

function documentOf(pipeline: string, inputs: readonly string[]) {
  const parameters = Object.fromEntries(inputs.map((name) => [name, { parameterType: 'STRING', isOptional: true }]))
  const root = { dag: { tasks: {} }, inputDefinitions: { parameters } }
  const spec = {
    pipelineInfo: { name: pipeline },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.0',
    root,
    components: {},
  }
  return { spec } as never
}
async function schedule(
  name: string,
  triggers: readonly ScheduleTrigger[],
  parameters: Record<string, string> = {},
  more: Partial<ScheduledRunSpec> = {},
): Promise<string> {
  const document = documentOf(`${name}-pipeline`, Object.keys(parameters))
  const spec = { triggers, ...more, runTemplate: { parameters } }
  return (await createSchedule(metadata, { name, spec, document })).id
}
const upstream = (spec: Partial<ScheduledRunSpec> = {}) =>
  schedule('up', [], {}, { schedule: { cron: '@daily' }, startTime: '2026-01-01T00:00:00Z', ...spec })

/** What the executor reports at the end of a run. */
async function end(run: RunRequest, state: RunReport['state'], tasks: RunReport['tasks'] = []): Promise<void> {
  now += 1000
  const outputs = { accuracy: 0.75 }
  await new RunRecorder(metadata).record({ runId: run.runId, pipeline: 'x', state, outputs, tasks })
}
const of = (name: string) => started.filter(({ displayName }) => displayName.startsWith(`${name}-`))
const parametersOf = (name: string) => of(name).map(({ parameters }) => parameters)

test('after a run: its outputs, id and dates are given on, each end once, failures on request', async () => {
  await upstream({ interval: 'DataInterval', catchup: 'Latest' })
  await schedule(
    'down',
    [{ afterRun: { pipeline: 'up-pipeline' } }],
    {
      accuracy: '[[trigger.outputs.accuracy]]',
      day: '[[trigger.ds]]',
      until: '[[trigger.data_interval_end]]',
      run: '[[trigger.run_id]]',
    },
    { catchup: 'All' },
  )
  await schedule('alarm', [{ afterRun: { schedule: 'up', states: ['Failed', 'Canceled'] } }], {
    s: '[[trigger.state]]',
  })
  await runner.settle()
  const first = of('up')[0]!
  await end(first, 'SUCCEEDED')
  await runner.settle()
  await runner.settle()
  const given = { accuracy: '0.75', day: '2026-01-03', until: '2026-01-04T00:00:00Z', run: first.runId }
  expect(parametersOf('down')).toEqual([given])
  expect(of('alarm')).toEqual([])
  now += 86_400_000
  await runner.settle()
  await end(of('up')[1]!, 'FAILED')
  await runner.settle()
  // The same run, retried, fails again: another end.
  await end(of('up')[1]!, 'RUNNING')
  await end(of('up')[1]!, 'FAILED')
  await runner.settle()
  expect(of('down')).toHaveLength(1)
  expect(parametersOf('alarm')).toEqual([{ s: 'Failed' }, { s: 'Failed' }])
})

test('what lies before the schedule is no event; a trigger that is added later listens from then on', async () => {
  await upstream({ catchup: 'All' })
  await runner.settle()
  for (const run of of('up').slice(0, 2)) await end(run, 'SUCCEEDED')
  now += 1000
  await schedule('down', [{ webhook: {} }])
  await runner.settle()
  await end(of('up')[2]!, 'SUCCEEDED')
  now += 1000
  await createSchedule(metadata, {
    name: 'down',
    spec: { triggers: [{ afterRun: { schedule: 'up' } }] },
    document: documentOf('down-pipeline', []),
    replace: true,
  })
  await runner.settle()
  expect(of('down')).toEqual([])
  await end(of('up')[3]!, 'SUCCEEDED')
  await runner.settle()
  expect(of('down')).toHaveLength(1)
})

test('an alias: each version that it comes to name, also back to an earlier one', async () => {
  const by = () => ({ namespace: '', actor: 'ada', now: now++, reason: undefined, groups: [] })
  await createRegisteredModel(metadata.db, by(), { name: 'm', tags: [] })
  const version = { name: 'm', source: 's3://b/m', storage_location: 's3://b/m', run_id: null, run_link: null }
  for (let count = 0; count < 2; count += 1)
    await createModelVersion(metadata.db, by(), { ...version, model_id: null, description: null, tags: [] })
  await setAlias(metadata.db, by(), 'm', 'champion', 1)
  now += 1000
  const parameters = {
    version: '[[trigger.model_version]]',
    before: '[[trigger.previous_version]]',
    uri: '[[trigger.uri]]',
  }
  await schedule('deploy', [{ alias: { model: 'm', alias: 'champion' } }], parameters, { catchup: 'All' })
  await runner.settle()
  expect(of('deploy')).toEqual([])
  now += 1000
  await setAlias(metadata.db, by(), 'm', 'champion', 2)
  await setAlias(metadata.db, by(), 'm', 'champion', 2)
  await setAlias(metadata.db, by(), 'm', 'other', 1)
  await runner.settle()
  await metadata.transaction((db) => rollbackAlias(db, by(), 'm', 'champion'))
  await runner.settle()
  expect(parametersOf('deploy')).toEqual([
    { version: '2', before: '1', uri: 'models:/m/2' },
    { version: '1', before: '2', uri: 'models:/m/1' },
  ])
})

test('a file: new content, not a touch; what was there at the beginning is no event', async () => {
  const uri = join(folder, 'data.csv')
  await schedule(
    'load',
    [{ artifact: { uri } }],
    { uri: '[[trigger.uri]]', digest: '[[trigger.digest]]' },
    { catchup: 'All' },
  )
  await runner.settle()
  expect(of('load')).toEqual([])
  for (const content of ['a', 'a', 'b', 'a']) {
    now += 1000
    await writeFile(uri, content)
    await runner.settle()
  }
  const digests = parametersOf('load').map(({ digest }) => String(digest).slice(0, 12))
  expect(digests).toEqual(['sha256:ca978', 'sha256:3e23e', 'sha256:ca978'])
  await rm(uri)
  await runner.settle()
  await writeFile(uri, 'a')
  now += 1000
  await runner.settle()
  expect(of('load')).toHaveLength(4)
})

test('an output of a pipeline: only when its content is new', async () => {
  await upstream({ catchup: 'All' })
  const parameters = { digest: '[[trigger.digest]]', run: '[[trigger.run_name]]', task: '[[trigger.task]]' }
  const artifact = { pipeline: 'up-pipeline', output: 'model', task: 'train' }
  await schedule('eval', [{ artifact }], parameters, { catchup: 'All' })
  await runner.settle()
  for (const [index, digest] of ['sha256:1', 'sha256:1', 'sha256:2'].entries()) {
    const model = { name: 'model', type: { schemaTitle: 'system.Model' }, uri: `/m/${index}`, metadata: {}, digest }
    const endTime = new Date(now).toISOString()
    const outputs = { parameters: {}, artifacts: { model: [model] } }
    const task = { path: 'root/train', name: 'train', state: 'SUCCEEDED', cached: false, attempts: 1, outputs } as const
    await end(of('up')[index]!, 'SUCCEEDED', [{ ...task, startTime: endTime, endTime }])
    await runner.settle()
  }
  expect(parametersOf('eval')).toEqual([
    { digest: 'sha256:1', run: of('up')[0]!.displayName, task: 'train' },
    { digest: 'sha256:2', run: of('up')[2]!.displayName, task: 'train' },
  ])
})

/** All 200 of the promise take a while: KFP_TS_KILLS=200. */
const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 40)

/** The database of a process that is killed before its n-th statement: what was written stays. */
function killedBefore(statement: number): Metadata {
  let left = statement
  const killer: KyselyPlugin = {
    transformQuery: ({ node }) => {
      if (left-- <= 0) throw new Error('killed')
      return node
    },
    transformResult: async ({ result }) => result,
  }
  return {
    ...metadata,
    db: metadata.db.withPlugin(killer),
    transaction: (work) => metadata.transaction((db) => work(db.withPlugin(killer) as typeof db)),
  }
}

test(`${KILLS} kills at any statement of a pass: no end of a run makes two runs, none is lost`, async () => {
  const hourly = {
    schedule: { every: '1h' },
    startTime: '2026-01-04T12:00:00Z',
    catchup: 'All',
    maxActiveRuns: 500,
  } as const
  await upstream(hourly)
  const down = { catchup: 'All', maxActiveRuns: 500 } as const
  const id = await schedule('down', [{ afterRun: { schedule: 'up' } }], { run: '[[trigger.run_id]]' }, down)
  await runner.stop()
  const pass = async (name: string, of: Metadata = metadata) =>
    await passOverSchedule({ ...services, metadata: of }, await findSchedule(metadata.db, '', name))
  let seed = 7
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2147483648
    // The low bits of such numbers repeat soon.
    return (seed >>> 8) % below
  }
  const ended = new Set<string>()
  for (let kills = 0; kills < KILLS; ) {
    now += 3_600_000
    await pass('up')
    for (const run of of('up').filter(({ runId }) => !ended.has(runId))) {
      ended.add(run.runId)
      await end(run, 'SUCCEEDED')
    }
    for (let survived = false; !survived && kills < KILLS; ) {
      // A failed pass tells so instead of rejecting when it could not start a run: that is a kill as well.
      survived = await pass('down', killedBefore(random(60))).then(
        ({ wakeAt }) => wakeAt === undefined,
        () => false,
      )
      if (!survived) kills += 1
    }
  }
  await pass('down')
  // What was recorded and not handed to the executor any more is handed over when the server starts again.
  const rows = await metadata.db
    .selectFrom('pipeline_runs')
    .select('runtime_config')
    .where('recurring_run_id', '=', id)
    .execute()
  const sources = rows.map((row) => (JSON.parse(row.runtime_config) as { parameters: { run: string } }).parameters.run)
  expect(sources.sort()).toEqual([...ended].sort())
}, 300_000)

test('a value that does not fit the pipeline costs its run only, and is told', async () => {
  await upstream({ catchup: 'All' })
  const document = {
    spec: {
      ...(documentOf('p', []) as { spec: object }).spec,
      root: { dag: { tasks: {} }, inputDefinitions: { parameters: { n: { parameterType: 'NUMBER_INTEGER' } } } },
    },
  } as never
  const spec = {
    triggers: [{ afterRun: { schedule: 'up' } }],
    runTemplate: { parameters: { n: '[[trigger.outputs.accuracy]]' } },
  }
  const { id } = await createSchedule(metadata, { name: 'strict', spec, document })
  await runner.settle()
  await end(of('up')[0]!, 'SUCCEEDED')
  await runner.settle()
  const events = await scheduleEvents(metadata.db, id, 10)
  expect(events.map(({ reason, message }) => `${reason} ${message}`)).toContainEqual(
    expect.stringMatching(/^NotStarted .*'n' must be NUMBER_INTEGER, got 0.75/),
  )
  expect(await metadata.db.selectFrom('schedule_signals').select('id').where('outcome', 'is', null).execute()).toEqual(
    [],
  )
})

test('loops are refused when they would be closed', async () => {
  await schedule('a', [{ afterRun: { schedule: 'c' } }])
  await schedule('b', [{ afterRun: { pipeline: 'a-pipeline' } }])
  await expect(schedule('c', [{ afterRun: { schedule: 'b' } }])).rejects.toThrow(
    /c runs after b runs after a runs after c/,
  )
  await expect(schedule('d', [{ artifact: { pipeline: 'd-pipeline', output: 'x' } }])).rejects.toThrow(
    /d runs after itself/,
  )
})
