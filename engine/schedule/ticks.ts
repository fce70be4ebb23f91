/** The instants of a schedule: cron in a zone with its daylight saving, or an even interval. Before: wall-clock.ts, zone.ts. After: slots.ts. */
import type { Instant } from '../types.ts'
import type { CronPattern } from './cron-pattern.ts'
import { type WallClockWalk, walkWallClock } from './wall-clock.ts'
import type { OffsetSpan, Zone } from './zone.ts'

/** An ordered set of instants that can be asked from both sides without walking through it. */
export interface TickSource {
  /** First tick strictly after the instant. */
  next(after: Instant): Instant | undefined
  /** Last tick strictly before the instant. */
  previous(before: Instant): Instant | undefined
}

/** What happens at a change of the clock; rule 13. */
export interface DstPolicy {
  /** A time that doesn't exist: moved by the gap, or dropped. */
  readonly gap: 'Shift' | 'Skip'
  /** A time that happens twice: once at the later instant, or both times. */
  readonly overlap: 'Second' | 'Both'
}

/** How far a search goes before it says that there is no tick: two leap days with a skipped century year between them, twice over. */
const HORIZON_MILLIS = 17 * 366 * 86_400_000

/**
 * Ticks of a cron pattern in a zone.
 *
 * Inside a span of one offset the wall clock runs evenly, so a tick is a matching wall time minus the offset. What is left are
 * the seams: a gap belongs to the span after it and is read with the offset before it (which is what "moved by the gap" means),
 * an overlap's first pass is the tail of the span before it.
 */
export function cronTicks(pattern: CronPattern, zone: Zone, dst: DstPolicy): TickSource {
  const walk = walkWallClock(pattern)
  const shift = dst.gap === 'Shift' && !pattern.everyHour
  const dropFirstPass = dst.overlap === 'Second' && !pattern.everyHour
  const { spans } = zone
  const seam = (index: number): Seam => {
    const span = spans[index]!
    const before = spans[index - 1]?.offsetMillis ?? span.offsetMillis
    const after = spans[index + 1]?.offsetMillis ?? span.offsetMillis
    const overlap = Math.max(0, span.offsetMillis - after)
    const gap = Math.max(0, span.offsetMillis - before)
    return {
      span,
      naturalTo: dropFirstPass && overlap > 0 ? span.to - overlap : span.to,
      gapTo: shift && gap > 0 ? Math.min(span.to, span.from + gap) : Number.NEGATIVE_INFINITY,
      offsetBefore: before,
    }
  }
  return remembering({
    next(after) {
      const limit = after + HORIZON_MILLIS
      for (let index = zone.spanIndexAt(after + 1); index < spans.length; index += 1) {
        if (spans[index]!.from > limit) return undefined
        const found = firstInSeam(walk, seam(index), after + 1, limit)
        if (found !== undefined) return found
      }
      return undefined
    },
    previous(before) {
      const limit = before - HORIZON_MILLIS
      for (let index = zone.spanIndexAt(before - 1); index >= 0; index -= 1) {
        if (spans[index]!.to < limit) return undefined
        const found = lastInSeam(walk, seam(index), before - 1, limit)
        if (found !== undefined) return found
      }
      return undefined
    },
  })
}

/** Remembers the last answer: one pass over a schedule asks for the same next tick several times. */
function remembering(source: TickSource): TickSource {
  let asked = Number.NaN
  let answer: Instant | undefined
  return {
    next(after) {
      if (after !== asked) {
        answer = source.next(after)
        asked = after
      }
      return answer
    },
    previous: source.previous,
  }
}

/** A span with the parts of it that daylight saving treats differently. */
interface Seam {
  readonly span: OffsetSpan
  /** Ordinary ticks end here: earlier than the span when the first pass of an overlap is dropped. */
  readonly naturalTo: Instant
  /** Ticks moved out of a gap lie before this instant; -Infinity when there are none. */
  readonly gapTo: Instant
  readonly offsetBefore: number
}

function firstInSeam(walk: WallClockWalk, seam: Seam, atLeast: Instant, limit: Instant): Instant | undefined {
  const { span, naturalTo, gapTo, offsetBefore } = seam
  const from = Math.max(atLeast, span.from)
  const pick = (offset: number, to: Instant) => {
    if (from >= to) return undefined
    const last = Math.min(to, limit)
    const wall = walk.atOrAfter(from + offset, last + offset)
    return wall !== undefined && wall - offset < to ? wall - offset : undefined
  }
  const natural = pick(span.offsetMillis, naturalTo)
  const shifted = pick(offsetBefore, gapTo)
  if (natural === undefined || shifted === undefined) return natural ?? shifted
  return Math.min(natural, shifted)
}

function lastInSeam(walk: WallClockWalk, seam: Seam, atMost: Instant, limit: Instant): Instant | undefined {
  const { span, naturalTo, gapTo, offsetBefore } = seam
  const pick = (offset: number, to: Instant) => {
    const last = Math.min(atMost, to - 1)
    if (to <= span.from || last < span.from) return undefined
    const lowest = Math.max(span.from, limit)
    const wall = walk.atOrBefore(last + offset, lowest + offset)
    return wall !== undefined && wall - offset >= span.from ? wall - offset : undefined
  }
  const natural = pick(span.offsetMillis, naturalTo)
  const shifted = pick(offsetBefore, gapTo)
  if (natural === undefined || shifted === undefined) return natural ?? shifted
  return Math.max(natural, shifted)
}

/** start, start + every, start + 2 every, …: never re-phased, whatever happens to the clock (rule 1). */
export function everyTicks(start: Instant, everyMillis: number): TickSource {
  return {
    next: (after) => start + Math.max(0, Math.floor((after - start) / everyMillis) + 1) * everyMillis,
    previous(before) {
      const count = Math.ceil((before - start) / everyMillis) - 1
      return count < 0 ? undefined : start + count * everyMillis
    },
  }
}

/** One tick. */
export function onceTick(at: Instant): TickSource {
  return {
    next: (after) => (after < at ? at : undefined),
    previous: (before) => (before > at ? at : undefined),
  }
}

/** No tick: manual schedules, and `continuous`, whose instants depend on its runs. */
export const NO_TICKS: TickSource = { next: () => undefined, previous: () => undefined }

/** At most `count` ticks after the instant, in order. */
export function nextInstants(source: TickSource, after: Instant, count: number): Instant[] {
  const found: Instant[] = []
  for (let at = source.next(after); at !== undefined && found.length < count; at = source.next(at)) found.push(at)
  return found
}
