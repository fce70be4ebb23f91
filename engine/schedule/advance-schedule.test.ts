import { describe, expect, test } from 'vitest'
import type { SchedulePass } from './schedule-state.ts'
import { at, scheduleOf, VirtualWorld } from './testing.ts'

const DAILY = { schedule: { cron: '0 0 * * *' }, startTime: '2026-01-01T00:00:00Z' } as const
const HOUR = 3_600_000
const reasons = (pass: SchedulePass) => pass.explanations.map((explanation) => explanation.reason)

describe('limits', () => {
  test('at maxActiveRuns the tick waits; with Latest the newest one runs when a slot is free (rule 4)', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, maxActiveRuns: 1 }))
    world.pass(at('2026-01-01T00:00:00Z'))
    const waiting = world.pass(at('2026-01-02T00:00:00Z'))
    expect(waiting.actions).toEqual([])
    expect(reasons(waiting)).toContain('WaitingForSlot')
    expect(waiting.wakeAt).toBeUndefined()
    world.endAll(at('2026-01-04T12:00:00Z'), 'succeeded')
    const freed = world.pass(at('2026-01-04T12:00:00Z'))
    expect(world.dates()).toEqual(['2026-01-01T00:00', '2026-01-04T00:00'])
    expect(freed.explanations.find((e) => e.reason === 'TicksSkipped')?.message).toBe(
      'skipped 2 instants (2026-01-02T00:00:00Z to 2026-01-03T00:00:00Z): catchup is Latest',
    )
  })

  test('catchup All from the far past: a warning and a pace, no flood', () => {
    const world = new VirtualWorld(
      scheduleOf({ ...DAILY, startTime: '2016-01-01T00:00:00Z', catchup: 'All', maxActiveRuns: 25 }),
    )
    const now = at('2026-01-01T00:00:00Z')
    const first = world.pass(now)
    expect(reasons(first)).toContain('LargeBacklog')
    expect(world.created.length).toBe(10)
    expect(first.wakeAt).toBe(now + 1000)
    world.pass(now + 1000)
    const full = world.pass(now + 2000)
    expect(world.created.length).toBe(25)
    expect(full.wakeAt).toBeUndefined()
    expect(world.created.map((run) => run.index)).toEqual(Array.from({ length: 25 }, (_, index) => index + 1))
  })

  test('a backfill takes no slot, a manual run does (rule 5)', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, maxActiveRuns: 1 }))
    const logicalDate = at('2025-12-01T00:00:00Z')
    world.runs.set('b', { name: 'b', kind: 'backfill', logicalDate, phase: 'active', createdAt: 0 })
    world.pass(at('2026-01-01T00:00:00Z'))
    expect(world.created.length).toBe(1)
    world.endAll(at('2026-01-01T01:00:00Z'), 'succeeded')
    world.runs.set('m', { name: 'm', kind: 'manual', logicalDate: null, phase: 'active', createdAt: 0 })
    expect(reasons(world.pass(at('2026-01-02T00:00:00Z')))).toContain('WaitingForSlot')
  })

  test('history keeps what the tasks of a run that goes on wait for', () => {
    const world = new VirtualWorld(
      scheduleOf({ ...DAILY, dependsOnPast: 'Task', history: { successful: 0, failed: 0 } }),
    )
    world.pass(at('2026-01-01T00:00:00Z'))
    world.end(world.created[0]!.name, at('2026-01-01T01:00:00Z'), 'failed')
    world.pass(at('2026-01-02T00:00:00Z'))
    world.pass(at('2026-01-02T01:00:00Z'))
    expect(world.created[1]).toMatchObject({ previousRun: world.created[0]!.name })
    expect([...world.runs.keys()]).toEqual(world.created.map(({ name }) => name))
    world.endAll(at('2026-01-02T02:00:00Z'), 'succeeded')
    world.pass(at('2026-01-02T03:00:00Z'))
    expect([...world.runs.keys()]).toEqual([world.created[1]!.name])
  })

  test('history keeps the newest of each kind and never what the saved cursor has not passed', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, history: { successful: 2, failed: 1 } }))
    for (let day = 1; day <= 6; day += 1) {
      world.pass(at(`2026-01-0${day}T00:00:00Z`))
      world.endAll(at(`2026-01-0${day}T01:00:00Z`), day % 3 === 0 ? 'failed' : 'succeeded')
    }
    world.pass(at('2026-01-06T02:00:00Z'))
    expect([...world.runs.values()].map((run) => new Date(run.logicalDate!).getUTCDate())).toEqual([4, 5, 6])
  })
})

