import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { at, scheduleOf, VirtualWorld } from './testing.ts'

const START = at('2026-01-01T00:00:00Z')
const MINUTE = 60_000
const minutely = {
  schedule: { cron: '* * * * *' },
  startTime: '2026-01-01T00:00:00Z',
  history: { successful: 0, failed: 0 },
} as const

/** Ten years are promised; one is enough for each change: KFP_TS_VIRTUAL_YEARS=10. */
const YEARS = Number(process.env['KFP_TS_VIRTUAL_YEARS'] ?? 1)

test(`${YEARS} years of a minutely schedule: each minute once`, () => {
  const world = new VirtualWorld(scheduleOf({ ...minutely, catchup: 'All' }))
  const until = Date.UTC(2026 + YEARS, 0, 1) - 1
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
  expect(world.state.index).toBe((until + 1 - START) / MINUTE)
}, 600_000)

describe('the operator is away', () => {
  const HOUR = 60 * MINUTE
  const hourly = { ...minutely, schedule: { cron: '0 * * * *' }, maxActiveRuns: 2000 } as const
  const rows = (['All', 'Latest', 'None'] as const).flatMap((catchup) =>
    (['Trigger', 'DataInterval'] as const).flatMap((interval) =>
      [
        ['an hour', HOUR],
        ['a day', 24 * HOUR],
        ['a month', 31 * 24 * HOUR],
      ].map(([told, away]) => ({ catchup, interval, told: told as string, away: away as number })),
    ),
  )
  /** Ten minutes past the hour: the newest tick is late, but not by a whole period. */
  test.each(rows)('for $told with catchup $catchup, interval $interval', ({ catchup, interval, away }) => {
    const world = new VirtualWorld(scheduleOf({ ...hourly, catchup, interval }))
    const left = START + 5 * HOUR + 10 * MINUTE
    world.runUntil(START, left)
    const before = world.created.length
    const back = left + away
    const told: string[] = []
    for (let now: number | undefined = back; now !== undefined && now < back + HOUR / 2; ) {
      const pass = world.pass(now)
      world.endAll(now, 'succeeded')
      told.push(...pass.explanations.filter(({ event }) => event).map(({ reason }) => reason))
      now = pass.wakeAt
    }
    // A run of an interval is due at its end, an hour after its logical date.
    const late = interval === 'DataInterval' ? HOUR : 0
    const newest = back - 10 * MINUTE - late
    const missed = Array.from({ length: away / HOUR }, (_, index) => newest - (away / HOUR - 1 - index) * HOUR)
    const made = world.created.slice(before).map((run) => run.slot.logicalDate)
    expect(made).toEqual(catchup === 'All' ? missed : [newest])
    expect(told).toEqual(catchup === 'All' || missed.length === 1 ? [] : ['TicksSkipped'])
    // The schedule goes on as if nothing had been.
    world.runUntil(back + HOUR - 10 * MINUTE, back + HOUR - 10 * MINUTE)
    expect(world.created.at(-1)?.slot.logicalDate).toBe(newest + HOUR)
  })

  test('longer than the deadline of None: nothing is made up', () => {
    const world = new VirtualWorld(scheduleOf({ ...hourly, catchup: 'None', startingDeadlineSeconds: 300 }))
    world.runUntil(START, START + 10 * MINUTE)
    const before = world.created.length
    world.pass(START + 24 * HOUR + 10 * MINUTE)
    expect(world.created).toHaveLength(before)
    world.pass(START + 25 * HOUR)
    expect(world.created.at(-1)?.slot.logicalDate).toBe(START + 25 * HOUR)
  })
})

test('a clock that jumps a day back repeats nothing and says so; one that jumps ahead is a gap like any other', () => {
  const world = new VirtualWorld(scheduleOf({ ...minutely, catchup: 'Latest' }))
  world.runUntil(START, START + 10 * MINUTE)
  const before = world.created.length
  const back = world.pass(START + 10 * MINUTE - 86_400_000)
  expect(back.actions.filter(({ kind }) => kind === 'create-run')).toEqual([])
  expect(back.explanations.map(({ reason }) => reason)).toContain('ClockBehind')
  expect(back.wakeAt).toBe(START + 11 * MINUTE)
  world.pass(START + 86_400_000)
  expect(world.created).toHaveLength(before + 1)
  expect(world.created.at(-1)?.slot.logicalDate).toBe(START + 86_400_000)
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
