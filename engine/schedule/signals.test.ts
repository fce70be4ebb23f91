import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { expandMacros, macroValuesOf } from './macros.ts'
import type { SchedulePass, Signal } from './schedule-state.ts'
import { at, scheduleOf, VirtualWorld } from './testing.ts'

const START = at('2026-01-01T00:00:00Z')
const MINUTE = 60_000
const TRIGGERS: NonNullable<ScheduledRunSpec['triggers']> = [
  { afterRun: { pipeline: 'upstream' } },
  { alias: { model: 'm', alias: 'champion' } },
  { webhook: {} },
]

function worldOf(spec: Omit<ScheduledRunSpec, 'runTemplate'> = {}): VirtualWorld {
  return new VirtualWorld(scheduleOf({ triggers: TRIGGERS, ...spec }, START))
}
function signal(world: VirtualWorld, kind: string, id: string, minute: number): Signal {
  const trigger = world.schedule.triggers.find((one) => one.kind === kind)!
  return { id, trigger: trigger.key, at: START + minute * MINUTE, values: { run_id: id } }
}
const reasons = (pass: SchedulePass) => pass.explanations.map(({ reason }) => reason)
const outcomes = (world: VirtualWorld) => Object.fromEntries(world.settled.map(({ id, outcome }) => [id, outcome]))
/** The events of each run, in the order of creation. */
const made = (world: VirtualWorld) =>
  world.created.map((run) => (run.events ?? []).map((event) => event.signal).join('+'))

interface Row {
  readonly story: string
  readonly spec?: Omit<ScheduledRunSpec, 'runTemplate'>
  /** kind, id, minute. */
  readonly signals: readonly [string, string, number][]
  readonly runs: readonly string[]
  readonly reason?: string
  readonly left?: readonly string[]
}

const rows: Row[] = [
  {
    story: 'Latest: one run for the events of a trigger, each call by webhook its own',
    signals: [
      ['afterRun', 'a1', 1],
      ['afterRun', 'a2', 2],
      ['webhook', 'w1', 1],
      ['webhook', 'w2', 3],
    ],
    runs: ['w1', 'a2', 'w2'],
    reason: 'SignalsCoalesced',
  },
  {
    story: 'All: each event its run, oldest first',
    spec: { catchup: 'All' },
    signals: [
      ['afterRun', 'a2', 2],
      ['afterRun', 'a1', 1],
    ],
    runs: ['a1', 'a2'],
    reason: 'Triggered',
  },
  {
    story: 'a full schedule keeps the events',
    spec: { catchup: 'All', maxActiveRuns: 1 },
    signals: [
      ['afterRun', 'a1', 1],
      ['afterRun', 'a2', 2],
    ],
    runs: ['a1'],
    reason: 'WaitingForSlot',
    left: ['a2'],
  },
  {
    story: 'bounds count for events',
    spec: { startTime: '2026-01-01T00:02:00Z', endTime: '2026-01-01T00:04:00Z', catchup: 'All' },
    signals: [
      ['afterRun', 'early', 1],
      ['afterRun', 'first', 2],
      ['afterRun', 'late', 5],
    ],
    runs: ['first'],
    reason: 'SignalsDropped',
  },
  {
    story: 'None with a deadline drops what is older',
    spec: { catchup: 'None', startingDeadlineSeconds: 120 },
    signals: [
      ['afterRun', 'old', 1],
      ['afterRun', 'new', 9],
    ],
    runs: ['new'],
    reason: 'SignalsDropped',
  },
  {
    story: 'triggerPolicy All waits for each of them',
    spec: { triggerPolicy: 'All' },
    signals: [
      ['afterRun', 'a1', 1],
      ['webhook', 'w1', 1],
    ],
    runs: [],
    reason: 'WaitingForTriggers',
    left: ['a1', 'w1'],
  },
  {
    story: 'triggerPolicy All takes the newest of each with Latest',
    spec: { triggerPolicy: 'All' },
    signals: [
      ['afterRun', 'a1', 1],
      ['afterRun', 'a2', 2],
      ['webhook', 'w1', 1],
      ['alias', 'v1', 3],
    ],
    runs: ['w1+a2+v1'],
  },
  {
    story: 'triggerPolicy All pairs them in order with catchup All',
    spec: { triggerPolicy: 'All', catchup: 'All' },
    signals: [
      ['afterRun', 'a1', 1],
      ['afterRun', 'a2', 2],
      ['webhook', 'w1', 3],
      ['webhook', 'w2', 4],
      ['alias', 'v1', 5],
    ],
    runs: ['a1+w1+v1'],
    left: ['a2', 'w2'],
  },
]

