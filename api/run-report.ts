/** What `kfp-ts run --json` prints and what the servers show of a run: states are KFP's words (design.md chapter 5). */
import type { RuntimeArtifact } from './executor-io.ts'
import type { JsonValue } from './json.ts'

export const RUN_STATES = [
  'PENDING',
  'RUNNING',
  'SUCCEEDED',
  'FAILED',
  'CANCELING',
  'CANCELED',
  'PAUSED',
  'SKIPPED',
] as const
export type RunStateWord = (typeof RUN_STATES)[number]
export const TASK_STATES = ['PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED', 'SKIPPED', 'CANCELED', 'CACHED'] as const
export type TaskStateWord = (typeof TASK_STATES)[number]

/** Why an attempt failed; each has its own retry budget. */
export const FAILURE_CAUSES = [
  'application',
  'preempted',
  'evicted',
  'oom',
  'image',
  'configuration',
  'infrastructure',
  'timeout',
] as const
export type FailureCause = (typeof FAILURE_CAUSES)[number]

export interface RunError {
  /** Failure cause or a stable kebab-case code. */
  readonly code: string
  readonly message: string
  /** Path of the task that it started with. */
  readonly task?: string
  /** Last lines of the failed attempt's log. */
  readonly logTail?: string
}
export interface TaskReport {
  /** For example `root/for-loop-2[3]/train`. */
  readonly path: string
  /** Display name. */
  readonly name: string
  readonly state: TaskStateWord
  readonly cached: boolean
  /** Attempts started so far. */
  readonly attempts: number
  /** RFC 3339 UTC. */
  readonly startTime?: string
  readonly endTime?: string
  readonly outputs: {
    readonly parameters: Readonly<Record<string, JsonValue>>
    readonly artifacts: Readonly<Record<string, readonly RuntimeArtifact[]>>
  }
  /** The image that the last attempt ran, by its digest; in a cluster. */
  readonly image?: string
  readonly error?: RunError
  /** While it waits without a pod: what for, or what was last seen. */
  readonly waitingFor?: string
}
export interface RunReport {
  readonly runId: string
  readonly pipeline: string
  readonly state: RunStateWord
  /** Outputs of the pipeline: parameters as JSON values; artifacts as RuntimeArtifact, or a list of them for list outputs. */
  readonly outputs: Readonly<Record<string, JsonValue>>
  readonly tasks: readonly TaskReport[]
  readonly error?: RunError
}
