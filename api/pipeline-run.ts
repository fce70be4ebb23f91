/** The PipelineRun and Pipeline resources: what a user applies to a cluster and what the operator answers. */
import type { JsonObject, JsonValue } from './json.ts'
import type { FailureCause } from './run-report.ts'

export const API_GROUP = 'pipelines.kfp-ts.dev'
export const API_VERSION = 'v1alpha1'

/** Labels that the operator puts on what it makes; selectors and tests may rely on them. */
export const LABELS = {
  /** Uid of the run. */
  run: `${API_GROUP}/run`,
  runName: `${API_GROUP}/run-name`,
  pipeline: `${API_GROUP}/pipeline`,
  task: `${API_GROUP}/task`,
  attempt: `${API_GROUP}/attempt`,
  /** Name of the ScheduledRun that made the run. */
  schedule: `${API_GROUP}/schedule`,
  /** On a PipelineRun that a server made: the id that its client was told. Other runs have their uid as their id. */
  runId: `${API_GROUP}/run-id`,
  /** On the ScheduledRun that a server made for a recurring run, and on its PipelineRuns: the id that the client was told. */
  recurringRun: `${API_GROUP}/recurring-run-id`,
} as const
/** On a PipelineRun: its name for people, of any characters. */
export const DISPLAY_NAME_ANNOTATION = `${API_GROUP}/display-name`
/** On a PipelineRun: name of the experiment of its namespace that it is recorded in. @default Default */
export const EXPERIMENT_ANNOTATION = `${API_GROUP}/experiment`
/** Of the schedule's slot that the run was made for, RFC 3339. */
export const LOGICAL_DATE_ANNOTATION = `${API_GROUP}/logical-date`
/** Path of the task in its run, too long and too free for a label. */
export const TASK_PATH_ANNOTATION = `${API_GROUP}/task-path`

/** Name of the container that has the user's step, in every pod. */
export const MAIN_CONTAINER = 'main'

/** Retry budget of one failure cause. */
export interface RetrySpec {
  readonly limit: number
  /** @default 10 */
  readonly backoffSeconds?: number | undefined
}

/** What the pods of a run have in common beyond what the pipeline says. */
export interface PodDefaults {
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined
  readonly tolerations?: readonly JsonObject[] | undefined
  readonly imagePullSecrets?: readonly { readonly name: string }[] | undefined
  readonly priorityClassName?: string | undefined
  readonly env?: readonly { readonly name: string; readonly value: string }[] | undefined
  /** `Restricted` meets the restricted profile; `Image` runs as the user the image names. @default 'Restricted' */
  readonly security?: 'Restricted' | 'Image' | undefined
  /** Limits of steps that state none. */
  readonly resources?: { readonly cpu?: string | undefined; readonly memory?: string | undefined } | undefined
}

/** Exactly one of the four pipeline sources is set. */
export interface PipelineRunSpec {
  /** KFP v2 IR as an object; `platformSpec` goes with it. */
  readonly pipelineSpec?: JsonObject | undefined
  readonly platformSpec?: JsonObject | undefined
  /** The text of a compiled pipeline file, one or two YAML documents. */
  readonly pipelineText?: string | undefined
  /** A version of a Pipeline resource of the same namespace; the newest when neither version nor digest is given. */
  readonly pipelineRef?:
    | { readonly name: string; readonly version?: string | undefined; readonly digest?: string | undefined }
    | undefined
  /** Text in a ConfigMap of the same namespace. */
  readonly pipelineFrom?: { readonly configMapKeyRef: { readonly name: string; readonly key: string } } | undefined
  readonly arguments?: Readonly<Record<string, JsonValue>> | undefined
  readonly serviceAccountName?: string | undefined
  readonly pipelineRoot?: string | undefined
  /** Pods of this run at once. */
  readonly parallelism?: number | undefined
  readonly timeouts?: {
    /** The whole run, from its start. */
    readonly runSeconds?: number | undefined
    /** How long the run may wait for its start. */
    readonly queueSeconds?: number | undefined
    /** Each attempt that sets none of its own. */
    readonly taskSeconds?: number | undefined
  }
  readonly retries?: Readonly<Partial<Record<FailureCause, RetrySpec>>> | undefined
  /** What a retry after an OOM kill gets: memory times `factor`, at most `maxMemory`. */
  readonly onOOM?: { readonly factor?: number | undefined; readonly maxMemory: string } | undefined
  /** false: nothing is taken from earlier runs. @default true */
  readonly cache?: boolean | undefined
  /**
   * A finished run of the same namespace: a step that finished in it and has the same image, command and inputs is not run again,
   * whatever its caching options. `kfp-ts retry RUN --file edited.ts` makes such a run.
   */
  readonly reuseFrom?: { readonly run: string } | undefined
  /** Running pods go on, no new ones start. @default false */
  readonly suspend?: boolean | undefined
  /** true ends the run; there is no way back. @default false */
  readonly cancel?: boolean | undefined
  /** Raise it to run what failed in a finished run again; what succeeded stays. @default 0 */
  readonly retryCount?: number | undefined
  /** The resource, its pods and its records of the cluster go so long after the end. */
  readonly ttlSecondsAfterFinished?: number | undefined
  /** Higher starts first in the queue. @default 0 */
  readonly priority?: number | undefined
  /** Named pool of the operator's configuration that the run counts against. */
  readonly pool?: string | undefined
  /** How much of the pool the run takes. @default 1 */
  readonly poolWeight?: number | undefined
  readonly podDefaults?: PodDefaults | undefined
  /** When finished pods go: with the run, or as soon as their outputs and log are stored. @default 'WithRun' */
  readonly podCleanup?: 'WithRun' | 'AfterTask' | undefined
  /** Whether deleting the run deletes its artifacts. @default 'Keep' */
  readonly artifactsOnDelete?: 'Keep' | 'Delete' | undefined
}

