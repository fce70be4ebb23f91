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
} from '../api/pipeline-run.ts'
import type { KubeClient, LogOptions, Selection } from './kube/client.ts'
import { startInformer } from './kube/informer.ts'
import { EVENTS, type KubeObject, PIPELINE_RUNS, PODS, type Resource } from './kube/resources.ts'
import { isGone, isTransient } from './kube/transport.ts'
import { type EventView, eventOf, type RunEvent } from './run-event.ts'
import { inOrder, type PodView, type TaskPod, taskPodOf } from './task-pod.ts'

export interface PipelineRun extends KubeObject {
  readonly spec: PipelineRunSpec
  readonly status?: PipelineRunStatus | undefined
}

export interface NewRun {
  /** The text of a compiled pipeline. Absent: `spec` says where it is. */
  readonly pipelineText?: string | undefined
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

/** Which runs. */
export interface RunSelection {
  /** @default the client's */
  readonly namespace?: string | undefined
  /** Runs of every namespace. @default false */
  readonly allNamespaces?: boolean | undefined
  readonly labelSelector?: string | undefined
  /** Name of the pipeline. */
  readonly pipeline?: string | undefined
}

/** What a run that reuses another does differently. */
export interface RerunOptions {
  /** The edited pipeline. @default that of the earlier run */
  readonly pipelineText?: string | undefined
  /** All arguments. @default those of the earlier run */
  readonly arguments?: Readonly<Record<string, JsonValue | undefined>> | undefined
  readonly name?: string | undefined
}

export interface RunsClient {
  readonly namespace: string
  /** `dryRun`: the API server checks the resource and keeps nothing. */
  create(run: NewRun, options?: { readonly dryRun?: boolean | undefined }): Promise<PipelineRun>
  get(name: string, namespace?: string): Promise<PipelineRun>
  /** In the order of their names. */
  list(selection?: RunSelection): Promise<PipelineRun[]>
  /** Tells every run that there is, then every change, until `signal` aborts. `gone` runs carry their last known state. */
  follow(
    selection: RunSelection,
    onChange: (run: PipelineRun, gone: boolean) => void,
    signal: AbortSignal,
    onError?: (error: unknown) => void,
  ): Promise<void>
  /** Every change of a run until its end; ends after the final status. */
  watch(
    name: string,
    options?: { readonly namespace?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<PipelineRun>
  wait(name: string, options?: WaitOptions & { readonly namespace?: string | undefined }): Promise<PipelineRun>
  pods(run: PipelineRun): Promise<TaskPod[]>
  /** Tells every pod of a run, then every change, until `signal` aborts. */
  followPods(run: PipelineRun, onPod: (pod: TaskPod, gone: boolean) => void, signal: AbortSignal): Promise<void>
  /** Bytes of a pod's log as they come. */
  log(run: PipelineRun, pod: string, options?: LogOptions, signal?: AbortSignal): AsyncIterable<Buffer>
  cancel(name: string, namespace?: string): Promise<PipelineRun>
  suspend(name: string, on: boolean, namespace?: string): Promise<PipelineRun>
  /** Newest last. */
  events(run: PipelineRun): Promise<RunEvent[]>
  /** Runs what failed again; what succeeded stays. */
  retry(name: string, namespace?: string): Promise<PipelineRun>
  /** The resource of another run like `run`, which takes over what finished in it and is the same. Not created yet. */
  rerun(run: PipelineRun, options?: RerunOptions): NewRun
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
    create: (run, options) =>
      kube.create<PipelineRun>(
        PIPELINE_RUNS,
        run.namespace ?? defaultNamespace,
        resourceOf(run, defaultNamespace),
        options,
      ),
    async list(wanted = {}) {
      const selection = selectionOf(wanted, defaultNamespace)
      const items: PipelineRun[] = []
      let continueToken: string | undefined
      do {
        const page = await kube.list<PipelineRun>(PIPELINE_RUNS, selection, { limit: 200, continueToken })
        items.push(...page.items)
        continueToken = page.metadata.continue || undefined
      } while (continueToken)
      return items
    },
    follow: (wanted, onChange, signal, onError) =>
      follow<PipelineRun>(kube, PIPELINE_RUNS, selectionOf(wanted, defaultNamespace), onChange, signal, onError),
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
      const { items } = await kube.list<PodView>(PODS, podsOf(run))
      return inOrder(items.map(taskPodOf))
    },
    followPods: (run, onPod, signal) =>
      follow<PodView>(kube, PODS, podsOf(run), (pod, gone) => onPod(taskPodOf(pod), gone), signal),
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
    rerun: ({ metadata, spec }, { pipelineText, name, ...given } = {}) => {
      const { pipelineText: text, arguments: args, retryCount, cancel, suspend, reuseFrom, ...kept } = spec
      const { pipelineSpec, platformSpec, pipelineRef, pipelineFrom, ...settings } = kept
      return {
        pipelineText: pipelineText ?? text,
        pipelineName: metadata.labels?.[LABELS.pipeline] ?? metadata.name,
        name,
        namespace: metadata.namespace,
        arguments: given.arguments ?? args,
        labels: ownLabels(metadata.labels),
        spec: { ...(pipelineText === undefined ? kept : settings), reuseFrom: { run: metadata.name } },
      }
    },
    async events({ metadata }) {
      const selection = { namespace: metadata.namespace, fieldSelector: `involvedObject.uid=${metadata.uid}` }
      const { items } = await kube.list<EventView>(EVENTS, selection)
      return items.map(eventOf).sort((a, b) => (a.time < b.time ? -1 : 1))
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
      labels: { [LABELS.pipeline]: pipelineLabel(run.pipelineName), ...run.labels },
    },
    spec: {
      ...run.spec,
      ...(run.pipelineText === undefined ? {} : { pipelineText: run.pipelineText }),
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

function selectionOf(wanted: RunSelection, defaultNamespace: string): Selection {
  const { namespace = defaultNamespace, allNamespaces, labelSelector, pipeline } = wanted
  const labels = [labelSelector, pipeline === undefined ? undefined : `${LABELS.pipeline}=${pipelineLabel(pipeline)}`]
  const selector = labels.filter((label) => label !== undefined).join(',')
  return {
    ...(allNamespaces ? {} : { namespace }),
    ...(selector === '' ? {} : { labelSelector: selector }),
  }
}

/** Those that people put on a run: ours say which one it is. */
const ownLabels = (labels: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(labels).filter(([name]) => !name.startsWith(`${API_GROUP}/`)))

/** What fits into the value of a label. */
const pipelineLabel = (name: string): string => name.slice(0, 63).replace(/[^A-Za-z0-9]+$/, '')

const podsOf = ({ metadata }: PipelineRun): Selection => ({
  namespace: metadata.namespace,
  labelSelector: `${LABELS.run}=${metadata.uid}`,
})

async function follow<T extends KubeObject>(
  kube: KubeClient,
  resource: Resource,
  selection: Selection,
  onChange: (object: T, gone: boolean) => void,
  signal: AbortSignal,
  onError: (error: unknown) => void = () => {},
): Promise<void> {
  const informer = startInformer<T, T>({
    client: kube,
    resource,
    selection,
    keep: (object) => object,
    onChange: (_key, object, gone) => onChange(object, gone),
    onError,
    pageSize: 200,
  })
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
  await informer.stop()
}
