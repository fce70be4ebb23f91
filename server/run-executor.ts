/**
 * The port to whatever carries pipeline runs out: the local engine or the operator. Implemented and wired by the cli.
 * Before: server/kfp. Progress comes back through store/metadata/record-run.ts and run-events.ts.
 */
import type { CacheExplanation } from '../api/cache-explanation.ts'
import type { JsonValue } from '../api/json.ts'
import type { PlannedTask, PlanRequest } from '../client/server-api.ts'

/** All that an executor needs to know about a run. */
export interface RunRequest {
  /** A UUID; starting the same id twice is harmless. */
  readonly runId: string
  /** Workspace; '' when there is only one. */
  readonly namespace: string
  readonly displayName: string
  readonly pipelineName: string
  /** The KFP v2 IR as JSON, or `{pipeline_spec, platform_spec}`; checked by the server. */
  readonly pipelineText: string
  /** Checked and complete; macros are expanded. */
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly pipelineRoot: string
  readonly serviceAccount?: string
  /** Experiment for runs that steps log to. */
  readonly experimentId: string
  readonly recurringRunId?: string
  /** Epoch milliseconds of the tick that the run belongs to. */
  readonly scheduledAt?: number
}

export interface LogRequest {
  readonly runId: string
  /** Path of the task such as `root/train`. */
  readonly task: string
  /** Counts from 1; absent means the newest. */
  readonly attempt?: number
  /** Keep sending what is still being written until the attempt ends. */
  readonly follow: boolean
  readonly signal: AbortSignal
}

export interface RunExecutor {
  /** Takes the run over. Resolves when it can't be lost any more; what happens then is recorded, not returned. */
  start(run: RunRequest): Promise<void>
  /** Asks the run to stop; a run that is over already is left alone. */
  cancel(runId: string): Promise<void>
  /** Runs what failed or was canceled again, keeping what succeeded. */
  retry(run: RunRequest): Promise<void>
  /** Forgets what it holds of the run, after stopping it. */
  remove(runId: string): Promise<void>
  /** Text of the log in pieces; undefined when there is no such attempt. */
  logs(request: LogRequest): Promise<AsyncIterable<string> | undefined>
  /** What a retry of the run would do, task by task; undefined when its journal is not there. Absent: this executor can't. */
  foreseeRetry?(runId: string): Promise<readonly PlannedTask[] | undefined>
  /** Why each task of the run was, or was not, taken from the cache; undefined when its journal is not there. Absent: this executor can't. */
  explainCache?(runId: string): Promise<readonly CacheExplanation[] | undefined>
  /** What a new run would do. Rejects with InvalidInputError. */
  foresee?(request: PlanRequest): Promise<readonly PlannedTask[]>
  /** Plain sentences why tasks of the run are not running; empty when none waits. */
  waiting(runId: string): Promise<readonly { readonly task: string; readonly reason: string }[]>
}

/** Accepts nothing: for a server that tracks and registers, but runs no pipelines. */
export const noExecutor: RunExecutor = {
  start: async () => refuse(),
  cancel: async () => {},
  retry: async () => refuse(),
  remove: async () => {},
  logs: async () => undefined,
  waiting: async () => [],
}

function refuse(): never {
  throw Object.assign(new Error('This server runs no pipelines: it was started without an executor.'), {
    code: 'no-executor',
  })
}
