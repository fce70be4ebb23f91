/** A schedule's ticks as runs to be: logical date, data interval, and the instant at which each is due. Before: ticks.ts. After: due.ts. */
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'

/** One run that the schedule wants. Trigger: everything is the tick. Data intervals: `[tick, next tick)`, due at its end. */
export interface Slot {
  readonly logicalDate: Instant
  readonly intervalStart: Instant
  readonly intervalEnd: Instant
  /** The run may be created from here on. */
  readonly runAfter: Instant
}

/** The first slot after the cursor (the logical date of the last handled slot), or the schedule's first. */
export function nextSlot(schedule: Schedule, cursor: Instant | undefined): Slot | undefined {
  const after = cursor === undefined ? schedule.firstInstant - 1 : Math.max(cursor, schedule.firstInstant - 1)
  const tick = schedule.ticks.next(after)
  return tick === undefined || beyondEnd(schedule, tick) ? undefined : slotAt(schedule, tick)
}

/** The newest slot after the cursor that is due at `now`; found from the end, so a long gap costs nothing (rule 14). */
export function newestDueSlot(schedule: Schedule, cursor: Instant | undefined, now: Instant): Slot | undefined {
  let tick = schedule.ticks.previous(now + 1)
  if (tick !== undefined && intervalsOf(schedule)) tick = schedule.ticks.previous(tick)
  if (tick !== undefined && beyondEnd(schedule, tick)) tick = schedule.ticks.previous(schedule.endInstant! + 1)
  if (tick === undefined || tick < schedule.firstInstant || (cursor !== undefined && tick <= cursor)) return undefined
  return slotAt(schedule, tick)
}

/** The first slot after the cursor that falls due at or after `from`. */
export function firstSlotDueFrom(schedule: Schedule, cursor: Instant | undefined, from: Instant): Slot | undefined {
  let tick = schedule.ticks.next(from - 1)
  if (tick !== undefined && intervalsOf(schedule)) tick = schedule.ticks.previous(tick)
  const slot = tick === undefined ? undefined : nextSlot(schedule, tick - 1)
  const next = nextSlot(schedule, cursor)
  return slot && next && slot.logicalDate > next.logicalDate ? slot : next
}

/** The slot of a tick; undefined when a data interval would never end. */
export function slotAt(schedule: Schedule, tick: Instant): Slot | undefined {
  const end = intervalsOf(schedule) ? schedule.ticks.next(tick) : tick
  return end === undefined ? undefined : { logicalDate: tick, intervalStart: tick, intervalEnd: end, runAfter: end }
}

/** The last complete interval before the instant: what a manual run with that logical date stands for. */
export function intervalBefore(schedule: Schedule, at: Instant): { start: Instant; end: Instant } {
  if (!intervalsOf(schedule)) return { start: at, end: at }
  const end = schedule.ticks.previous(at + 1)
  const start = end === undefined ? undefined : schedule.ticks.previous(end)
  return end === undefined || start === undefined ? { start: at, end: at } : { start, end }
}

/** `once` has a single tick and so no interval; it is always a point. */
function intervalsOf(schedule: Schedule): boolean {
  return schedule.dataIntervals && (schedule.kind === 'cron' || schedule.kind === 'every')
}

function beyondEnd(schedule: Schedule, tick: Instant): boolean {
  return schedule.endInstant !== undefined && tick > schedule.endInstant
}
