/** PipelineRuns for programs and commands: submit, watch, wait, read logs, cancel, retry, delete. Over the Kubernetes port only. */
import { setTimeout as delay } from 'node:timers/promises'
import type { JsonValue } from '../api/json.ts'
import {
  API_GROUP,
  API_VERSION,
  isFinalPhase,
  LABELS,
  type PipelineRunSpec,
  type PipelineRunStatus,
  TASK_PATH_ANNOTATION,
} from '../api/pipeline-run.ts'
import type { KubeClient, LogOptions } from './kube/client.ts'
import { type KubeObject, PIPELINE_RUNS, PODS } from './kube/resources.ts'
import { isGone, isTransient } from './kube/transport.ts'

export interface PipelineRun extends KubeObject {
  readonly spec: PipelineRunSpec
  readonly status?: PipelineRunStatus | undefined
}

export interface NewRun {
  /** The text of a compiled pipeline. */
  readonly pipelineText: string
  /** Start of the run's name. */
  readonly pipelineName: string
  /** Exact name; made of `pipelineName` by the cluster when absent. */
  readonly name?: string | undefined
  readonly namespace?: string | undefined
  readonly arguments?: Readonly<Record<string, JsonValue | undefined>> | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  /** Anything else of the resource. */
  readonly spec?: Partial<PipelineRunSpec> | undefined
}

export interface WaitOptions {
  /** Rejects with code `timeout` after it. @default no limit */
  readonly timeoutMillis?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** A pod of a run, with the place of its task. */
export interface TaskPod {
  readonly pod: string
  readonly path: string
  readonly attempt: number
  readonly phase: string
  readonly startTime?: string | undefined
}

export interface RunsClient {
  readonly namespace: string
  create(run: NewRun): Promise<PipelineRun>
  get(name: string, namespace?: string): Promise<PipelineRun>
  list(options?: { readonly namespace?: string; readonly labelSelector?: string }): Promise<PipelineRun[]>
  /** Every change of a run until its end; ends after the final status. */
  watch(
    name: string,
    options?: { readonly namespace?: string; readonly signal?: AbortSignal },
  ): AsyncGenerator<PipelineRun>
  wait(name: string, options?: WaitOptions & { readonly namespace?: string }): Promise<PipelineRun>
  pods(run: PipelineRun): Promise<TaskPod[]>
  /** Bytes of a pod's log as they come. */
  log(run: PipelineRun, pod: string, options?: LogOptions, signal?: AbortSignal): AsyncIterable<Buffer>
  cancel(name: string, namespace?: string): Promise<PipelineRun>
  suspend(name: string, on: boolean, namespace?: string): Promise<PipelineRun>
  /** Runs what failed again; what succeeded stays. */
  retry(name: string, namespace?: string): Promise<PipelineRun>
  delete(name: string, namespace?: string): Promise<void>
}

export function createRunsClient(kube: KubeClient, defaultNamespace: string): RunsClient {
  const get = (name: string, namespace = defaultNamespace): Promise<PipelineRun> =>
    kube.get<PipelineRun>(PIPELINE_RUNS, namespace, name)
  const patchSpec = (name: string, namespace: string, spec: object): Promise<PipelineRun> =>
    kube.patch<PipelineRun>(PIPELINE_RUNS, namespace, name, { spec })

  return {
    namespace: defaultNamespace,
    get,
    create: (run) =>
      kube.create<PipelineRun>(PIPELINE_RUNS, run.namespace ?? defaultNamespace, resourceOf(run, defaultNamespace)),
    async list({ namespace = defaultNamespace, labelSelector } = {}) {
      const items: PipelineRun[] = []
      let continueToken: string | undefined
      do {
        const page = await kube.list<PipelineRun>(
          PIPELINE_RUNS,
          { namespace, labelSelector },
          { limit: 200, continueToken },
        )
        items.push(...page.items)
        continueToken = page.metadata.continue || undefined
      } while (continueToken)
      return items
    },
    watch: (name, options = {}) => watchRun(kube, name, options.namespace ?? defaultNamespace, options.signal),
    async wait(name, { namespace = defaultNamespace, timeoutMillis, signal } = {}) {
      const limit = timeoutMillis === undefined ? undefined : AbortSignal.timeout(timeoutMillis)
      const signals = [signal, limit].filter((one) => one !== undefined)
      for await (const run of watchRun(kube, name, namespace, AbortSignal.any(signals))) if (isOver(run)) return run
      if (limit?.aborted)
        throw Object.assign(new Error(`run ${name} did not end in ${timeoutMillis} ms`), { code: 'timeout' })
      throw Object.assign(new Error(`waiting for run ${name} was interrupted`), { code: 'interrupted' })
    },
    async pods(run) {
      const selection = { namespace: run.metadata.namespace, labelSelector: `${LABELS.run}=${run.metadata.uid}` }
      const { items } = await kube.list<KubeObject & { status?: { phase?: string; startTime?: string } }>(
        PODS,
        selection,
      )
      return items.map(taskPodOf).sort((a, b) => ((a.startTime ?? '~') < (b.startTime ?? '~') ? -1 : 1))
    },
    async *log(run, pod, options, signal) {
      const stream = await kube.log(run.metadata.namespace ?? defaultNamespace, pod, options, signal)
      try {
        yield* stream.chunks
      } finally {
        stream.close()
      }
    },
    cancel: (name, namespace = defaultNamespace) => patchSpec(name, namespace, { cancel: true }),
    suspend: (name, on, namespace = defaultNamespace) => patchSpec(name, namespace, { suspend: on }),
    async retry(name, namespace = defaultNamespace) {
      const { spec } = await get(name, namespace)
      return await patchSpec(name, namespace, { retryCount: (spec.retryCount ?? 0) + 1, cancel: false })
    },
    delete: (name, namespace = defaultNamespace) => kube.delete(PIPELINE_RUNS, namespace, name),
  }
}

function resourceOf(run: NewRun, defaultNamespace: string): PipelineRun {
  const name = run.name === undefined ? { generateName: `${run.pipelineName.slice(0, 180)}-` } : { name: run.name }
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'PipelineRun',
    metadata: {
      ...(name as { name: string }),
      namespace: run.namespace ?? defaultNamespace,
      labels: { [LABELS.pipeline]: run.pipelineName.slice(0, 63).replace(/[^A-Za-z0-9]+$/, ''), ...run.labels },
    },
    spec: {
      ...run.spec,
      pipelineText: run.pipelineText,
      ...(run.arguments === undefined ? {} : { arguments: withoutUndefined(run.arguments) }),
    },
  }
}

