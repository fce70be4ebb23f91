import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Attempt, keepWaiting } from './attempts.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a wait is told when it lasts, and then with each new reason, which the one who tells it sees', async () => {
  const told: (string | undefined)[] = []
  const attempt = { task: 'root/x', stage: 'created' } as Attempt
  const context = { ports: { now: Date.now }, refresh: () => told.push(attempt.waiting?.message) } as never
  keepWaiting(context, attempt, () => 'its node prepares it')
  await vi.advanceTimersByTimeAsync(3_000)
  keepWaiting(context, attempt, () => 'its node prepares it still')
  expect(told).toEqual([])
  await vi.advanceTimersByTimeAsync(3_000)
  expect(told).toEqual(['its node prepares it still'])
  for (const _time of [1, 2]) keepWaiting(context, attempt, () => 'its image is not there')
  expect(told.slice(1)).toEqual(['its image is not there'])
  expect(attempt.waiting?.since).toBe(1_000_000)
})

test('a wait that is over is not told', async () => {
  const refresh = vi.fn()
  const attempt = { task: 'root/x', stage: 'created' } as Attempt
  keepWaiting({ ports: { now: Date.now }, refresh } as never, attempt, () => 'why')
  delete attempt.waiting
  await vi.advanceTimersByTimeAsync(60_000)
  expect(refresh).not.toHaveBeenCalled()
})
