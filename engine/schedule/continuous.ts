/** `continuous`: the next run begins when the one before has ended. After: advance-schedule.ts. */
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'
import type { RunFact, ScheduleState } from './schedule-state.ts'
import type { Slot } from './slots.ts'

/**
 * The slot after the last ended run, or undefined while one is unfinished or the end is passed. Computed from what is seen
 * alone, so that a pass repeated after a crash meets the same logical date; whole seconds, because names count seconds.
 */
export function continuousSlot(schedule: Schedule, state: ScheduleState, runs: readonly RunFact[]): Slot | undefined {
  const own = runs.filter((run) => run.kind === 'scheduled' && run.logicalDate !== null)
  if (own.some((run) => run.phase === 'active' || run.phase === 'held')) return undefined
  const last = own.reduce<RunFact | undefined>((a, b) => (a && a.logicalDate! >= b.logicalDate! ? a : b), undefined)
  const before = Math.max(state.cursor ?? -Infinity, last?.logicalDate ?? -Infinity)
  const earliest = Math.max(
    schedule.firstInstant,
    before + 1000,
    last?.finishedAt ?? -Infinity,
    state.resumedAt ?? -Infinity,
  )
  const at: Instant = Math.ceil(earliest / 1000) * 1000
  if (schedule.endInstant !== undefined && at > schedule.endInstant) return undefined
  return { logicalDate: at, intervalStart: before === -Infinity ? at : before, intervalEnd: at, runAfter: at }
}
