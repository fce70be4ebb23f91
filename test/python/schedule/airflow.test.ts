import { expect, test } from 'vitest'
import { compileSchedule, type Schedule } from '../../../engine/schedule/compile-schedule.ts'
import { parseCron } from '../../../engine/schedule/cron-pattern.ts'
import { newestDueSlot, nextSlot, type Slot } from '../../../engine/schedule/slots.ts'
import { loadZone } from '../../../engine/schedule/zone.ts'
import { askAirflow, type OracleCase, type OracleSlot } from './airflow-oracle.ts'
import { EXPLAINED, explain } from './differences.ts'
import { randomCron, randomFrom, ZONES } from './generate.ts'

const FROM = Date.UTC(2016, 0, 1)
const TO = Date.UTC(2026, 0, 1)
const DAY = 86_400_000
/** Ten years of a daily schedule are compared whole; of a denser one so many ticks, around every change of the clock. */
const MAX_TICKS = 1500

interface Case {
  readonly oracle: OracleCase
  readonly spec: object
  readonly everyHour: boolean
}

function scheduleFor(spec: object, extra: object): Schedule {
  const { schedule, issues } = compileSchedule(
    's',
    { ...spec, ...extra, runTemplate: { pipelineRef: { name: 'p' } } },
    FROM,
  )
  if (!schedule) throw new Error(issues[0]?.message)
  return schedule
}

/** The whole ten years, or as much around each change of the clock as the density allows. */
function windowsFor(cron: string, zoneName: string): [number, number][] {
  const probe = scheduleFor({ schedule: { cron }, timeZone: zoneName }, {})
  let year = 0
  for (let tick = probe.ticks.next(FROM); tick !== undefined && tick < FROM + 365 * DAY; tick = probe.ticks.next(tick))
    year += 1
  if (year * 10 <= 3700) return [[FROM / 1000, TO / 1000]]
  const changes = loadZone(zoneName)!
    .spans.map((span) => span.from)
    .filter((at) => at > FROM && at < TO)
  const centres = changes.length > 0 ? changes : [FROM + 400 * DAY]
  const half = Math.max(6 * 3_600_000, Math.floor((MAX_TICKS / centres.length / (year / 365)) * (DAY / 2)))
  return centres.map((at) => [Math.floor((at - half) / 1000), Math.floor((at + half) / 1000)])
}

function generate(count: number): Case[] {
  const random = randomFrom(20260101)
  return Array.from({ length: count }, (_, index) => {
    const zone = ZONES[index % ZONES.length]!
    const intervals = index % 20 >= 10
    const timing = { zone, intervals }
    const latest = () => {
      const now = Math.floor((FROM + DAY * 40 + random() * (TO - FROM - DAY * 40)) / 1000)
      return { now, start: now - Math.floor(random() * 40 * 86_400), last: null }
    }
    const cron = randomCron(random)
    const pattern = parseCron(cron, 'five', '').pattern!
    const spec = { schedule: { cron }, timeZone: zone, interval: intervals ? 'DataInterval' : 'Trigger' }
    const oracle = { ...timing, cron, windows: windowsFor(cron, zone), latest: Array.from({ length: 5 }, latest) }
    return { oracle, spec, everyHour: pattern.everyHour }
  })
}

function slotsIn(schedule: Schedule): OracleSlot[] {
  const found: OracleSlot[] = []
  for (let slot = nextSlot(schedule, undefined); slot; slot = nextSlot(schedule, slot.logicalDate))
    found.push(rowOf(slot))
  return found
}

const rowOf = (slot: Slot): OracleSlot => [
  slot.logicalDate / 1000,
  slot.intervalStart / 1000,
  slot.intervalEnd / 1000,
  slot.runAfter / 1000,
]
const iso = (seconds: number) => new Date(seconds * 1000).toISOString()

