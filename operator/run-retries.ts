/** Which retry of a run a session carries out. Pure. What is asked for while it runs is carried out after its end. */
import type { RunView } from './run-view.ts'

type Asked = Pick<RunView, 'retryCount' | 'retriesDone' | 'startedAt' | 'cancel'>

export interface RetryPlan {
  /** The session is over and has to go on. */
  readonly begins: boolean
  /** The `spec.retryCount` that it is the run of. */
  readonly retryCount: number
}

/** @param journal what the session read: a retry that the status does not show yet may have begun before */
export function planRetry(view: Asked, journal: { readonly isFinished: boolean; readonly retries: number }): RetryPlan {
  const known = Math.max(view.retriesDone, journal.retries)
  const begins = journal.isFinished && view.retryCount > known && !view.cancel
  // However high it is asked for, it is one retry; and a run that never started has none before it.
  return { begins, retryCount: begins || view.startedAt === undefined ? view.retryCount : known }
}

/** What is carried out when the session ends: a cancel takes back the retries that were asked for before it. */
export const retriesAtEnd = (view: Asked, { retryCount }: RetryPlan): number =>
  view.cancel ? Math.max(view.retryCount, retryCount) : retryCount
