import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
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

test('two schedules of one name, and a wrong spec', async () => {
  await schedule(DAILY)
  await expect(schedule(DAILY)).rejects.toThrow(/There is a schedule nightly already/)
  await expect(
    createSchedule(metadata, { name: 'x', spec: { schedule: { cron: '61 * * * *' } }, document }),
  ).rejects.toThrow(/minute "61"/)
})
