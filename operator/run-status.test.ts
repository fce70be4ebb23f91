import { describe, expect, test } from 'vitest'
import type { RunReport, TaskReport } from '../api/run-report.ts'
import { runStatus, type StatusInput, statusPatch } from './run-status.ts'

const task = (path: string, state: TaskReport['state'], message?: string): TaskReport =>
  ({
    path,
    name: path,
    state,
    cached: false,
    attempts: 1,
    outputs: { parameters: {}, artifacts: {} },
    ...(message === undefined ? {} : { error: { code: 'application', message, task: path } }),
  }) as TaskReport
const input = (tasks: readonly TaskReport[], change: Partial<StatusInput> = {}): StatusInput => ({
  report: { runId: 'u', pipeline: 'p', state: 'RUNNING', outputs: {}, tasks } as unknown as RunReport,
  attempts: [],
  pipelineName: 'p',
  pipelineDigest: 'sha256:x',
  suspended: false,
  cancelRequested: false,
  podsCreated: 0,
  observedGeneration: 1,
  retryCount: 0,
  startedAt: 0,
  now: 100_000,
  ...change,
})

test('ten thousand tasks that all failed with long words fit in a small status', () => {
  const tasks = Array.from({ length: 10_000 }, (_, index) => task(`root/loop[${index}]/x`, 'FAILED', 'w'.repeat(5_000)))
  const status = runStatus(input(tasks, { report: { ...input(tasks).report, outputs: { big: 'x'.repeat(100_000) } } }))
  expect(status.counts).toMatchObject({ total: 10_000, failed: 10_000 })
  expect(status.attention).toHaveLength(10)
  expect(JSON.stringify(status).length).toBeLessThan(64 * 1024)
  expect(status.message).toMatch(/outputs are too large/)
})

describe('says why tasks wait', () => {
  test('the limit of the run itself', () => {
    const { message } = runStatus(input([task('root/a', 'RUNNING')], { queuedTasks: 7, parallelism: 1 }))
    expect(message).toBe("1 tasks run; 7 wait: the run's limit of 1 pods at once is reached")
  })

  test('a place among the pods, once it takes long', () => {
    const waiting = (since: number) => ({
      task: 'root/a',
      attempt: 1,
      podName: 'p',
      waiting: { message: 'the limit', since },
    })
    const status = (since: number) => runStatus(input([], { attempts: [waiting(since)] as never }))
    expect(status(99_000).attention).toEqual([])
    expect(status(90_000).attention).toEqual([
      { path: 'root/a', state: 'WAITING', attempt: 1, pod: 'p', message: 'the limit' },
    ])
    expect(status(90_000).message).toBe('0 tasks run; root/a waits: the limit')
  })
})

test('the time that a pipeline asks for is told at the end, not before', () => {
  expect(runStatus(input([], { pipelineTtlSeconds: 60 })).expirationTime).toBeUndefined()
  const ended = runStatus(input([], { pipelineTtlSeconds: 60, finishedAt: 0 }))
  expect(ended.expirationTime).toBe('1970-01-01T00:01:00Z')
})

test('nothing is written when nothing changed, and what is gone is taken out', () => {
  const before = runStatus(input([task('root/a', 'RUNNING')]))
  expect(
    statusPatch(before, runStatus(input([task('root/a', 'RUNNING')], { previous: before, now: 200_000 }))),
  ).toBeUndefined()
  expect(statusPatch({ phase: 'Running', outputs: { a: 1, b: 2 } }, { phase: 'Running', outputs: { a: 1 } })).toEqual({
    outputs: { a: 1, b: null },
  })
  expect(statusPatch({ phase: 'Running', message: 'x' }, { phase: 'Running' })).toEqual({ message: null })
})
