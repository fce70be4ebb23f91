import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { callAt } from './far-timer.ts'

const DAY = 86_400_000
let calls: number[]

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  calls = []
})
afterEach(() => {
  vi.useRealTimers()
})
const callIn = (millis: number) => callAt(1_000_000 + millis, Date.now, () => calls.push(Date.now() - 1_000_000))

test.each([
  ['a second', 1000],
  ['a month', 30 * DAY],
  ['a year', 365 * DAY],
])('%s ahead: called once, then', async (_name, millis) => {
  callIn(millis)
  await vi.advanceTimersByTimeAsync(millis - 1)
  expect(calls).toEqual([])
  await vi.advanceTimersByTimeAsync(60 * DAY)
  expect(calls).toEqual([millis])
})

test('a time that is past is now, and one that was taken back never comes', async () => {
  callIn(-5)
  const takeBack = callIn(40 * DAY)
  await vi.advanceTimersByTimeAsync(30 * DAY)
  takeBack()
  await vi.advanceTimersByTimeAsync(30 * DAY)
  expect(calls).toEqual([0])
})
