/** dependsOnPast: what has to have gone well before (rule 10). After: advance-schedule.ts, advance-backfill.ts, and the run engine per task. */
import type { Instant } from '../types.ts'
import { formatInstant } from './run-names.ts'
import type { RunFact } from './schedule-state.ts'

export type Gate =
  | { readonly open: true }
  | { readonly open: false; readonly failed: boolean; readonly message: string }

const OPEN: Gate = { open: true }

/** The automated run with the greatest logical date before this one; of two for a date, the one created last. */
export function previousRun(runs: readonly RunFact[], logicalDate: Instant): RunFact | undefined {
  let found: RunFact | undefined
  for (const run of runs) {
    if (run.kind === 'manual' || run.logicalDate === null || run.logicalDate >= logicalDate) continue
    const order = found === undefined ? 1 : run.logicalDate - found.logicalDate! || run.createdAt - found.createdAt
    if (order > 0) found = run
  }
  return found
}

/** dependsOnPast Run: may the run of this logical date be created? The first one may. */
export function gateRun(runs: readonly RunFact[], logicalDate: Instant): Gate {
  const past = previousRun(runs, logicalDate)
  if (past === undefined || past.phase === 'succeeded' || past.phase === 'skipped') return OPEN
  const failed = past.phase === 'failed' || past.phase === 'canceled'
  const what = failed ? `ended as ${past.phase}; retry or delete it` : 'has not ended'
  return {
    open: false,
    failed,
    message: `${formatInstant(logicalDate)} waits: the run before it, ${past.name}, ${what}`,
  }
}

/** State of a task in the run before, as its report says it. */
export type PastTaskState = 'PENDING' | 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'SKIPPED' | 'CANCELED' | 'CACHED'

/**
 * dependsOnPast Task: may this task start? A task that the previous run doesn't have starts, and so does one without a previous run.
 *
 * @param previous States of the previous run's tasks by name, or undefined when there is no previous run.
 */
export function gateTask(task: string, previous: Readonly<Record<string, PastTaskState>> | undefined): Gate {
  const state = previous?.[task]
  if (state === undefined || state === 'SUCCEEDED' || state === 'SKIPPED' || state === 'CACHED') return OPEN
  const failed = state === 'FAILED' || state === 'CANCELED'
  return {
    open: false,
    failed,
    message: `${task} waits: in the run before it is ${state}${failed ? '; retry that run' : ''}`,
  }
}