function withoutUndefined(values: Readonly<Record<string, JsonValue | undefined>>): Record<string, JsonValue> {
  return Object.fromEntries(
    Object.entries(values).filter((entry): entry is [string, JsonValue] => entry[1] !== undefined),
  )
}

/** Over also means: a retry that was asked for has been carried out. */
const isOver = ({ spec, status }: PipelineRun): boolean =>
  isFinalPhase(status?.phase) && (spec.retryCount ?? 0) <= (status?.retryCount ?? 0)

async function* watchRun(
  kube: KubeClient,
  name: string,
  namespace: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<PipelineRun> {
  const selection = { namespace, fieldSelector: `metadata.name=${name}` }
  for (let failures = 0; !signal?.aborted; ) {
    try {
      const now = await kube.get<PipelineRun>(PIPELINE_RUNS, namespace, name)
      failures = 0
      yield now
      if (isOver(now)) return
      for await (const event of kube.watch<PipelineRun>(
        PIPELINE_RUNS,
        selection,
        now.metadata.resourceVersion ?? '',
        signal,
      )) {
        if (event.type === 'BOOKMARK') continue
        if (event.type === 'DELETED') throw Object.assign(new Error(`run ${name} was deleted`), { code: 'deleted' })
        yield event.object
        if (isOver(event.object)) return
      }
    } catch (error) {
      if (signal?.aborted) return
      if (!isTransient(error) && !isGone(error)) throw error
      await delay(Math.min(5_000, 200 * 2 ** failures++), undefined, { signal }).catch(() => {})
    }
  }
}

function taskPodOf({ metadata, status }: KubeObject & { status?: { phase?: string; startTime?: string } }): TaskPod {
  return {
    pod: metadata.name,
    path: metadata.annotations?.[TASK_PATH_ANNOTATION] ?? '',
    attempt: Number(metadata.labels?.[LABELS.attempt] ?? 1),
    phase: status?.phase ?? 'Unknown',
    startTime: status?.startTime,
  }
}
