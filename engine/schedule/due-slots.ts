/** Which due slots become runs and which are dropped: rule 3, asked only when a run can be created (rule 4). Before: slots.ts. After: advance-schedule.ts. */
import type { Issue } from '../../api/issue.ts'
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'
import { firstSlotDueFrom, newestDueSlot, nextSlot, type Slot } from './slots.ts'

/** Slots that were given up, from the first to the last. */
export interface DroppedSlots {
  readonly from: Instant
  readonly to: Instant
  /** At most COUNT_LIMIT; more than that is said as "more than". */
  readonly count: number
}

export interface DueSlots {
  /** Oldest first, at most as many as asked for. */
  readonly slots: readonly Slot[]
  readonly dropped?: DroppedSlots
}

/** Counting stops here: it is for a message only. */
export const COUNT_LIMIT = 1000

/** What is due at `now` after the cursor. `skippedBefore`: slots due before it were missed on purpose (creation, suspension). */
export function dueSlots(
  schedule: Schedule,
  cursor: Instant | undefined,
  now: Instant,
  skippedBefore: Instant,
  count: number,
): DueSlots {
  const first = nextSlot(schedule, cursor)
  if (first === undefined || first.runAfter > now) return { slots: [] }
  if (schedule.catchup === 'All') return { slots: slotsFrom(schedule, first, now, count) }
  const kept =
    schedule.catchup === 'Latest'
      ? newestDueSlot(schedule, cursor, now)
      : firstInTime(schedule, cursor, now, skippedBefore)
  if (kept === undefined) return { slots: [], dropped: dropped(schedule, first, newestDueSlot(schedule, cursor, now)!) }
  const before = schedule.ticks.previous(kept.logicalDate)
  const gone = before === undefined || before < first.logicalDate ? undefined : { to: before }
  const slots = schedule.catchup === 'Latest' ? [kept] : slotsFrom(schedule, kept, now, count)
  return gone ? { slots, dropped: dropped(schedule, first, { logicalDate: gone.to }) } : { slots }
}

/** Slots that are due at `now`, at most COUNT_LIMIT. */
export function countDue(schedule: Schedule, cursor: Instant | undefined, now: Instant, limit: number): number {
  const first = nextSlot(schedule, cursor)
  return first === undefined || first.runAfter > now ? 0 : slotsFrom(schedule, first, now, limit).length
}

/** From here on a backlog is worth a warning. */
export const LARGE_BACKLOG = 100

/** Told when a schedule is made: what its start in the past will make of it under catchup All. */
export function backlogWarnings(schedule: Schedule, now: Instant): Issue[] {
  if (schedule.catchup !== 'All') return []
  const due = countDue(schedule, undefined, now, COUNT_LIMIT)
  if (due <= LARGE_BACKLOG) return []
  const count = due >= COUNT_LIMIT ? `${COUNT_LIMIT} or more` : String(due)
  return [
    {
      code: 'large-backlog',
      severity: 'warning',
      path: 'spec.startTime',
      message: `catchup All makes up ${count} instants since startTime, ${schedule.maxActiveRuns} runs at once`,
      hint: 'set catchup to Latest or None, or a later startTime, and backfill the dates that you need',
    },
  ]
}

/** catchup None: the first slot that is not too late; without a deadline only the one whose successor is not due yet. */
function firstInTime(
  schedule: Schedule,
  cursor: Instant | undefined,
  now: Instant,
  skippedBefore: Instant,
): Slot | undefined {
  const deadline = schedule.startingDeadlineMillis
  const slot =
    deadline === undefined
      ? newestDueSlot(schedule, cursor, now)
      : firstSlotDueFrom(schedule, cursor, Math.max(now - deadline, skippedBefore))
  return slot && slot.runAfter <= now && slot.runAfter >= skippedBefore ? slot : undefined
}

function slotsFrom(schedule: Schedule, first: Slot, now: Instant, count: number): Slot[] {
  const slots: Slot[] = []
  for (let slot: Slot | undefined = first; slot && slot.runAfter <= now && slots.length < count; ) {
    slots.push(slot)
    slot = nextSlot(schedule, slot.logicalDate)
  }
  return slots
}

function dropped(schedule: Schedule, first: Slot, last: { readonly logicalDate: Instant }): DroppedSlots {
  let count = 0
  for (
    let at: Instant | undefined = first.logicalDate;
    at !== undefined && at <= last.logicalDate && count < COUNT_LIMIT;
  ) {
    count += 1
    at = schedule.ticks.next(at)
  }
  return { from: first.logicalDate, to: last.logicalDate, count }
}
