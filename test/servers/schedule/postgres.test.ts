/** The schedule runner on Postgres: the same queries, the same runs. */
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSchedule } from '../../../cli/schedules/create-schedule.ts'
import { startScheduleRunner } from '../../../cli/schedules/schedule-runner.ts'
import type { Services } from '../../../server/context.ts'
import { RunEvents } from '../../../server/run-events.ts'
import { noExecutor, type RunRequest } from '../../../server/run-executor.ts'
import { type Metadata, openMetadata } from '../../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../../store/metadata/experiments.ts'
import { setRunState } from '../../../store/metadata/pipeline-runs.ts'
import { findSchedule, insertBackfill, scheduleEvents } from '../../../store/metadata/schedules.ts'
import { startPostgres, type TestPostgres } from '../postgres.ts'

let postgres: TestPostgres
let metadata: Metadata
let now = Date.parse('2026-01-04T12:00:00Z')

beforeAll(async () => {
  postgres = await startPostgres()
  metadata = await openMetadata({ url: postgres.url, now: () => now })
  await ensureDefaultExperiment(metadata.db, now)
})
afterAll(async () => {
  await metadata?.close()
  await postgres?.stop()
})

const document = {
  spec: {
    pipelineInfo: { name: 'report' },
    schemaVersion: '2.1.0',
    sdkVersion: 'kfp-2.17.0',
    root: { dag: { tasks: {} }, inputDefinitions: { parameters: { day: { parameterType: 'STRING' } } } },
    components: {},
  },
} as never

test('catches up, waits, backfills, answers', async () => {
  const started: RunRequest[] = []
  const executor = { ...noExecutor, start: async (run: RunRequest) => void started.push(run) }
  const events = new RunEvents()
  const services = {
    metadata,
    executor,
    events,
    logger: pino({ level: 'silent' }),
    pipelineRoot: '/none',
  } as unknown as Services
  const runner = startScheduleRunner(() => services)
  const spec = {
    schedule: { cron: '@daily' },
    startTime: '2026-01-01T00:00:00Z',
    maxActiveRuns: 1,
    runTemplate: { parameters: { day: '[[ds]]' } },
  }
  const { id } = await createSchedule(metadata, { name: 'nightly', spec, document })
  await expect(createSchedule(metadata, { name: 'nightly', spec, document })).rejects.toThrow(/already/)
  await runner.settle()
  now += 86_400_000
  await runner.settle()
  expect(started.map((run) => run.parameters['day'])).toEqual(['2026-01-04'])
  await setRunState(metadata.db, started[0]!.runId, 'SUCCEEDED', now)
  const request = {
    recurring_run_id: id,
    request_id: 'a',
    requested_at: now,
    logical_date: null,
    parameters: '{"day":"x"}',
    accepted: null,
    message: null,
  }
  await metadata.db.insertInto('schedule_requests').values(request).execute()
  const range = { scheduleRef: { name: 'nightly' }, from: '2025-12-30T00:00:00Z', to: '2025-12-31T00:00:00Z' }
  await metadata.transaction((db) =>
    insertBackfill(db, {
      recurring_run_id: id,
      name: 'b',
      created_at: now,
      spec: JSON.stringify(range),
      state: '{"outcomes":[]}',
      phase: 'Running',
    }),
  )
  await runner.settle()
  await runner.settle()
  const days = started.map((run) => run.parameters['day'])
  expect(days).toEqual(expect.arrayContaining(['2025-12-30', '2025-12-31', 'x']))
  expect(new Set(started.map((run) => run.runId)).size).toBe(started.length)
  expect((await findSchedule(metadata.db, '', 'nightly')).next_index).toBeGreaterThan(1)
  expect((await scheduleEvents(metadata.db, id, 10)).map(({ reason }) => reason)).toContain('TicksSkipped')
  await runner.stop()
})