describe('events become runs', () => {
  test.each(rows)('$story', ({ spec, signals, runs, reason, left = [] }) => {
    const world = worldOf(spec)
    world.signals = signals.map(([kind, id, minute]) => signal(world, kind, id, minute))
    const pass = world.pass(START + 10 * MINUTE)
    expect(made(world)).toEqual(runs)
    if (reason) expect(reasons(pass)).toContain(reason)
    expect(world.signals.map(({ id }) => id)).toEqual(left)
    expect(world.settled.filter(({ outcome }) => outcome === 'Run').map(({ run }) => run)).toHaveLength(
      runs.flatMap((run) => run.split('+')).length,
    )
  })

  test('a schedule of events only says what it waits for; with a clock it says both', () => {
    const events = worldOf().pass(START)
    expect(events.explanations).toEqual([
      {
        reason: 'Triggered',
        message:
          'a run is made when a run of pipeline upstream is Succeeded, or alias champion of model m names another version, or the webhook is called',
        event: false,
      },
    ])
    const both = worldOf({ schedule: { cron: '@daily' }, triggerPolicy: 'All' }).pass(START)
    expect(both.explanations[0]?.message).toMatch(/^next: 2026-01-02T00:00:00Z; a run is made when .* and .* and /)
  })

  test('a suspended schedule keeps events; on resume Latest takes the newest, None drops what came meanwhile', () => {
    for (const [catchup, expected] of [
      ['Latest', ['a2']],
      ['All', ['a1', 'a2']],
      ['None', []],
    ] as const) {
      const world = worldOf({ catchup, suspend: true })
      world.signals = [signal(world, 'afterRun', 'a1', 1), signal(world, 'afterRun', 'a2', 2)]
      world.pass(START)
      world.pass(START + 3 * MINUTE)
      expect(made(world)).toEqual([])
      world.schedule = { ...world.schedule, suspend: false }
      world.pass(START + 4 * MINUTE)
      expect(made(world)).toEqual(expected)
      expect(world.signals).toEqual([])
    }
  })

  test('failures of triggered runs suspend; dependsOnPast Run waits for the one before', () => {
    const world = worldOf({ catchup: 'All', maxConsecutiveFailures: 2, dependsOnPast: 'Run' })
    world.signals = [signal(world, 'afterRun', 'a1', 1), signal(world, 'afterRun', 'a2', 2)]
    expect(reasons(world.pass(START + 3 * MINUTE))).toContain('BlockedByPast')
    expect(made(world)).toEqual(['a1'])
    world.end(world.created[0]!.name, START + 4 * MINUTE, 'succeeded')
    world.pass(START + 4 * MINUTE)
    expect(made(world)).toEqual(['a1', 'a2'])
    world.end(world.created[0]!.name, START + 5 * MINUTE, 'failed')
    world.end(world.created[1]!.name, START + 6 * MINUTE, 'failed')
    expect(reasons(world.pass(START + 6 * MINUTE))).toContain('SuspendedByFailures')
  })

  test('events of a trigger that was taken out are passed over with a reason', () => {
    const world = worldOf()
    world.signals = [{ ...signal(world, 'afterRun', 'a1', 1), trigger: 'afterRun-gone' }]
    const pass = world.pass(START + MINUTE)
    expect(pass.explanations[0]?.message).toBe(
      'passed over an event (the last at 2026-01-01T00:01:00Z): its trigger was taken out',
    )
    expect(outcomes(world)).toEqual({ a1: 'Dropped' })
  })

  test('history never removes a run whose event is not settled', () => {
    const world = worldOf({ history: { successful: 0, failed: 0 }, catchup: 'All' })
    world.signals = [signal(world, 'afterRun', 'a1', 1), signal(world, 'afterRun', 'a2', 2)]
    world.pass(START + 3 * MINUTE, 2)
    world.endAll(START + 3 * MINUTE, 'succeeded')
    world.pass(START + 4 * MINUTE)
    expect(made(world)).toEqual(['a1', 'a2'])
    world.pass(START + 5 * MINUTE)
    expect([...world.runs.values()].map(({ signals }) => signals)).toEqual([['a2']])
  })
})

