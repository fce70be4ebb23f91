/** Finds the wall-clock times that a cron pattern matches, as if the clock had no zone. Before: cron-pattern.ts. After: ticks.ts. */
import type { CronPattern } from './cron-pattern.ts'

/** A wall-clock time written as the epoch milliseconds that UTC would have at that reading. */
export type WallMillis = number

/** Both directions of a walk over matching wall-clock times; each step costs a few comparisons. */
export interface WallClockWalk {
  /** The first match at or after `from`, or undefined when there is none within `limit`. */
  atOrAfter(from: WallMillis, limit: WallMillis): WallMillis | undefined
  /** The last match at or before `from`, or undefined when there is none down to `limit`. */
  atOrBefore(from: WallMillis, limit: WallMillis): WallMillis | undefined
}

const SECOND = 1000
const DAY_SECONDS = 86_400

export function walkWallClock(pattern: CronPattern): WallClockWalk {
  const matches = dayMatcher(pattern)
  const first = timeOfDayAtOrAfter(pattern, 0)!
  const last = timeOfDayAtOrBefore(pattern, DAY_SECONDS - 1)!
  return {
    atOrAfter(from, limit) {
      const second = Math.ceil(from / SECOND)
      let day = Math.floor(second / DAY_SECONDS)
      if (matches(day)) {
        const time = timeOfDayAtOrAfter(pattern, second - day * DAY_SECONDS)
        if (time !== undefined) return (day * DAY_SECONDS + time) * SECOND
      }
      const lastDay = Math.floor(limit / SECOND / DAY_SECONDS)
      for (day += 1; day <= lastDay; day += 1) if (matches(day)) return (day * DAY_SECONDS + first) * SECOND
      return undefined
    },
    atOrBefore(from, limit) {
      const second = Math.floor(from / SECOND)
      let day = Math.floor(second / DAY_SECONDS)
      if (matches(day)) {
        const time = timeOfDayAtOrBefore(pattern, second - day * DAY_SECONDS)
        if (time !== undefined) return (day * DAY_SECONDS + time) * SECOND
      }
      const firstDay = Math.floor(limit / SECOND / DAY_SECONDS)
      for (day -= 1; day >= firstDay; day -= 1) if (matches(day)) return (day * DAY_SECONDS + last) * SECOND
      return undefined
    },
  }
}

/** Remembers the last day asked: a walk asks the same day many times. */
function dayMatcher(pattern: CronPattern): (day: number) => boolean {
  const daysOfMonth = new Set(pattern.daysOfMonth)
  const months = new Set(pattern.months)
  const daysOfWeek = new Set(pattern.daysOfWeek)
  let known = Number.NaN
  let answer = false
  return (day) => {
    if (day === known) return answer
    known = day
    const date = new Date(day * DAY_SECONDS * SECOND)
    const byMonth = daysOfMonth.has(date.getUTCDate())
    const byWeek = daysOfWeek.has(date.getUTCDay())
    answer = months.has(date.getUTCMonth() + 1) && (pattern.eitherDay ? byMonth || byWeek : byMonth && byWeek)
    return answer
  }
}

/** Second of the day of the first match at or after `from`, or undefined when the day has no more. */
function timeOfDayAtOrAfter(pattern: CronPattern, from: number): number | undefined {
  if (from >= DAY_SECONDS) return undefined
  const hour = Math.floor(from / 3600)
  const minute = Math.floor((from % 3600) / 60)
  const foundHour = atLeast(pattern.hours, hour)
  if (foundHour === hour) {
    const foundMinute = atLeast(pattern.minutes, minute)
    if (foundMinute === minute) {
      const second = atLeast(pattern.seconds, from % 60)
      if (second !== undefined) return hour * 3600 + minute * 60 + second
    }
    const later = foundMinute === minute ? atLeast(pattern.minutes, minute + 1) : foundMinute
    if (later !== undefined) return hour * 3600 + later * 60 + pattern.seconds[0]!
  }
  const laterHour = foundHour === hour ? atLeast(pattern.hours, hour + 1) : foundHour
  return laterHour === undefined ? undefined : laterHour * 3600 + pattern.minutes[0]! * 60 + pattern.seconds[0]!
}

function timeOfDayAtOrBefore(pattern: CronPattern, from: number): number | undefined {
  const hour = Math.floor(from / 3600)
  const minute = Math.floor((from % 3600) / 60)
  const foundHour = atMost(pattern.hours, hour)
  const lastSecond = pattern.seconds.at(-1)!
  if (foundHour === hour) {
    const foundMinute = atMost(pattern.minutes, minute)
    if (foundMinute === minute) {
      const second = atMost(pattern.seconds, from % 60)
      if (second !== undefined) return hour * 3600 + minute * 60 + second
    }
    const earlier = foundMinute === minute ? atMost(pattern.minutes, minute - 1) : foundMinute
    if (earlier !== undefined) return hour * 3600 + earlier * 60 + lastSecond
  }
  const earlierHour = foundHour === hour ? atMost(pattern.hours, hour - 1) : foundHour
  return earlierHour === undefined ? undefined : earlierHour * 3600 + pattern.minutes.at(-1)! * 60 + lastSecond
}

function atLeast(sorted: readonly number[], value: number): number | undefined {
  return sorted.find((candidate) => candidate >= value)
}

function atMost(sorted: readonly number[], value: number): number | undefined {
  return sorted.findLast((candidate) => candidate <= value)
}