describe('downtime, suspension and catchup', () => {
  const rows = [
    ['All', 1, ['T00:00', 'T01:00', 'T02:00']],
    ['Latest', 1, ['T00:00', 'T02:00']],
    ['None', 1, ['T00:00', 'T02:00']],
    ['All', 24, Array.from({ length: 26 }, (_, hour) => `T${String(hour % 24).padStart(2, '0')}:00`)],
    ['Latest', 24, ['T00:00', 'T01:00']],
  ] as const
  test.each(rows)('catchup %s after %d hours of downtime', (catchup, hours, dates) => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, schedule: { cron: '@hourly' }, catchup, maxActiveRuns: 100 }))
    const start = at('2026-01-01T00:00:00Z')
    world.runUntil(start, start)
    const back = start + (hours + 1) * HOUR + 60_000
    world.runUntil(back, back + 5000)
    expect(world.dates().map((date) => date.slice(10))).toEqual(dates)
  })

  test('catchup None: what fell due while suspended is gone, a late start within the deadline is not', () => {
    const spec = {
      ...DAILY,
      schedule: { cron: '@hourly' },
      catchup: 'None',
      startingDeadlineSeconds: 2 * 3600,
    } as const
    const world = new VirtualWorld(scheduleOf(spec))
    world.pass(at('2026-01-01T05:30:00Z'))
    expect(world.dates()).toEqual(['2026-01-01T04:00', '2026-01-01T05:00'])
    world.endAll(at('2026-01-01T05:40:00Z'), 'succeeded')
    world.schedule = { ...world.schedule, suspend: true }
    expect(reasons(world.pass(at('2026-01-01T05:50:00Z')))).toContain('Suspended')
    world.schedule = { ...world.schedule, suspend: false }
    const resumed = world.pass(at('2026-01-01T07:30:00Z'))
    expect(reasons(resumed)).toEqual(expect.arrayContaining(['Resumed', 'TicksSkipped']))
    expect(world.created.length).toBe(2)
    expect(resumed.wakeAt).toBe(at('2026-01-01T08:00:00Z'))
  })

  test('catchup None: nothing from before the schedule existed', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, catchup: 'None' }, at('2026-01-04T09:00:00Z')))
    const pass = world.pass(at('2026-01-04T09:00:00Z'))
    expect(world.dates()).toEqual([])
    expect(pass.wakeAt).toBe(at('2026-01-05T00:00:00Z'))
  })

  test('three failures in a row suspend; resuming counts from zero', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, maxConsecutiveFailures: 3 }))
    for (let day = 1; day <= 3; day += 1) {
      world.pass(at(`2026-01-0${day}T00:00:00Z`))
      world.endAll(at(`2026-01-0${day}T01:00:00Z`), 'failed')
    }
    expect(reasons(world.pass(at('2026-01-03T01:00:00Z')))).toContain('SuspendedByFailures')
    expect(world.pass(at('2026-01-04T00:00:00Z')).actions).toEqual([])
    world.resumeRequestedAt = at('2026-01-04T10:00:00Z')
    world.pass(at('2026-01-04T10:00:01Z'))
    expect(world.dates().at(-1)).toBe('2026-01-04T00:00')
    expect(world.state.suspendedAt).toBeUndefined()
  })

  test('a clock that jumps back repeats nothing', () => {
    const world = new VirtualWorld(scheduleOf(DAILY))
    world.pass(at('2026-01-05T00:00:00Z'))
    const back = world.pass(at('2026-01-02T00:00:00Z'))
    expect(back.actions).toEqual([])
    expect(reasons(back)).toContain('ClockBehind')
    expect(back.wakeAt).toBe(at('2026-01-06T00:00:00Z'))
  })
})

describe('dependsOnPast', () => {
  test('Run: a failed run blocks the next until it is retried', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, dependsOnPast: 'Run', catchup: 'All' }))
    world.pass(at('2026-01-02T00:00:00Z'))
    expect(world.dates()).toEqual(['2026-01-01T00:00'])
    world.endAll(at('2026-01-02T01:00:00Z'), 'failed')
    const blocked = world.pass(at('2026-01-02T01:00:00Z'))
    expect(blocked.explanations.find((e) => e.reason === 'BlockedByPast')?.message).toMatch(
      /ended as failed; retry or delete it/,
    )
    expect(blocked.wakeAt).toBeUndefined()
    world.end(world.created[0]!.name, at('2026-01-02T02:00:00Z'), 'succeeded')
    world.pass(at('2026-01-02T02:00:00Z'))
    expect(world.dates()).toEqual(['2026-01-01T00:00', '2026-01-02T00:00'])
  })

  test('Task: the run starts and names the run that its tasks wait for', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, dependsOnPast: 'Task', catchup: 'All' }))
    world.pass(at('2026-01-02T00:00:00Z'))
    expect(world.created.map((run) => run.previousRun)).toEqual([undefined, world.created[0]!.name])
  })
})