test('240 schedules over ten years in ten zones: Airflow with catchup', async () => {
  const cases = generate(240)
  const answers = await askAirflow(cases.map((one) => one.oracle))
  const counts: Record<string, number> = {}
  const unexplained: string[] = []
  let compared = 0
  cases.forEach(({ oracle, spec, everyHour }, index) => {
    const endless = scheduleFor(spec, {})
    oracle.windows.forEach(([from, to], window) => {
      const answer = answers[index]!.windows[window]!
      const theirs = answer.filter((row) => typeof row !== 'string')
      const raised = theirs.length < answer.length
      if (raised) counts['airflow-raises'] = (counts['airflow-raises'] ?? 0) + 1
      const until = raised ? theirs.at(-1)![0] : to
      const ours = slotsIn(scheduleFor(spec, { startTime: iso(from), endTime: iso(until) }))
      compared += theirs.length
      const [mine, other] = [new Set(ours.map(String)), new Set(theirs.map(String))]
      const single = [
        ...ours.filter((row) => !other.has(String(row))),
        ...theirs.filter((row) => !mine.has(String(row))),
      ]
      for (const row of single) {
        // A slot differs where its beginning does, or, in interval mode, where its end does.
        const rule = explain(row[0] * 1000, endless, everyHour) ?? explain(row[2] * 1000, endless, everyHour)
        if (rule) counts[rule] = (counts[rule] ?? 0) + 1
        else
          unexplained.push(
            `${oracle.cron} ${oracle.zone} ${row.map(iso).join(' ')} ${mine.has(String(row)) ? 'ours' : 'theirs'}`,
          )
      }
    })
  })
  console.log(`${cases.length} schedules, ${compared} slots of Airflow compared; differences by rule:`, counts)
  expect(unexplained).toEqual([])
  expect(compared).toBeGreaterThan(100_000)
  expect(Object.keys(counts).every((rule) => rule in EXPLAINED)).toBe(true)
  // Airflow takes two minutes of two cores where it was not asked before, and a busy machine has less to give.
}, 1_800_000)

test('the same schedules without catchup: the newest due slot, or the next one', async () => {
  const cases = generate(240)
  const answers = await askAirflow(cases.map(({ oracle }) => ({ ...oracle, windows: [] })))
  const unexplained: string[] = []
  cases.forEach(({ oracle, spec, everyHour }, index) => {
    oracle.latest.forEach((question, which) => {
      const schedule = scheduleFor(spec, { startTime: iso(question.start) })
      const slot = newestDueSlot(schedule, undefined, question.now * 1000) ?? nextSlot(schedule, undefined)
      const theirs = answers[index]!.latest[which]!
      const same = (slot !== undefined && String(rowOf(slot)) === String(theirs)) || typeof theirs === 'string'
      const rule = explain(slot!.logicalDate, scheduleFor(spec, {}), everyHour)
      if (!same && !rule)
        unexplained.push(
          `${oracle.cron} ${oracle.zone} now ${iso(question.now)}: ${slot && rowOf(slot).map(iso)} / ${theirs?.map(iso)}`,
        )
    })
  })
  expect(unexplained).toEqual([])
})

test('even intervals: the same grid with catchup', async () => {
  const rows = [60, 3600, 5400, 86_400, 604_800].flatMap((everySeconds) =>
    [false, true].map(
      (intervals) =>
        ({
          everySeconds,
          intervals,
          zone: 'UTC',
          windows: [[FROM / 1000 + 17, FROM / 1000 + 17 + everySeconds * 300]],
          latest: [],
        }) as const,
    ),
  )
  const answers = await askAirflow(rows)
  rows.forEach((row, index) => {
    const [from, to] = row.windows[0]!
    const spec = { schedule: { every: `${row.everySeconds}s` }, interval: row.intervals ? 'DataInterval' : 'Trigger' }
    expect(slotsIn(scheduleFor(spec, { startTime: iso(from), endTime: iso(to) }))).toEqual(answers[index]!.windows[0])
  })
})
