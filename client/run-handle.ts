/** A run on the cluster, with the ways to follow it. Before: client.ts makes it. */
import type { JsonValue } from '../api/json.ts'
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import { type LogPiece, type LogSources, type RunLogOptions, readRunLogs } from './run-logs.ts'
import type { PipelineRun, WaitOptions } from './runs.ts'
import type { TaskPod } from './task-pod.ts'

/** A run's status at its end. */
export type RunEnd<Outputs = Readonly<Record<string, JsonValue>>> = Omit<PipelineRunStatus, 'outputs'> & {
  /** Absent when the run did not succeed, or when they are larger than 16 KB: the server has them then. */
  readonly outputs?: Outputs | undefined
}

/** A run on the cluster, with the ways to follow it. Methods reject as those of Client do. */
export interface RunHandle<Outputs = Readonly<Record<string, JsonValue>>> {
  /** Name of the PipelineRun. */
  readonly name: string
  readonly namespace: string
  /** Uid of the PipelineRun, by which servers know the run. */
  readonly runId: string
  /** The status as it is now. */
  status(): Promise<PipelineRunStatus>
  /** Resolves with the final status. Rejects when it is deleted, interrupted (code `interrupted`) or too late (`timeout`). */
  wait(options?: WaitOptions): Promise<RunEnd<Outputs>>
  /** The run now and after each change, until its end. */
  watch(signal?: AbortSignal): AsyncGenerator<PipelineRun>
  /** Its logs; see `Client.getLogs`. */
  logs(options?: RunLogOptions): AsyncGenerator<LogPiece>
  /** Its pods, in the order in which they started. */
  pods(): Promise<TaskPod[]>
  cancel(): Promise<void>
  /** Runs what failed again, once it is over. */
  retry(): Promise<void>
  /** Starts no new pods until `resume`. */
  suspend(): Promise<void>
  resume(): Promise<void>
  delete(): Promise<void>
}

export function runHandle<Outputs>(sources: LogSources, run: PipelineRun): RunHandle<Outputs> {
  const { runs } = sources
  const { name, namespace = runs.namespace, uid = '' } = run.metadata
  return {
    name,
    namespace,
    runId: uid,
    status: async () => (await runs.get(name, namespace)).status ?? {},
    wait: async (options) => ((await runs.wait(name, { ...options, namespace })).status ?? {}) as RunEnd<Outputs>,
    watch: (signal) => runs.watch(name, signal ? { namespace, signal } : { namespace }),
    async *logs(options) {
      yield* readRunLogs(sources, await runs.get(name, namespace), options)
    },
    pods: async () => await runs.pods(run),
    cancel: async () => void (await runs.cancel(name, namespace)),
    retry: async () => void (await runs.retry(name, namespace)),
    suspend: async () => void (await runs.suspend(name, true, namespace)),
    resume: async () => void (await runs.suspend(name, false, namespace)),
    delete: async () => await runs.delete(name, namespace),
  }
}