describe('runs by hand (rule 8)', () => {
  const request = (id: string, logicalDate: string | null) => ({
    id,
    requestedAt: at('2026-01-01T12:00:00Z'),
    logicalDate: logicalDate === null ? null : at(logicalDate),
  })

  test('wait held for a slot, and never move the cursor', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, maxActiveRuns: 1 }))
    world.pass(at('2026-01-01T00:00:00Z'))
    const { cursor } = world.state
    world.requests = [request('a', null)]
    world.pass(at('2026-01-01T12:00:00Z'))
    expect(world.created[1]).toMatchObject({ kind: 'manual', held: true, logicalDate: null })
    expect(world.answers[0]?.message).toMatch(/waits for a free slot/)
    expect(world.state.cursor).toBe(cursor)
    world.endAll(at('2026-01-01T13:00:00Z'), 'succeeded')
    expect(world.pass(at('2026-01-01T13:00:00Z')).actions).toEqual([
      { kind: 'release-run', name: world.created[1]!.name },
    ])
  })

  test('a date that has a run is refused, and a date run by hand is not run again', () => {
    const world = new VirtualWorld(scheduleOf({ ...DAILY, interval: 'DataInterval' }))
    world.requests = [request('a', '2026-01-02T00:00:00Z')]
    world.pass(at('2026-01-01T12:00:00Z'))
    expect(world.created[0]!.slot).toMatchObject({
      intervalStart: at('2026-01-01T00:00:00Z'),
      intervalEnd: at('2026-01-02T00:00:00Z'),
    })
    world.requests = [request('b', '2026-01-02T00:00:00Z')]
    world.pass(at('2026-01-01T12:00:01Z'))
    expect(world.answers.map((answer) => answer.accepted)).toEqual([true, false])
    const pass = world.pass(at('2026-01-03T00:00:00Z'))
    expect(reasons(pass)).toContain('AlreadyExists')
    expect(world.created.length).toBe(1)
    expect(world.state.cursor).toBe(at('2026-01-02T00:00:00Z'))
  })
})

describe('other timings', () => {
  test('once runs once, whatever catchup says', () => {
    const world = new VirtualWorld(scheduleOf({ schedule: { once: {} }, catchup: 'None' }, at('2026-01-01T09:00:00Z')))
    world.runUntil(at('2026-01-01T09:00:00Z'), at('2027-01-01T00:00:00Z'))
    expect(world.dates()).toEqual(['2026-01-01T09:00'])
    expect(reasons(world.pass(at('2027-01-01T00:00:00Z')))).toContain('Finished')
  })

  test('continuous starts the next when the last has ended', () => {
    const world = new VirtualWorld(scheduleOf({ schedule: { continuous: {} }, startTime: '2026-01-01T00:00:00Z' }))
    world.pass(at('2026-01-01T00:00:00Z'))
    expect(world.pass(at('2026-01-01T00:10:00Z')).actions).toEqual([])
    world.endAll(at('2026-01-01T00:20:00Z'), 'failed')
    world.pass(at('2026-01-01T00:20:00Z'))
    expect(world.dates()).toEqual(['2026-01-01T00:00', '2026-01-01T00:20'])
    expect(world.created[1]!.slot.intervalStart).toBe(at('2026-01-01T00:00:00Z'))
  })

  test('manual only', () => {
    expect(new VirtualWorld(scheduleOf({})).pass(at('2026-01-01T00:00:00Z'))).toMatchObject({ actions: [] })
  })

  test('a new cron goes on after the old cursor (rule 11)', () => {
    const world = new VirtualWorld(scheduleOf(DAILY))
    world.pass(at('2026-01-02T00:00:00Z'))
    world.schedule = scheduleOf({ ...DAILY, schedule: { cron: '0 6 * * *' }, timeZone: 'Europe/Zurich' })
    expect(world.pass(at('2026-01-02T00:00:01Z')).wakeAt).toBe(at('2026-01-02T05:00:00Z'))
  })
})
