import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { scheduledRunId } from '../../server/kfp/start-run.ts'
import { RunEvents } from '../../server/run-events.ts'
import type { RunRequest } from '../../server/run-executor.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { insertPipelineRun } from '../../store/metadata/pipeline-runs.ts'
import { RunRecorder } from '../../store/metadata/record-run.ts'
import { insertScheduleRun } from '../../store/metadata/schedules.ts'
import { pastTaskGate, type TaskGate } from './past-task-gate.ts'

const SCHEDULE = 'schedule-1'
const before = scheduledRunId(SCHEDULE, 'nightly-1')
let metadata: Metadata
let recorder: RunRecorder
const events = new RunEvents()

beforeEach(async () => {
  metadata = await openMetadata({ url: ':memory:', now: () => 1000 })
  await ensureDefaultExperiment(metadata.db, 1000)
  recorder = new RunRecorder(metadata, (id) => events.changed(id))
  const run = {
    runId: before,
    experimentId: 0,
    namespace: '',
    kind: 'pipeline',
    name: 'nightly-1',
    userId: 'u',
    state: 'PENDING',
    startTime: 1,
    artifactUri: 'x',
    tags: [],
    now: 1,
  } as const
  const pipeline = {
    pipeline_name: 'p',
    pipeline_id: null,
    pipeline_version_id: null,
    pipeline_spec: '{}',
    runtime_config: '{}',
    service_account: null,
    recurring_run_id: SCHEDULE,
    scheduled_at: 1,
    plugins_input: null,
  }
  await metadata.transaction((db) => insertPipelineRun(db, run, pipeline, {}))
  const row = {
    recurring_run_id: SCHEDULE,
    kind: 'scheduled',
    logical_date: 2,
    backfill: null,
    request_id: null,
    held: 0,
    created_at: 1,
  } as const
  await insertScheduleRun(metadata.db, {
    ...row,
    name: 'nightly-2',
    run_id: 'r2',
    run_index: 2,
    plan: '{"previousRun":"nightly-1"}',
  })
  await insertScheduleRun(metadata.db, { ...row, name: 'nightly-1', run_id: before, run_index: 1, plan: '{}' })
})
afterEach(() => metadata.close())

const gateOf = (displayName: string) =>
  pastTaskGate(metadata, events, { recurringRunId: SCHEDULE, displayName } as RunRequest)

async function report(state: string, tasks: Record<string, string>): Promise<void> {
  const list = Object.entries(tasks).map(([path, word]) => ({
    path,
    name: path,
    state: word,
    cached: false,
    attempts: 1,
    outputs: { parameters: {}, artifacts: {} },
  }))
  await recorder.record({ runId: before, pipeline: 'p', state, outputs: {}, tasks: list } as never)
}

/** Whether the gate is open by now; closes the question. */
async function isOpen(gate: TaskGate, path: string): Promise<boolean> {
  const stop = new AbortController()
  let open = false
  const asked = gate(path, stop.signal).then(() => {
    open = !stop.signal.aborted
  })
  for (let rounds = 0; rounds < 20; rounds += 1) await turn()
  stop.abort()
  await asked
  return open
}

test('the first run of a schedule has no gate', async () => {
  expect(await gateOf('nightly-1')).toBeUndefined()
  expect(await gateOf('unknown')).toBeUndefined()
})

test('a task waits until its own has gone well, and is blocked by a failed one until that is retried', async () => {
  const gate = (await gateOf('nightly-2'))!
  expect(await isOpen(gate, 'root/train')).toBe(false)
  await report('RUNNING', { 'root/load': 'SUCCEEDED', 'root/train': 'RUNNING' })
  expect([await isOpen(gate, 'root/load'), await isOpen(gate, 'root/train')]).toEqual([true, false])
  await report('FAILED', { 'root/load': 'SUCCEEDED', 'root/train': 'FAILED' })
  expect([await isOpen(gate, 'root/train'), await isOpen(gate, 'root/after')]).toEqual([false, false])
  await report('SUCCEEDED', { 'root/load': 'SUCCEEDED', 'root/train': 'CACHED' })
  expect([await isOpen(gate, 'root/train'), await isOpen(gate, 'root/new')]).toEqual([true, true])
})

test('hears of the change itself', async () => {
  const gate = (await gateOf('nightly-2'))!
  const waiting = gate('root/train', new AbortController().signal)
  await report('RUNNING', { 'root/train': 'SUCCEEDED' })
  await waiting
})
