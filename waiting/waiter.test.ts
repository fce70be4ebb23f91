/** From sights to events, and the rhythm of looks: in the time of the test. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Sight } from '../api/wait.ts'
import type { RunEvent, Wait } from '../engine/types.ts'
import { polling } from './poll.ts'
import type { See, WaitSources } from './sources.ts'
import { createWaiter, type Waiter } from './waiter.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

const alias = { kind: 'alias', model: 'm', alias: 'a', everyMillis: 1000 } as const
const wait: Wait = { request: alias, outputs: { parameters: ['version'] } }
const version = (number?: number): Sight => ({ kind: 'alias', ...(number === undefined ? {} : { version: number }) })

let see: See
let stops: number
let events: RunEvent[]
let waiter: Waiter
const start = (more: Partial<Wait['request']> = {}) =>
  waiter.start({
    kind: 'wait-for',
    task: 'root/w',
    attempt: 1,
    wait: { ...wait, request: { ...alias, ...more } as never },
  })

beforeEach(() => {
  stops = 0
  events = []
  const sources = {
    alias: (_request: unknown, _scope: unknown, given: See) => {
      see = given
      return () => stops++
    },
  } as unknown as WaitSources
  waiter = createWaiter({ sources, scope: { namespace: 'n' }, emit: (event) => events.push(event) })
})

test('what is new is told, at most every ten seconds, and the end at once', () => {
  start({ atLeast: 3 } as never)
  see(version(), 1)
  see(version(1), 1)
  see(version(2), 1)
  expect(events.map((event) => 'message' in event && event.message)).toEqual([
    'alias m@a does not exist (looks every 1 s)',
  ])
  vi.advanceTimersByTime(9_999)
  expect(events).toHaveLength(1)
  vi.advanceTimersByTime(1)
  expect(events[1]).toMatchObject({ kind: 'wait-seen', message: expect.stringContaining('is version 2') })
  see(version(2), 1)
  vi.advanceTimersByTime(60_000)
  expect(events).toHaveLength(2)
  see(version(3))
  expect(events[2]).toEqual({
    kind: 'attempt-finished',
    task: 'root/w',
    attempt: 1,
    result: { outcome: 'succeeded', outputs: { parameters: { version: 3 }, artifacts: {} } },
  })
  see(version(4))
  expect([events.length, stops, waiter.size]).toEqual([3, 1, 0])
})

test('a wait that is started twice is one; given up, it says what was last seen', () => {
  start()
  start()
  see(version())
  expect(waiter.size).toBe(1)
  expect(waiter.cancel('root/w', 1)).toBe(true)
  expect(events.at(-1)).toMatchObject({
    result: { outcome: 'failed', failure: { message: 'alias m@a does not exist' } },
  })
  expect(waiter.cancel('root/w', 1)).toBe(false)
  expect(stops).toBe(1)
})

test('what may not be seen is a failure of the configuration', () => {
  start()
  see({ kind: 'refused', message: 'not for you' })
  expect(events).toMatchObject([
    { result: { outcome: 'failed', failure: { cause: 'configuration', message: 'alias m@a: not for you' } } },
  ])
})

test('stopped, it says nothing any more', () => {
  start()
  waiter.stop()
  see(version(1))
  vi.advanceTimersByTime(60_000)
  expect([events.length, stops]).toEqual([0, 1])
})

test('looks come with the pause that was asked for, longer while nothing can be seen, and never pile up', async () => {
  const looks: number[] = []
  let trouble = false
  const watch = polling(
    async () => {
      looks.push(Date.now())
      if (trouble) throw new Error('down')
      return version()
    },
    { random: () => 0.5 },
  )
  const sights: [string, number | undefined][] = []
  const stop = watch(alias, { namespace: '' }, (sight, next) => sights.push([sight.kind, next]))
  await vi.advanceTimersByTimeAsync(2_500)
  expect(looks).toEqual([0, 1000, 2000])
  trouble = true
  await vi.advanceTimersByTimeAsync(40_000)
  expect(looks.slice(3)).toEqual([3000, 4000, 6000, 10_000, 18_000, 34_000])
  expect(sights.at(-1)).toEqual(['trouble', 66_000])
  trouble = false
  await vi.advanceTimersByTimeAsync(25_000)
  expect(looks.slice(9)).toEqual([66_000, 67_000])
  stop()
  await vi.advanceTimersByTimeAsync(100_000)
  expect(looks).toHaveLength(11)
})

test('no more looks are under way at once than are allowed', async () => {
  let inside = 0
  let most = 0
  const watch = polling(
    async () => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 100))
      inside--
      return version()
    },
    { parallelLooks: 3 },
  )
  const stops = Array.from({ length: 20 }, () => watch(alias, { namespace: '' }, () => {}))
  await vi.advanceTimersByTimeAsync(650)
  for (const stop of stops) stop()
  expect(most).toBe(3)
})
