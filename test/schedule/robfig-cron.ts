/**
 * A port of what KFP's controller computes with: robfig/cron v1.2.0 `Parse` and `Next`, and the catch-up of its
 * `getNextScheduledEpochImp`. Written for the comparison only; Go's clock in a zone is rebuilt from the zone's spans.
 */
import { offsetAt, type Zone } from '../../engine/schedule/zone.ts'

const STAR = -1
type Bits = Set<number>

/** Seconds first; six fields, day of week last. */
export function parseRobfig(spec: string): Bits[] {
  const bounds = [
    [0, 59],
    [0, 59],
    [0, 23],
    [1, 31],
    [1, 12],
    [0, 6],
  ] as const
  return spec.split(/\s+/).map((field, index) => {
    const bits: Bits = new Set()
    for (const item of field.split(',')) {
      const [range, step] = item.split('/')
      const [low, high] = range!.split('-')
      const star = low === '*' || low === '?'
      const from = star ? bounds[index]![0] : Number(low)
      const to = star ? bounds[index]![1] : high !== undefined ? Number(high) : step ? bounds[index]![1] : from
      if (star) bits.add(STAR)
      for (let value = from; value <= to; value += Number(step ?? 1)) bits.add(value)
    }
    return bits
  })
}

/** A Go `time.Time` in a zone, as far as `Next` uses it. */
class GoTime {
  readonly millis: number
  readonly zone: Zone
  readonly #local: Date

  constructor(millis: number, zone: Zone) {
    this.millis = millis
    this.zone = zone
    this.#local = new Date(millis + offsetAt(zone, millis))
  }
  get year() {
    return this.#local.getUTCFullYear()
  }
  get month() {
    return this.#local.getUTCMonth() + 1
  }
  get day() {
    return this.#local.getUTCDate()
  }
  get weekday() {
    return this.#local.getUTCDay()
  }
  get hour() {
    return this.#local.getUTCHours()
  }
  get minute() {
    return this.#local.getUTCMinutes()
  }
  get second() {
    return this.#local.getUTCSeconds()
  }
  add(millis: number): GoTime {
    return new GoTime(this.millis + millis, this.zone)
  }
  addDate(months: number, days: number): GoTime {
    return goDate(this.zone, this.year, this.month + months, this.day + days, this.hour, this.minute, this.second)
  }
}

/** Go's `time.Date`: reads the wall clock as UTC, looks the offset up there, and once more if it does not hold. */
function goDate(zone: Zone, year: number, month: number, day: number, hour = 0, minute = 0, second = 0): GoTime {
  const wall = Date.UTC(year, month - 1, day, hour, minute, second)
  const span = zone.spans[zone.spanIndexAt(wall)]!
  const utc = wall - span.offsetMillis
  const offset = utc < span.from || utc >= span.to ? offsetAt(zone, utc) : span.offsetMillis
  return new GoTime(wall - offset, zone)
}

/** First instant after `after`, or undefined when five years have none. */
export function robfigNext(bits: readonly Bits[], zone: Zone, after: number): number | undefined {
  const [seconds, minutes, hours, days, months, weekdays] = bits as [Bits, Bits, Bits, Bits, Bits, Bits]
  let t = new GoTime((Math.floor(after / 1000) + 1) * 1000, zone)
  let added = false
  const begin = (start: GoTime) => {
    if (!added) t = start
    added = true
  }
  const dayMatches = () => {
    const [byMonth, byWeek] = [days.has(t.day), weekdays.has(t.weekday)]
    return days.has(STAR) || weekdays.has(STAR) ? byMonth && byWeek : byMonth || byWeek
  }
  const yearLimit = t.year + 5
  wrap: while (t.year <= yearLimit) {
    while (!months.has(t.month)) {
      begin(goDate(zone, t.year, t.month, 1))
      t = t.addDate(1, 0)
      if (t.month === 1) continue wrap
    }
    while (!dayMatches()) {
      begin(goDate(zone, t.year, t.month, t.day))
      t = t.addDate(0, 1)
      if (t.day === 1) continue wrap
    }
    while (!hours.has(t.hour)) {
      begin(goDate(zone, t.year, t.month, t.day, t.hour))
      t = t.add(3_600_000)
      if (t.hour === 0) continue wrap
    }
    while (!minutes.has(t.minute)) {
      begin(new GoTime(Math.floor(t.millis / 60_000) * 60_000, zone))
      t = t.add(60_000)
      if (t.minute === 0) continue wrap
    }
    while (!seconds.has(t.second)) {
      begin(t)
      t = t.add(1000)
      if (t.second === 0) continue wrap
    }
    return t.millis
  }
  return undefined
}

/** KFP's next run of a cron schedule: the next tick, or without catch-up the last one that is due. */
export function kfpNext(
  next: (after: number) => number | undefined,
  last: number,
  now: number,
  catchup: boolean,
  end = Number.POSITIVE_INFINITY,
): number | undefined {
  let found = next(last)
  if (found === undefined || found > end) return undefined
  if (catchup) return found
  for (let later = next(found); later !== undefined && later <= now && later <= end; later = next(found)) found = later
  return found
}
