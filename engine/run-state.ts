/** What the engine remembers of a run: plain JSON, rebuilt from the journal. Written by advance.ts and its helpers, read by everyone. */
import type { TaskOutputs } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import type { FailureCause, RunError, RunStateWord, TaskStateWord } from '../api/run-report.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import type { Instant, RunConfig, TaskPath } from './types.ts'

/**
 * Where an unfinished leaf task stands: `reuse` asked for a result of the run that is reused, `cache` asked the cache, `queued`
 * waits for a place among the attempts in flight, `running` has an attempt whose end is not known, `backoff` waits before its next attempt.
 */
export type LeafPhase = 'reuse' | 'cache' | 'queued' | 'running' | 'backoff'

/** Why the engine asked for an attempt's end. */
export type StopReason = 'timeout' | 'canceled'

/** One task, iteration, or the root. Fields that do not apply are absent: a run may have a hundred thousand of these. */
export interface TaskNode {
  /** Index into `Program.tasks`. */
  readonly plan: number
  /** Iterations of a loop: which one. */
  readonly index?: number
  state: TaskStateWord
  /** Upstream tasks that have not ended. */
  waiting?: number
  /** One of the upstream tasks was skipped / ended without success. */
  upstreamSkipped?: true
  upstreamFailed?: true
  /** Was SKIPPED because something failed, not because of a condition: a retry of the run runs it. */
  blocked?: true
  startTime?: Instant
  endTime?: Instant
  error?: RunError
  outputs?: TaskOutputs

  // Leaf tasks
  phase?: LeafPhase
  /** Number of the last attempt; attempts count from 1 and are never numbered twice, not even by a retry of the run. */
  attempt?: number
  /** The attempt is known to have started. */
  started?: true
  stopping?: StopReason
  /** When its time was up, kept while it is not known whether its process went on without the executor. */
  deadline?: Instant
  /** Digest of the image that the last attempt ran. */
  image?: string
  /** Failed attempts by cause, since the run was last retried. */
  failures?: Partial<Record<FailureCause, number>>
  /** When the back-off ends. */
  retryAt?: Instant
  /** Waits for a time: which. */
  waitUntil?: Instant
  /** Other waits: what was last seen, as a sentence. */
  seen?: string

  // Graphs (and iterations, and loops)
  /** Inputs as seen by the tasks inside. An iteration has those of its loop and its item. */
  inputs?: ResolvedInputs
  /** Tasks inside (running iterations of a loop) that have not ended; defined once the graph was entered. */
  open?: number
  failed?: true
  canceled?: true
  /** Entered before: finished tasks inside stay. */
  resume?: true
  /** An attempt was started inside this iteration. */
  begun?: true
  /** An iteration of an earlier round, whose loop began anew: it stands for its attempt numbers only, until its turn comes. */
  stale?: true

  // Loops
  /** Iterations in all. */
  total?: number
  /** The iteration to look at next. */
  next?: number
  /** Items that came as JSON text, parsed. */
  items?: readonly JsonValue[]
}

/** An appointment with the clock; ignored when the attempt is over by then. */
export interface Timer {
  readonly at: Instant
  readonly kind: 'retry' | 'task-timeout' | 'run-timeout' | 'wait-due'
  readonly task: TaskPath
  readonly attempt: number
}

export interface RunState {
  config: RunConfig
  state: RunStateWord
  readonly tasks: Record<TaskPath, TaskNode>
  /** Attempts of container tasks in flight. */
  inFlight: number
  /** Leaf tasks that wait for a place: those from `head` on. */
  queue: { head: number; items: TaskPath[] }
  /** Binary heap by `at`. */
  readonly timers: Timer[]
  /** The last `wake-at` that was sent. */
  wakeAt?: Instant
  /** No new work starts; why. */
  stop?: { readonly reason: StopReason; readonly message: string }
  startTime?: Instant
  endTime?: Instant
}

/** Is the run over? */
export function isFinished(state: RunState): boolean {
  return state.endTime !== undefined
}

/** Has the task ended, in whatever way? */
export function hasEnded(node: TaskNode): boolean {
  return node.state !== 'PENDING' && node.state !== 'RUNNING'
}
