/** What the operator remembers of an attempt between "start it" and "it is over". One entry a pod in flight, nothing afterwards. */
import type { Launch, TaskPath } from '../engine/types.ts'

export interface Attempt {
  readonly task: TaskPath
  readonly attempt: number
  readonly launch: Launch
  readonly podName: string
  /** The journal says that it ran: a missing pod is then a lost one, not one to be made. */
  readonly knownStarted: boolean
  stage: 'wanted' | 'created' | 'running' | 'over'
  /** Set when the engine gave it up; its end then counts as canceled. */
  cancelReason?: string
  /** Why it does not run yet. */
  waiting?: { readonly message: string; readonly since: number }
  /** Gives its place among the pods of the cluster back. */
  release?: () => void
  /** Ends waiting that is unlikely to help, or a pod that won't go. */
  timer?: NodeJS.Timeout
}

export const attemptKey = (task: TaskPath, attempt: number): string => `${task}#${attempt}`

/** To be called when nothing more will be heard of the attempt's pod. */
export function settle(attempt: Attempt): void {
  attempt.stage = 'over'
  clearTimeout(attempt.timer)
  attempt.release?.()
}
