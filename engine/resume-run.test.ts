/** A run of an executor that stands still while it is away: deadlines of steps and of the run, and limits that are changed. */
import { expect, test } from 'vitest'
import type { PipelineTaskSpec } from '../api/pipeline-spec.ts'
import { advance, begin, prepare, report } from './index.ts'
import { TEST_CONFIG } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { Instant, RunConfig, RunEvent } from './types.ts'

const MINUTE = 60_000

/** Sends events of one step, `t`, and says at each what the engine wants done. */
function runOf(config: Partial<RunConfig>, more: Partial<PipelineTaskSpec> = {}) {
  const tasks = { t: taskOf('c', {}, more) }
  const program = prepare(pipelineOf({ root: { dag: { tasks } }, components: { c: leafOf() } }))
  let state = begin(program, { ...TEST_CONFIG, ...config })
  return {
    send(at: Instant, event: RunEvent): string[] {
      const step = advance(program, state, event, at)
      state = step.state
      return step.actions.map((action) => (action.kind === 'wake-at' ? `wake ${action.at / MINUTE}` : action.kind))
    },
    report: () => report(program, state),
    started: (more: { survived?: true } = {}) =>
      ({ kind: 'attempt-started', task: 'root/t', attempt: 1, ...more }) as const,
  }
}

test('a step that is started again has all its time; what an old journal tells changes nothing', () => {
  const run = runOf({ taskTimeoutMillis: 10 * MINUTE })
  run.send(0, { kind: 'started' })
  expect(run.send(0, run.started())).toEqual(['wake 10'])
  expect(run.send(MINUTE, run.started())).toEqual([])
  expect(run.send(60 * MINUTE, { kind: 'resumed', since: 2 * MINUTE })).toEqual([])
  expect(run.send(61 * MINUTE, run.started())).toEqual(['wake 71'])
  expect(run.send(71 * MINUTE, { kind: 'clock' })).toEqual(['cancel-attempt'])
})

test('the time of a step whose process went on went on too', () => {
  const run = runOf({ taskTimeoutMillis: 10 * MINUTE })
  run.send(0, { kind: 'started' })
  run.send(0, run.started())
  run.send(5 * MINUTE, { kind: 'resumed', since: 0 })
  expect(run.send(5 * MINUTE, run.started({ survived: true }))).toEqual(['wake 10'])
  run.send(60 * MINUTE, { kind: 'resumed', since: 6 * MINUTE })
  expect(run.send(60 * MINUTE, run.started({ survived: true }))).toEqual(['wake 10'])
  expect(run.send(60 * MINUTE, { kind: 'clock' })).toEqual(['cancel-attempt'])
})

test('the deadline of a run is later by the time that it stood still', () => {
  const run = runOf({ timeoutMillis: 10 * MINUTE })
  expect(run.send(0, { kind: 'started' })).toEqual(['start-attempt', 'wake 10'])
  expect(run.send(60 * MINUTE, { kind: 'resumed', since: 2 * MINUTE })).toEqual(['wake 68'])
  expect(run.send(68 * MINUTE, { kind: 'clock' })).toEqual(['cancel-attempt'])
})

test('a back-off is over whether somebody was there or not', () => {
  const run = runOf({ retries: { oom: { maxRetries: 1, backoffMillis: MINUTE } } })
  run.send(0, { kind: 'started' })
  const failure = { cause: 'oom', message: 'too much' } as const
  const finished = {
    kind: 'attempt-finished',
    task: 'root/t',
    attempt: 1,
    result: { outcome: 'failed', failure },
  } as const
  expect(run.send(0, finished)).toEqual(['wake 1'])
  expect(run.send(60 * MINUTE, { kind: 'resumed', since: 0 })).toEqual(['start-attempt'])
})

test('limits that are changed count from the start, for the run and for a step that runs', () => {
  const run = runOf({ timeoutMillis: 30 * MINUTE, taskTimeoutMillis: 10 * MINUTE })
  run.send(0, { kind: 'started' })
  run.send(MINUTE, run.started())
  const settings = { timeoutMillis: 15 * MINUTE, taskTimeoutMillis: 20 * MINUTE }
  expect(run.send(2 * MINUTE, { kind: 'settings-changed', settings })).toEqual(['wake 15'])
  run.send(15 * MINUTE, { kind: 'clock' })
  expect(run.report().error?.message).toBe('the run took longer than 900 s')
})

test('a limit that there was not counts from now; what is not named stays', () => {
  const run = runOf({ taskTimeoutMillis: 10 * MINUTE })
  run.send(0, { kind: 'started' })
  expect(run.send(2 * MINUTE, { kind: 'settings-changed', settings: { timeoutMillis: MINUTE } })).toEqual(['wake 3'])
  expect(run.send(2 * MINUTE, run.started())).toEqual([])
  expect(run.send(3 * MINUTE, { kind: 'clock' })).toContain('cancel-attempt')
})

test('limits are changed in a failed run before it is tried again', () => {
  const run = runOf({ taskTimeoutMillis: MINUTE })
  const end = { kind: 'attempt-finished', task: 'root/t', attempt: 1, result: { outcome: 'canceled' } } as const
  run.send(0, { kind: 'started' })
  run.send(0, run.started())
  run.send(MINUTE, { kind: 'clock' })
  run.send(MINUTE, end)
  expect(run.report().state).toBe('FAILED')
  expect(run.send(2 * MINUTE, { kind: 'settings-changed', settings: { taskTimeoutMillis: 60 * MINUTE } })).toEqual([])
  expect(run.send(2 * MINUTE, { kind: 'retry-requested' })).toEqual(['start-attempt'])
  expect(run.send(2 * MINUTE, { ...run.started(), attempt: 2 })).toEqual(['wake 62'])
})
