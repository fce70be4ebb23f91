/** Whether a schedule stands still, by its user's wish or after too many failures in a row (rule 6). After: advance-schedule.ts. */
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'
import { formatInstant } from './run-names.ts'
import type { Explanation, RunFact, ScheduleObservation, ScheduleState } from './schedule-state.ts'

export interface Suspension {
  readonly state: ScheduleState
  readonly suspended: boolean
  readonly explanations: readonly Explanation[]
}

export function applySuspension(
  schedule: Schedule,
  state: ScheduleState,
  seen: ScheduleObservation,
  now: Instant,
): Suspension {
  const was = state.suspendedAt !== undefined
  const asked = seen.resumeRequestedAt !== undefined && seen.resumeRequestedAt >= (state.suspendedAt ?? now)
  // A user who also suspends by hand takes the suspension over, so that taking it back resumes.
  let byFailures = (state.suspendedByFailures ?? false) && !asked && !schedule.suspend
  const explanations: Explanation[] = []
  const failures = schedule.maxConsecutiveFailures
  if (!was && !schedule.suspend && failures > 0 && failuresInARow(seen.runs, state.resumedAt) >= failures) {
    byFailures = true
    const message = `the last ${failures} runs failed, so the schedule suspended itself; resume it when the cause is gone`
    explanations.push({ reason: 'SuspendedByFailures', message, event: true })
  }
  const suspended = schedule.suspend || byFailures
  const { suspendedAt, suspendedByFailures: _, ...rest } = state
  if (suspended) {
    const since = suspendedAt ?? now
    const message = `suspended since ${formatInstant(since)}: no runs are created, running ones go on`
    explanations.push({ reason: byFailures ? 'SuspendedByFailures' : 'Suspended', message, event: false })
    return {
      state: { ...rest, suspendedAt: since, ...(byFailures ? { suspendedByFailures: true } : {}) },
      suspended,
      explanations,
    }
  }
  if (!was) return { state, suspended, explanations }
  explanations.push({
    reason: 'Resumed',
    message: `resumed; catchup ${schedule.catchup} decides about the gap`,
    event: true,
  })
  return { state: { ...rest, resumedAt: now }, suspended, explanations }
}

/** Automated runs that failed one after the other, counted from the newest end back to the last success or resume. */
function failuresInARow(runs: readonly RunFact[], since: Instant | undefined): number {
  const ended = runs
    .filter((run) => isAutomated(run) && run.finishedAt !== undefined && run.finishedAt > (since ?? -Infinity))
    .sort((a, b) => b.finishedAt! - a.finishedAt!)
  const firstGood = ended.findIndex((run) => run.phase !== 'failed')
  return firstGood < 0 ? ended.length : firstGood
}

const isAutomated = ({ kind }: RunFact): boolean => kind === 'scheduled' || kind === 'triggered'
