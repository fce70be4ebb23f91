/** What the operator remembers of an attempt between "start it" and "it is over". One entry a pod in flight, nothing afterwards. */
import type { FailureCause } from '../api/run-report.ts'
import type { ImportRequest, Launch, TaskPath } from '../engine/types.ts'
import type { Place } from './admission/pod-places.ts'
import type { PastGate } from './past-tasks.ts'
import type { SessionContext } from './run-session.ts'

export interface Attempt {
  readonly task: TaskPath
  readonly attempt: number
  readonly launch: Launch
  readonly podName: string
  /** The journal says that it ran: a missing pod is then a lost one, not one to be made. */
  readonly knownStarted: boolean
  /** The pod is ours: it copies this artifact to the workspace. */
  readonly imports?: ImportRequest
  /** Digest of the image of its step, once the node tells it. */
  image?: string | undefined
  stage: 'wanted' | 'created' | 'running' | 'over'
  /** Set when the engine gave it up; its end then counts as canceled. */
  cancelReason?: string
  /** Why it does not run yet, in one sentence. */
  waiting?: { readonly message: string; readonly since: number }
  /** Its node prepares it. */
  isSettingUp?: true
  /** Where it waits for the run before. */
  gate?: PastGate
  /** Its place among the pods of the cluster, or in the line for one. */
  place?: Place
  /** Ends a wait that is unlikely to help. */
  grace?: { readonly cause: FailureCause; readonly timer: NodeJS.Timeout }
  /** Removes a pod by force that does not go. */
  removal?: NodeJS.Timeout
  /** Of its outputs, while they are read: aborts when nothing more will be written. */
  complete?: AbortController
  /** Its pod was to go and did not within its time. */
  nodeSilent?: boolean
}

export const attemptKey = (task: TaskPath, attempt: number): string => `${task}#${attempt}`

/** To be called when nothing more will be heard of the attempt's pod. */
export function settle(attempt: Attempt): void {
  attempt.stage = 'over'
  noGrace(attempt)
  noRemoval(attempt)
  attempt.gate?.leave()
  leaveLine(attempt)
}

/** Gives its place back, or its turn in the line for one. */
export function leaveLine(attempt: Attempt): void {
  attempt.place?.leave()
  delete attempt.place
}

/** It waits with hope again, or no more. */
export function noGrace(attempt: Attempt): void {
  clearTimeout(attempt.grace?.timer)
  delete attempt.grace
}

/** Nobody has to remove its pod by force any more. */
export function noRemoval(attempt: Attempt): void {
  clearTimeout(attempt.removal)
  delete attempt.removal
}

/** Just after a wait becomes worth a person's attention (run-status.ts). */
const WORTH_TELLING_MILLIS = 5_100

/** Notes why an attempt waits, and has it told when it lasts. The reason is asked for when it is told: places in lines change. */
export function keepWaiting(
  { ports, refresh }: Pick<SessionContext, 'ports' | 'refresh'>,
  attempt: Attempt,
  reason: () => string,
): void {
  const before = attempt.waiting
  const since = before?.since ?? ports.now()
  const isNews = before !== undefined && ports.now() - since > WORTH_TELLING_MILLIS && before.message !== reason()
  attempt.waiting = {
    get message() {
      return reason()
    },
    since,
  }
  // Only now: a status may be put together at once.
  if (isNews) refresh()
  if (!before) setTimeout(() => attempt.waiting && refresh(), WORTH_TELLING_MILLIS).unref()
}
