/** Offsets of a time zone as spans between its changes, read once from the runtime's own zone tables (Intl). After: ticks.ts. */
import type { Instant } from '../types.ts'

/** A stretch of time with one offset from UTC. */
export interface OffsetSpan {
  /** First instant of the span; -Infinity for the first. */
  readonly from: Instant
  /** First instant after the span; Infinity for the last. */
  readonly to: Instant
  /** Local time minus UTC. */
  readonly offsetMillis: number
}

export interface Zone {
  readonly name: string
  /** In order, without holes. */
  readonly spans: readonly OffsetSpan[]
  /** Index of the span that holds the instant. */
  spanIndexAt(instant: Instant): number
}

// Changes are looked for in this window only; outside of it the nearest offset holds. 2100 is past any sensible end time.
const WINDOW_FROM = Date.UTC(1970, 0, 1)
const WINDOW_TO = Date.UTC(2100, 0, 1)
// No zone has had two changes within a week of each other that cancel out (the shortest are Morocco's four weeks).
const SAMPLE_STEP = 7 * 86_400_000

const known = new Map<string, Zone | undefined>()

/**
 * The zone of an IANA name, or undefined when the runtime doesn't know it.
 *
 * @example
 * loadZone('Europe/Zurich')?.spans.length // 120 or so: two a year since 1981
 */
export function loadZone(name: string): Zone | undefined {
  if (!known.has(name)) known.set(name, readZone(name))
  return known.get(name)
}

/** Local time minus UTC at the instant. */
export function offsetAt(zone: Zone, instant: Instant): number {
  return zone.spans[zone.spanIndexAt(instant)]!.offsetMillis
}

function readZone(name: string): Zone | undefined {
  const offset = offsetReader(name)
  if (offset === undefined) return undefined
  const spans: OffsetSpan[] = []
  let from = Number.NEGATIVE_INFINITY
  let current = offset(WINDOW_FROM)
  for (let at = WINDOW_FROM; at < WINDOW_TO; at += SAMPLE_STEP) {
    const next = offset(at + SAMPLE_STEP)
    if (next === current) continue
    const change = firstInstantWith(offset, at, at + SAMPLE_STEP, current)
    spans.push({ from, to: change, offsetMillis: current })
    from = change
    current = next
  }
  spans.push({ from, to: Number.POSITIVE_INFINITY, offsetMillis: current })
  return { name, spans, spanIndexAt: (instant) => lastIndexFrom(spans, instant) }
}

/** Bisects to the first second whose offset differs from `before`. */
function firstInstantWith(offset: (at: Instant) => number, low: Instant, high: Instant, before: number): Instant {
  let [same, different] = [low / 1000, high / 1000]
  while (different - same > 1) {
    const middle = Math.floor((same + different) / 2)
    if (offset(middle * 1000) === before) same = middle
    else different = middle
  }
  return different * 1000
}

function lastIndexFrom(spans: readonly OffsetSpan[], instant: Instant): number {
  let [low, high] = [0, spans.length - 1]
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (spans[middle]!.from <= instant) low = middle
    else high = middle - 1
  }
  return low
}

function offsetReader(name: string): ((at: Instant) => number) | undefined {
  let format: Intl.DateTimeFormat
  try {
    format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' })
  } catch {
    return undefined
  }
  return (at) => {
    const match = /GMT(?:([+-])(\d{2}):(\d{2})(?::(\d{2}))?)?$/.exec(format.format(at))
    if (!match?.[1]) return 0
    const seconds = Number(match[2]) * 3600 + Number(match[3]) * 60 + Number(match[4] ?? 0)
    return (match[1] === '-' ? -seconds : seconds) * 1000
  }
}
