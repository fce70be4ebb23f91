import fc from 'fast-check'
import { expect, test } from 'vitest'
import { at, scheduleOf, VirtualWorld } from './testing.ts'

const START = at('2026-01-01T00:00:00Z')
const MINUTE = 60_000
const minutely = {
  schedule: { cron: '* * * * *' },
  startTime: '2026-01-01T00:00:00Z',
  history: { successful: 0, failed: 0 },
} as const

test('a year of a minutely schedule: each minute once', () => {
  const world = new VirtualWorld(scheduleOf({ ...minutely, catchup: 'All' }))
  const until = at('2027-01-01T00:00:00Z') - 1
  let expected = START
  for (let now: number | undefined = START; now !== undefined && now <= until; ) {
    const pass = world.pass(now)
    if (world.created.length !== 1 || world.created[0]!.slot.logicalDate !== expected)
      throw new Error(`wrong run at ${now}`)
    world.created.length = 0
    world.endAll(now, 'succeeded')
    expected += MINUTE
    now = pass.wakeAt
  }
  expect(expected).toBe(until + 1)
  expect(world.state.index).toBe(365 * 24 * 60)
})

/** Kills between any two actions, restarts after any time, clocks that jump: each instant ends up with exactly one run. */
test('200 carriers killed between creating and saving: no run twice, none lost', () => {
  const step = fc.record({
    elapsed: fc.integer({ min: -3 * MINUTE, max: 20 * MINUTE }),
    dieAfter: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 6 })),
    phase: fc.constantFrom<('succeeded' | 'failed' | undefined)[]>('succeeded', 'failed', undefined),
  })
  const scenario = fc.tuple(
    fc.array(step, { minLength: 5, maxLength: 40 }),
    fc.integer({ min: 1, max: 5 }),
    fc.boolean(),
  )
  fc.assert(
    fc.property(scenario, ([steps, maxActiveRuns, intervals]) => {
      const interval = intervals ? ('DataInterval' as const) : ('Trigger' as const)
      const world = new VirtualWorld(scheduleOf({ ...minutely, catchup: 'All', maxActiveRuns, interval }))
      let now = START
      let latest = START
      for (const { elapsed, dieAfter, phase } of steps) {
        now += elapsed
        latest = Math.max(latest, now)
        world.pass(now, dieAfter)
        if (phase) world.endAll(now, phase)
      }
      for (let rounds = 0; rounds < 1000; rounds += 1) {
        latest += 1
        world.endAll(latest, 'succeeded')
        const pass = world.pass(latest)
        if (pass.actions.length === 0 && pass.next!.runAfter > latest) break
      }
      const due = Math.floor((latest - START) / MINUTE) + (intervals ? 0 : 1)
      expect(world.created.map((run) => run.slot.logicalDate)).toEqual(
        Array.from({ length: due }, (_, i) => START + i * MINUTE),
      )
      expect(new Set(world.created.map((run) => run.index)).size).toBe(due)
    }),
    { numRuns: 200 },
  )
})

test('with Latest a killed carrier never runs an instant twice and always reaches the newest', () => {
  const step = fc.record({
    elapsed: fc.integer({ min: 0, max: 10 * MINUTE }),
    dieAfter: fc.integer({ min: 0, max: 3 }),
  })
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 30 }), (steps) => {
      const world = new VirtualWorld(scheduleOf({ ...minutely, catchup: 'Latest' }))
      let now = START
      for (const { elapsed, dieAfter } of steps) {
        now += elapsed
        world.pass(now, dieAfter)
        world.endAll(now, 'succeeded')
      }
      world.pass(now)
      const dates = world.created.map((run) => run.slot.logicalDate)
      expect(new Set(dates).size).toBe(dates.length)
      expect(dates.at(-1)).toBe(Math.floor(now / MINUTE) * MINUTE)
    }),
    { numRuns: 200 },
  )
})
