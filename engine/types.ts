/**
 * The vocabulary between the engine and whoever carries its decisions out (local, operator, tests): events in, actions out.
 * Everything here is plain JSON, so that a journal of events rebuilds a state.
 */
import type { ExecutorInput, RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { ArtifactTypeSchema, ParameterType } from '../api/pipeline-spec.ts'
import type { FailureCause } from '../api/run-report.ts'
import type { LookedAt } from '../api/wait.ts'

/** Milliseconds since the epoch; always an argument, never read from a clock. */
export type Instant = number

/** Address of a task in its run: `root/for-loop-2[3]/train`. `root` is the run itself; `for-loop-2[3]` is an iteration. */
export type TaskPath = string

/** Budget of one failure cause. */
export interface RetryBudget {
  /** Attempts after the first. */
  readonly maxRetries: number
  readonly backoffMillis: number
  /** @default 2 */
  readonly backoffFactor?: number
  /** Upper bound of one delay. @default 3_600_000 */
  readonly maxBackoffMillis?: number
}

/** What a run is started with, besides its pipeline. Kept beside its journal; only `RunSettings` may change later, by an event. */
export interface RunConfig {
  readonly runId: string
  /** `{{$.pipeline_job_name}}`. */
  readonly runName: string
  /** `{{$.pipeline_job_resource_name}}`; contains the pipeline's name. */
  readonly resourceName: string
  readonly arguments: Readonly<Record<string, JsonValue>>
  /** `sha256:<hex>` of input artifacts given as arguments, by URI, as they were when the run began; without those nobody could read. */
  readonly argumentDigests?: Readonly<Record<string, string>>
  /** Artifact URIs are `<pipelineRoot>/<pipeline>/<runId>/<task key>/<id>/<artifact>`: an absolute path or a URI. */
  readonly pipelineRoot: string
  /** Absolute path, as a step sees it, under which each attempt gets a private directory for output files. */
  readonly scratchRoot: string
  /** `{{$.workspace_path}}`. @default '/kfp-workspace' */
  readonly workspacePath?: string
  /**
   * Local path of an artifact URI: first matching prefix is replaced. URIs that match none are paths themselves.
   * @default KFP's: gs:// -> /gcs/, s3:// -> /s3/, minio:// -> /minio/, oci:// -> /oci/…
   */
  readonly uriPaths?: readonly { readonly prefix: string; readonly path: string }[]
  /** false turns every cache look-up off. @default true */
  readonly cache?: boolean
  /**
   * An earlier run whose results are taken over: a step that finished there is not run again when its content (image, command,
   * inputs, see `contentKeyOf`) is the same, whatever its caching options say. The executor has the results (`reusableResults`).
   */
  readonly reuse?: { readonly runId: string; readonly runName: string }
  /** Word for success in a PipelineTaskFinalStatus. @default 'COMPLETE' */
  readonly succeededWord?: 'COMPLETE' | 'SUCCEEDED'
  /** Whole run. */
  readonly timeoutMillis?: number
  /** Each attempt that sets none of its own. */
  readonly taskTimeoutMillis?: number
  /** Attempts in flight at once. */
  readonly parallelism?: number
  /** Budgets by cause; `application` is overridden by a task's own retryPolicy. */
  readonly retries?: Readonly<Partial<Record<FailureCause, RetryBudget>>>
  readonly createTime: Instant
  readonly scheduleTime?: Instant
}

/** What may be changed of a run that was started. Absent: stays as it is. */
export type RunSettings = Pick<RunConfig, 'timeoutMillis' | 'taskTimeoutMillis' | 'parallelism'>

/** A settled output location of one attempt. */
export interface DeclaredOutputs {
  readonly parameters: Readonly<Record<string, { readonly parameterType: ParameterType; readonly outputFile: string }>>
  readonly artifacts: Readonly<
    Record<string, { readonly type: ArtifactTypeSchema; readonly uri: string; readonly path: string }>
  >
}

/** Everything an executor needs to run one attempt of a container task: all placeholders resolved. */
export interface Launch {
  /** Key in the enclosing dag. */
  readonly taskKey: string
  readonly displayName: string
  readonly componentName: string
  readonly executorLabel: string
  readonly image: string
  readonly command: readonly string[]
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  /** Kubernetes quantities; absent where the pipeline set none. */
  readonly resources: {
    readonly cpuRequest?: string
    readonly cpuLimit?: string
    readonly memoryRequest?: string
    readonly memoryLimit?: string
    readonly accelerator?: { readonly type: string; readonly count: string }
  }
  readonly executorInput: ExecutorInput
  readonly outputs: DeclaredOutputs
  /** Input artifacts with the path where the step expects them. */
  readonly inputArtifacts: readonly {
    readonly name: string
    readonly artifact: RuntimeArtifact
    readonly path: string
  }[]
  /**
   * Private directory of the attempt (in `scratchRoot`), holds output parameter files. The executor output lies in the task's folder
   * under the pipeline root instead, in a file of the attempt: `dsl.get_uri()` derives artifact URIs from its directory.
   */
  readonly scratchDir: string
  /** Kubernetes configuration of the executor with every parameter resolved and null entries dropped; `{}` when none. */
  readonly kubernetes: JsonObject
  readonly timeoutMillis?: number
  /** The step mentions the workspace. */
  readonly usesWorkspace: boolean
}

/** An import without a pod: the executor registers (and where asked, copies) the artifact. */
export interface ImportRequest {
  readonly uri: string
  readonly type: ArtifactTypeSchema
  readonly metadata: JsonObject
  readonly reimport: boolean
  readonly downloadToWorkspace: boolean
  readonly outputName: string
}

/** The magic images `argostub/createpvc` and `argostub/deletepvc`. */
export type VolumeRequest =
  | {
      readonly operation: 'create'
      /** Name wanted, or undefined when the executor makes one (with `nameSuffix`). Answer it as output parameter `name`. */
      readonly name?: string
      readonly nameSuffix?: string
      readonly accessModes: readonly string[]
      readonly size: string
      readonly storageClassName?: string
      readonly volumeName?: string
      readonly annotations?: JsonObject
      readonly dataSource?: JsonObject
    }
  | { readonly operation: 'delete'; readonly name: string }

/** A wait without a pod: somebody looks, again and again or by watching, until `judgeWait` says that it is over. */
export interface Wait {
  readonly request: LookedAt
  readonly outputs: WaitOutputs
}

/** What the component of a wait declares. */
export interface WaitOutputs {
  readonly parameters: readonly string[]
  readonly artifact?: { readonly name: string; readonly type: ArtifactTypeSchema; readonly metadata: JsonObject }
}

/** A content key with the parts it was made of, so that `explain` can say what changed. */
export interface CacheKey {
  /** `sha256` hex over `parts`. */
  readonly key: string
  /** Part name (`image`, `command`, `inputs.parameters.x`, `inputs.artifacts.data`, …) to the digest or short value of that part. */
  readonly parts: Readonly<Record<string, string>>
}

/** One part of a content key that is not what it was. */
export interface PartChange {
  readonly part: string
  /** Absent: there was no such part. */
  readonly before?: string
  readonly now?: string
}

export type Action =
  | { readonly kind: 'start-attempt'; readonly task: TaskPath; readonly attempt: number; readonly launch: Launch }
  | {
      readonly kind: 'import-artifact'
      readonly task: TaskPath
      readonly attempt: number
      readonly request: ImportRequest
    }
  | {
      readonly kind: 'change-volume'
      readonly task: TaskPath
      readonly attempt: number
      readonly request: VolumeRequest
    }
  /** Takes no place among the attempts in flight. To be asked again, after a restart, is to begin looking anew. */
  | { readonly kind: 'wait-for'; readonly task: TaskPath; readonly attempt: number; readonly wait: Wait }
  | { readonly kind: 'cancel-attempt'; readonly task: TaskPath; readonly attempt: number; readonly reason: string }
  /** Answer by `reuse-answered`: what `findReusable` says of the results of the run `runId`. Sent under `RunConfig.reuse` only. */
  | { readonly kind: 'find-reusable'; readonly task: TaskPath; readonly runId: string; readonly contentKey: CacheKey }
  | {
      readonly kind: 'look-up-cache'
      readonly task: TaskPath
      readonly pipelineName: string
      readonly cacheKey: CacheKey
    }
  /** Sent after success of a task that may be cached. Losing it costs a later hit, nothing else. */
  | {
      readonly kind: 'save-cache'
      readonly task: TaskPath
      readonly pipelineName: string
      readonly cacheKey: CacheKey
      readonly outputs: TaskOutputs
    }
  /** Send a `clock` event at this instant; a later `wake-at` replaces an earlier one. */
  | { readonly kind: 'wake-at'; readonly at: Instant }

export interface AttemptFailure {
  readonly cause: FailureCause
  readonly message: string
  readonly exitCode?: number
  readonly signal?: string
  /** Last lines of the attempt's log, a few KB at most. */
  readonly logTail?: string
}

/** `outputs` come from `collectOutputs` (engine), which parses what the step wrote by its declared types. */
export type AttemptResult =
  | { readonly outcome: 'succeeded'; readonly outputs: TaskOutputs }
  | { readonly outcome: 'failed'; readonly failure: AttemptFailure }
  | { readonly outcome: 'canceled' }

export type CacheAnswer =
  | { readonly hit: true; readonly outputs: TaskOutputs; readonly sourceRunId: string; readonly sourceTask: TaskPath }
  | {
      readonly hit: false
      readonly reason: string
      /** What is not as in the earlier result that was meant. */
      readonly changes?: readonly PartChange[]
    }

/**
 * What executors and users tell the engine. Duplicates and late arrivals are harmless: an event about an attempt that is
 * over changes nothing.
 */
export type RunEvent =
  | { readonly kind: 'started' }
  /** Attempts count from 1; a retry of the run goes on counting. */
  | {
      readonly kind: 'attempt-started'
      readonly task: TaskPath
      readonly attempt: number
      /** Found again after a `resumed`: its process went on meanwhile, and so did its time. */
      readonly survived?: true
    }
  | {
      readonly kind: 'attempt-finished'
      readonly task: TaskPath
      readonly attempt: number
      readonly result: AttemptResult
      /** The image that ran, by its digest, where the executor knows it. */
      readonly image?: string | undefined
    }
  /** A wait has seen something new that will not do yet; sent seldom, for people who ask. */
  | { readonly kind: 'wait-seen'; readonly task: TaskPath; readonly attempt: number; readonly message: string }
  | { readonly kind: 'cache-answered'; readonly task: TaskPath; readonly answer: CacheAnswer }
  | { readonly kind: 'reuse-answered'; readonly task: TaskPath; readonly answer: CacheAnswer }
  | { readonly kind: 'clock' }
  | { readonly kind: 'cancel-requested'; readonly reason: string }
  /** Only in a finished run: failed, canceled and never started tasks run (again), finished ones stay. */
  | { readonly kind: 'retry-requested' }
  /** Limits are others from now on. Also in a finished run, before `retry-requested`. */
  | { readonly kind: 'settings-changed'; readonly settings: RunSettings }
  /**
   * Sent first by an executor whose runs stand still while it is away, which it was since then. Steps that run are announced once
   * more by `attempt-started`.
   */
  | { readonly kind: 'resumed'; readonly since: Instant }

/** One line of a run's journal. Replaying all lines of a run gives its state. */
export interface JournalRecord {
  readonly at: Instant
  readonly event: RunEvent
}
