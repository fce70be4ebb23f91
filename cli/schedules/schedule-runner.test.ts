import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import type { Services } from '../../server/context.ts'
import { RunEvents } from '../../server/run-events.ts'
import { noExecutor, type RunRequest } from '../../server/run-executor.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { setRunState } from '../../store/metadata/pipeline-runs.ts'
import { findSchedule, insertBackfill, scheduleEvents } from '../../store/metadata/schedules.ts'
import type { RunState } from '../../store/metadata/tables.ts'
import { createSchedule } from './create-schedule.ts'
import { passOverSchedule } from './schedule-pass.ts'
import { type ScheduleRunner, startScheduleRunner } from './schedule-runner.ts'

const at = (text: string) => Date.parse(text)
const parameter = { parameterType: 'STRING', isOptional: true } as const
const document = {
  spec: {
    pipelineInfo: { name: 'daily-report' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.0',
    root: { dag: { tasks: {} }, inputDefinitions: { parameters: { day: parameter, until: parameter } } },
    components: {},
  },
} as never

let now = 0
let metadata: Metadata
let runner: ScheduleRunner
let started: RunRequest[]
let services: Services

beforeEach(async () => {
  now = at('2026-01-04T12:00:00Z')
  started = []
  metadata = await openMetadata({ url: ':memory:', now: () => now })
  await ensureDefaultExperiment(metadata.db, now)
  const executor = { ...noExecutor, start: async (run: RunRequest) => void started.push(run) }
  const logger = pino({ level: 'silent' })
  services = { metadata, executor, events: new RunEvents(), logger, pipelineRoot: '/tmp/none' } as unknown as Services
  runner = startScheduleRunner(() => services)
})

afterEach(async () => {
  await runner.stop()
  await metadata.close()
})

async function schedule(spec: Omit<ScheduledRunSpec, 'runTemplate'>): Promise<string> {
  const parameters = { day: '[[ds]]', until: '[[data_interval_end]]' }
  const { id } = await createSchedule(metadata, {
    name: 'nightly',
    spec: { ...spec, runTemplate: { parameters } },
    document,
  })
  return id
}

async function end(run: RunRequest, state: RunState = 'SUCCEEDED'): Promise<void> {
  await setRunState(metadata.db, run.runId, state, now)
  services.events.changed(run.runId)
}

const DAILY = { schedule: { cron: '@daily' }, startTime: '2026-01-01T00:00:00Z' } as const

test('makes the runs of a schedule with their dates filled in, each once', async () => {
  const id = await schedule({ ...DAILY, catchup: 'All', interval: 'DataInterval' })
  await runner.settle()
  await runner.settle()
  expect(started.map((run) => run.parameters)).toEqual([
    { day: '2026-01-01', until: '2026-01-02T00:00:00Z' },
    { day: '2026-01-02', until: '2026-01-03T00:00:00Z' },
    { day: '2026-01-03', until: '2026-01-04T00:00:00Z' },
  ])
  expect(started[0]).toMatchObject({ recurringRunId: id, scheduledAt: at('2026-01-02T00:00:00Z') })
  const row = await findSchedule(metadata.db, '', 'nightly')
  expect([row.cursor_at, row.next_index, row.next_at]).toEqual([
    at('2026-01-03T00:00:00Z'),
    4,
    at('2026-01-05T00:00:00Z'),
  ])
})

test('a schedule that takes the place of a paused one is paused, unless its spec says otherwise', async () => {
  const replace = (suspend?: boolean) =>
    createSchedule(metadata, {
      name: 'nightly',
      spec: { ...DAILY, ...(suspend !== undefined && { suspend }) },
      document,
      replace: true,
    })
  const enabled = async () => (await findSchedule(metadata.db, '', 'nightly')).enabled
  const id = await schedule(DAILY)
  await metadata.db.updateTable('recurring_runs').set({ enabled: 0 }).where('recurring_run_id', '=', id).execute()
  await replace()
  expect(await enabled()).toBe(0)
  await replace(false)
  expect(await enabled()).toBe(1)
  await replace()
  expect(await enabled()).toBe(1)
  await replace(true)
  expect(await enabled()).toBe(0)
})

test('a slot that is taken delays the run, its end makes it', async () => {
  await schedule({ ...DAILY, maxActiveRuns: 1 })
  await runner.settle()
  now = at('2026-01-06T00:00:00Z')
  await runner.settle()
  expect(started.length).toBe(1)
  const { standing } = await findSchedule(metadata.db, '', 'nightly')
  expect(JSON.parse(standing)).toContainEqual({
    reason: 'WaitingForSlot',
    message: '2026-01-05T00:00:00Z waits: 1 of 1 allowed runs have not ended',
  })
  await end(started[0]!)
  await runner.settle()
  expect(started.map((run) => run.parameters['day'])).toEqual(['2026-01-04', '2026-01-06'])
  const events = await scheduleEvents(
    metadata.db,
    (await findSchedule(metadata.db, '', 'nightly')).recurring_run_id,
    10,
  )
  expect(events.map((event) => event.reason)).toContain('TicksSkipped')
})

test('a carrier that died before it saved makes no run twice', async () => {
  const id = await schedule({ ...DAILY, catchup: 'All' })
  await runner.settle()
  await metadata.db.updateTable('schedules').set({ state: '{"index":0}' }).where('recurring_run_id', '=', id).execute()
  await runner.settle()
  expect(new Set(started.map((run) => run.runId)).size).toBe(4)
  expect(await metadata.db.selectFrom('pipeline_runs').selectAll().execute()).toHaveLength(4)
  // A plan without its run is made again.
  await metadata.db.deleteFrom('runs').where('run_id', '=', started[3]!.runId).execute()
  await metadata.db.updateTable('schedules').set({ state: '{"index":0}' }).where('recurring_run_id', '=', id).execute()
  started.length = 0
  await runner.settle()
  expect(started.map((run) => run.parameters['day'])).toEqual(['2026-01-04'])
})

test('a request by hand is checked against the pipeline, with its macros filled in', async () => {
  const inputs = { day: parameter, n: { parameterType: 'NUMBER_INTEGER' } }
  const { spec } = document as { spec: { root: object } }
  const typed = { spec: { ...spec, root: { ...spec.root, inputDefinitions: { parameters: inputs } } } } as never
  const runTemplate = { parameters: { day: '[[ds]]', n: '[[index]]' } }
  await createSchedule(metadata, { name: 'nightly', spec: { ...DAILY, runTemplate }, document: typed })
  const row = await findSchedule(metadata.db, '', 'nightly')
  const ask = (parameters: Record<string, string>) => runner.checkRequest!(row, { logicalDate: null, parameters })
  await ask({})
  await ask({ n: '7' })
  await expect(ask({ n: 'many' })).rejects.toThrow("'n' must be NUMBER_INTEGER")
  await expect(ask({ m: '7' })).rejects.toThrow("'m' is no parameter of the pipeline: it has day, n")
})

test('runs by hand, disabled through the KFP columns, and a backfill', async () => {
  const id = await schedule({ ...DAILY, suspend: true })
  await metadata.db
    .insertInto('schedule_requests')
    .values({
      recurring_run_id: id,
      request_id: 'a',
      requested_at: now,
      logical_date: null,
      parameters: '{"day":"by hand"}',
      accepted: null,
      message: null,
    })
    .execute()
  await runner.settle()
  expect(started).toEqual([])
  await metadata.db.updateTable('recurring_runs').set({ enabled: 1 }).where('recurring_run_id', '=', id).execute()
  await runner.settle()
  expect(started.map((run) => run.parameters['day']).sort()).toEqual(['2026-01-04', 'by hand'])
  const spec = {
    scheduleRef: { name: 'nightly' },
    from: '2025-12-30T00:00:00Z',
    to: '2026-01-04T00:00:00Z',
    maxActiveRuns: 2,
  }
  const backfill = {
    recurring_run_id: id,
    name: 'b',
    created_at: now,
    spec: JSON.stringify(spec),
    state: '{"outcomes":[]}',
    phase: 'Running' as const,
  }
  await insertBackfill(metadata.db, backfill)
  await expect(insertBackfill(metadata.db, { ...backfill, name: 'c' })).rejects.toThrow(/still active/)
  for (let round = 0; round < 6; round += 1) {
    await runner.settle()
    for (const run of started) await end(run)
  }
  const { phase, state } = await metadata.db.selectFrom('backfills').selectAll().executeTakeFirstOrThrow()
  expect(phase).toBe('Succeeded')
  expect((JSON.parse(state) as { outcomes: { outcome: string }[] }).outcomes.map((tick) => tick.outcome)).toEqual([
    ...Array(5).fill('Created'),
    'AlreadyExists',
  ])
})

test('a start in the far past with catchup All: a warning, and ten runs a pass', async () => {
  const spec = { schedule: { cron: '@hourly' }, startTime: '1990-01-01T00:00:00Z', catchup: 'All' } as const
  const { warnings } = await createSchedule(metadata, { name: 'past', spec, document })
  expect(warnings).toMatchObject([{ severity: 'warning', message: expect.stringMatching(/1000 or more instants/) }])
  await runner.settle()
  expect(started).toHaveLength(10)
  const { standing } = await findSchedule(metadata.db, '', 'past')
  expect(standing).toMatch(/LargeBacklog/)
})

describe('runs that lack an input', () => {
  const strict = {
    spec: {
      ...(document as { spec: object }).spec,
      root: { dag: { tasks: {} }, inputDefinitions: { parameters: { n: { parameterType: 'NUMBER_INTEGER' } } } },
    },
  } as never
  const message = "The parameters do not fit the pipeline: 'n' is missing: it has no default"

  /** Stored before its pipeline required the input. The runner is stopped: it must see it neither half made nor beside a test's own pass. */
  async function lacking(spec: Omit<ScheduledRunSpec, 'runTemplate'>): Promise<string> {
    await runner.stop()
    const { id } = await createSchedule(metadata, { name: 'nightly', spec: { ...spec, runTemplate: {} }, document })
    const pipeline_spec = JSON.stringify((strict as { spec: object }).spec)
    await metadata.db.updateTable('recurring_runs').set({ pipeline_spec }).where('recurring_run_id', '=', id).execute()
    return id
  }
  const resume = () => {
    runner = startScheduleRunner(() => services)
  }
  const stored = () =>
    metadata.db
      .selectFrom('runs')
      .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
      .select(['runs.name', 'runs.state', 'runs.end_time', 'pipeline_runs.error'])
      .orderBy('runs.name')
      .execute()

  test('made by the clock: each fails once with the reason, and the next date is not held up', async () => {
    const id = await lacking({ ...DAILY, catchup: 'All', maxActiveRuns: 1 })
    const first = await passOverSchedule(services, await findSchedule(metadata.db, '', 'nightly'))
    expect(first).toEqual({ wakeAt: now + 1000, unfinished: [] })
    resume()
    for (let pass = 0; pass < 8; pass += 1) {
      await runner.settle()
      now += 1000
    }
    const error = JSON.stringify({ code: 'not-started', message })
    const runs = await stored()
    expect(runs).toHaveLength(4)
    for (const run of runs) expect(run).toMatchObject({ state: 'FAILED', end_time: expect.any(Number), error })
    expect(started).toEqual([])
    const told = (await scheduleEvents(metadata.db, id, 50)).filter(({ reason }) => reason === 'NotStarted')
    expect(told.map((event) => event.message)).toEqual(
      runs.map(({ name }) => `run ${name} could not be started: ${message}`),
    )
    expect((await findSchedule(metadata.db, '', 'nightly')).next_at).toBe(at('2026-01-05T00:00:00Z'))
  })

  test('count as failures in a row', async () => {
    await lacking({ ...DAILY, catchup: 'All', maxActiveRuns: 1, maxConsecutiveFailures: 2 })
    resume()
    for (let pass = 0; pass < 8; pass += 1) {
      await runner.settle()
      now += 1000
    }
    expect(await stored()).toHaveLength(2)
    expect((await findSchedule(metadata.db, '', 'nightly')).standing).toMatch(/SuspendedByFailures/)
  })

  test('that waited for a slot, and those of a backfill', async () => {
    const id = await lacking({ ...DAILY, startTime: '2026-02-01T00:00:00Z', suspend: true })
    resume()
    const request = { recurring_run_id: id, requested_at: now, parameters: '{}', accepted: null, message: null }
    await metadata.db
      .insertInto('schedule_requests')
      .values({ ...request, request_id: 'a', logical_date: null })
      .execute()
    await runner.settle()
    expect(await stored()).toEqual([])
    await metadata.db.updateTable('recurring_runs').set({ enabled: 1 }).where('recurring_run_id', '=', id).execute()
    const range = { from: '2025-12-30T00:00:00Z', to: '2025-12-31T00:00:00Z' }
    await insertBackfill(metadata.db, {
      recurring_run_id: id,
      name: 'b',
      created_at: now,
      spec: JSON.stringify({ scheduleRef: { name: 'nightly' }, ...range, maxActiveRuns: 1 }),
      state: '{"outcomes":[]}',
      phase: 'Running',
    })
    for (let pass = 0; pass < 5; pass += 1) {
      await runner.settle()
      now += 1000
    }
    expect((await stored()).map(({ state }) => state)).toEqual(['FAILED', 'FAILED', 'FAILED'])
    expect(await metadata.db.selectFrom('backfills').select('phase').execute()).toEqual([{ phase: 'Failed' }])
    expect(await metadata.db.selectFrom('schedule_runs').select('name').where('held', '=', 1).execute()).toEqual([])
    const told = (await scheduleEvents(metadata.db, id, 50)).filter(({ reason }) => reason === 'NotStarted')
    expect(told).toHaveLength(3)
  })
})

test('two schedules of one name, and a wrong spec', async () => {
  await schedule(DAILY)
  await expect(schedule(DAILY)).rejects.toThrow(/There is a schedule nightly already/)
  await expect(
    createSchedule(metadata, { name: 'x', spec: { schedule: { cron: '61 * * * *' } }, document }),
  ).rejects.toThrow(/minute "61"/)
})

describe('more runs by hand than an observation holds', () => {
  async function runByHand(id: string, count: number): Promise<void> {
    for (let index = 0; index < count; index++) {
      now += 1000
      const request = { recurring_run_id: id, request_id: `q${index}`, requested_at: now, logical_date: null }
      await metadata.db
        .insertInto('schedule_requests')
        .values({ ...request, parameters: '{}', accepted: null, message: null })
        .execute()
    }
    await runner.settle()
    for (const run of started.slice(-count)) await end(run)
  }

  test('dependsOnPast still waits for the run before', async () => {
    now = at('2026-01-01T00:00:01Z')
    const id = await schedule({ ...DAILY, catchup: 'All', dependsOnPast: 'Run', maxActiveRuns: 200 })
    await runner.settle()
    await end(started[0]!, 'FAILED')
    now = at('2026-01-02T00:00:01Z')
    await runByHand(id, 101)
    await runner.settle()
    expect(started.length).toBe(102)
    const { standing } = await findSchedule(metadata.db, '', 'nightly')
    expect(JSON.parse(standing)).toContainEqual(expect.objectContaining({ reason: 'BlockedByPast' }))
  })

  test('failures in a row are still counted', async () => {
    now = at('2026-01-02T00:00:01Z')
    const id = await schedule({ ...DAILY, catchup: 'All', maxConsecutiveFailures: 2, maxActiveRuns: 200 })
    await runner.settle()
    const own = started.slice()
    await runByHand(id, 101)
    for (const run of own) await end(run, 'FAILED')
    await runner.settle()
    const { standing } = await findSchedule(metadata.db, '', 'nightly')
    expect(JSON.parse(standing)).toContainEqual(expect.objectContaining({ reason: 'SuspendedByFailures' }))
  })
})