test('what happened, in the parameters of a run', () => {
  const world = worldOf({ triggerPolicy: 'All', triggers: TRIGGERS.slice(0, 2) })
  const [run, alias] = [signal(world, 'afterRun', 'r', 1), signal(world, 'alias', 'v', 2)]
  world.signals = [
    { ...run, values: { run_id: 'r', outputs: { accuracy: 0.5, tags: ['a'] } } },
    { ...alias, values: { model_version: 3 } },
  ]
  world.pass(START + 3 * MINUTE)
  const values = macroValuesOf(world.created[0]!, world.schedule.zone, 'id', START)
  const parameters = {
    version: '[[trigger.model_version]]',
    accuracy: '[[triggers.afterRun.outputs.accuracy]]',
    tag: 'is [[triggers.afterRun.outputs.tags.0]] of [[triggers.afterRun.run_id]]',
    absent: '[[trigger.outputs.accuracy]]',
    text: '<[[trigger.nothing]]>',
  }
  expect(expandMacros(parameters, values)).toEqual({ version: 3, accuracy: 0.5, tag: 'is a of r', text: '<>' })
})

/** Events of any kind at any time, late ones too, kills between any two actions: each event counts once. */
describe.each(['Any', 'All'] as const)('kills with triggerPolicy %s', (triggerPolicy) => {
  test.each(['All', 'Latest'] as const)('catchup %s: 200 random stories, no event twice, none lost', (catchup) => {
    const step = fc.record({
      elapsed: fc.integer({ min: 0, max: 5 * MINUTE }),
      late: fc.integer({ min: 0, max: 10 * MINUTE }),
      kinds: fc.array(fc.constantFrom('afterRun', 'alias', 'webhook'), { maxLength: 4 }),
      dieAfter: fc.oneof(fc.constant(Number.POSITIVE_INFINITY), fc.integer({ min: 0, max: 5 })),
      ends: fc.boolean(),
    })
    const story = fc.tuple(fc.array(step, { minLength: 5, maxLength: 40 }), fc.integer({ min: 1, max: 4 }))
    fc.assert(
      fc.property(story, ([steps, maxActiveRuns]) => {
        const world = worldOf({ catchup, triggerPolicy, maxActiveRuns })
        const all: Signal[] = []
        let now = START + 10 * MINUTE
        for (const { elapsed, late, kinds, dieAfter, ends } of steps) {
          now += elapsed
          for (const kind of kinds) {
            const one = { ...signal(world, kind, `s${all.length}`, 0), at: now - late }
            all.push(one)
            world.signals.push(one)
          }
          world.pass(now, dieAfter)
          if (ends) world.endAll(now, 'succeeded')
        }
        for (let rounds = 0; rounds < 500 && (rounds === 0 || world.pass(now).actions.length > 0); rounds += 1) {
          now += 1
          world.endAll(now, 'succeeded')
        }
        const used = world.created.flatMap((run) => (run.events ?? []).map((event) => event.signal))
        expect(new Set(used).size).toBe(used.length)
        const settled = world.settled.map(({ id }) => id)
        expect(new Set(settled).size).toBe(settled.length)
        // Nothing is lost: each event has a run, or stands behind one, or waits for the others of triggerPolicy All.
        expect([...settled, ...world.signals.map(({ id }) => id)].sort()).toEqual(all.map(({ id }) => id).sort())
        if (triggerPolicy === 'Any') expect(world.signals).toEqual([])
        else expect(new Set(world.signals.map(({ trigger }) => trigger)).size).toBeLessThan(3)
        const names = new Set(world.created.map(({ name }) => name))
        expect(world.settled.every(({ run }) => run === undefined || names.has(run))).toBe(true)
        expect(
          world.settled
            .filter(({ outcome }) => outcome === 'Run')
            .map(({ id }) => id)
            .sort(),
        ).toEqual(used.sort())
        if (catchup === 'All') expect(world.settled.every(({ outcome }) => outcome === 'Run')).toBe(true)
      }),
      { numRuns: 200 },
    )
  })
})
