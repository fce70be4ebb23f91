/** What is written of a run, and when, in virtual time. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import type { RunReport } from '../api/run-report.ts'
import { simulate, TEST_CONFIG } from '../engine/testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from '../engine/testing/small-pipeline.ts'
import { activeRun } from './active-run.ts'
import type { RunRecords } from './run-records.ts'
import type { RunSession } from './run-session.ts'

const document = pipelineOf({ root: { dag: { tasks: { a: taskOf('step') } } }, components: { step: leafOf() } })
const { program, state } = simulate(document)
const ENDED = {
  run: { name: 'train' },
  pipeline: { document, program, text: '', digest: '' },
  config: { ...TEST_CONFIG, createTime: 0 },
  state,
  attempts: new Map(),
  logsKept: async () => {},
} as unknown as RunSession

let story: string[]
let refusals: { record: number; status: number }

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  story = []
  refusals = { record: 0, status: 0 }
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

function answer(what: 'record' | 'status', value: string | undefined): void {
  if (refusals[what]-- > 0) throw new Error(`no ${what}`)
  story.push(`${what} ${value}`)
}

function make() {
  return activeRun({
    statuses: { write: async (_run, _before, { phase }: PipelineRunStatus) => answer('status', phase) },
    records: { record: async (seen: RunReport) => answer('record', seen.state) } as RunRecords,
    events: { record: (_run, _type, reason) => story.push(`event ${reason}`) },
    intervalMillis: 1000,
    recordMillis: 5000,
    now: Date.now,
    lastStatus: undefined,
    observed: () => ({ generation: 1, retryCount: 0 }),
    onFinished: () => story.push('finished'),
    onTrouble: (error) => story.push(String(error)),
  })
}
const WELL = ['record SUCCEEDED', 'status Succeeded', 'event Succeeded', 'finished']

test('the end is in the record before the resource says so', async () => {
  make().changed(ENDED)
  await pass(0)
  expect(story).toEqual(WELL)
})

test('a record that could not be written is written before the end is told', async () => {
  refusals.record = 3
  make().changed(ENDED)
  await pass(5)
  expect(story).toEqual(Array(3).fill('Error: no record'))
  await pass(5)
  expect(story.slice(3)).toEqual(WELL)
})

test('a database that is away for long does not keep the run from its end', async () => {
  refusals.record = 1_000
  make().changed(ENDED)
  await pass(59)
  expect(story).not.toContain('finished')
  await pass(5)
  expect(story.slice(-3)).toEqual(WELL.slice(1))
})

test('a status that was refused is not taken for written: tried again, ever less often, and told once', async () => {
  refusals.status = 8
  make().changed(ENDED)
  await pass(60)
  expect(story.filter((line) => line.startsWith('Error'))).toHaveLength(5)
  await pass(300)
  expect(story.filter((line) => !line.startsWith('Error'))).toEqual(WELL)
})