export const RUN_PHASES = [
  'Pending',
  'Queued',
  'Running',
  'Paused',
  'Canceling',
  'Succeeded',
  'Failed',
  'Canceled',
] as const
export type RunPhase = (typeof RUN_PHASES)[number]

export const isFinalPhase = (phase: RunPhase | undefined): boolean =>
  phase === 'Succeeded' || phase === 'Failed' || phase === 'Canceled'

/** Why a run is where it is: the one list that conditions, events and docs/operate.md use. */
export const RUN_REASONS = {
  InvalidPipeline: 'the pipeline or its arguments are wrong; the message lists every problem',
  PipelineNotFound: 'the Pipeline resource, its version or the ConfigMap is not there',
  Queued: 'a limit of active runs, a pool, a mutex or a semaphore holds it; the message says which',
  ReuseNotPossible: 'the run that reuseFrom names is not there, has not ended, or never started',
  QueueTimeout: 'the run waited longer than timeouts.queueSeconds',
  Running: 'tasks are being carried out',
  Suspended: 'spec.suspend is true',
  Canceled: 'spec.cancel was set',
  Succeeded: 'every task succeeded, was cached or was skipped',
  TaskFailed: 'a task used its last attempt',
  TimedOut: 'the run took longer than timeouts.runSeconds',
} as const
export type RunReason = keyof typeof RUN_REASONS

export interface Condition {
  readonly type: 'Valid' | 'Started' | 'Succeeded'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: RunReason
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number | undefined
}

/** A task that a person should look at: failed, or waiting for longer than usual. */
export interface TaskAttention {
  readonly path: string
  readonly state: string
  readonly message: string
  readonly pod?: string | undefined
  readonly attempt?: number | undefined
  readonly cause?: FailureCause | undefined
}

export interface TaskCounts {
  readonly total: number
  readonly pending: number
  readonly running: number
  readonly succeeded: number
  readonly cached: number
  readonly skipped: number
  readonly failed: number
  readonly canceled: number
}

/** Below 64 KB whatever the size of the run: task states live in the metadata database. */
export interface PipelineRunStatus {
  readonly observedGeneration?: number | undefined
  readonly phase?: RunPhase | undefined
  readonly reason?: RunReason | undefined
  readonly message?: string | undefined
  readonly pipeline?: string | undefined
  /** `sha256:` of the pipeline's canonical text. */
  readonly pipelineDigest?: string | undefined
  readonly startTime?: string | undefined
  readonly completionTime?: string | undefined
  /** When the run is deleted as its pipeline's platform document asks for; `ttlSecondsAfterFinished` goes before it. */
  readonly expirationTime?: string | undefined
  readonly counts?: TaskCounts | undefined
  /** `done/total` for people. */
  readonly progress?: string | undefined
  /** Outputs of the pipeline; left out (and said so in `message`) above 16 KB. */
  readonly outputs?: Readonly<Record<string, JsonValue>> | undefined
  /** At most ten. */
  readonly attention?: readonly TaskAttention[] | undefined
  readonly podsCreated?: number | undefined
  /** The `spec.retryCount` that was carried out. */
  readonly retryCount?: number | undefined
  readonly conditions?: readonly Condition[] | undefined
}

export interface PipelineVersion {
  readonly name: string
  readonly text: string
  readonly description?: string | undefined
}
/** Versions never change and are only added; the last one is the newest. */
export interface PipelineResourceSpec {
  readonly displayName?: string | undefined
  readonly description?: string | undefined
  readonly versions: readonly PipelineVersion[]
}
