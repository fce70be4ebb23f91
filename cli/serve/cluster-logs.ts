/** Logs of steps in a cluster: of the pod while it is there, of the store afterwards. Before: cluster-executor.ts. */
import { setTimeout as delay } from 'node:timers/promises'
import { LABELS, TASK_PATH_ANNOTATION } from '../../api/pipeline-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { PODS } from '../../client/kube/resources.ts'
import { KubeError } from '../../client/kube/transport.ts'
import { MAIN_CONTAINER, type Pod } from '../../operator/pod/pod-types.ts'
import { operatorPart } from '../../operator/run-header.ts'
import type { RunStore } from '../../operator/run-store.ts'
import type { LogRequest } from '../../server/run-executor.ts'
import { type FullPipelineRun, TERMINAL_STATES } from '../../store/metadata/pipeline-runs.ts'

interface Sources {
  readonly kube: KubeClient
  readonly store: RunStore
}

const POLL_MILLIS = 500

/** Undefined when the task has no such attempt. */
export async function clusterLogs(
  sources: Sources,
  row: FullPipelineRun,
  namespace: string,
  request: LogRequest,
): Promise<AsyncIterable<string> | undefined> {
  const { kube, store } = sources
  const pods = await podsOf(kube, row, namespace, request.task)
  const kept = await store.keptLogs(row.run_id, request.task)
  const known = [...pods.keys(), ...kept]
  const attempt = request.attempt ?? Math.max(...known)
  if (!known.includes(attempt)) return undefined
  const place = { runId: row.run_id, task: request.task, attempt }
  const pod = pods.get(attempt)
  // The copy of an attempt that goes on is not whole; a run that is over has no more to come.
  const over = !pod || TERMINAL_STATES.includes(row.state)
  const copy = over ? await store.readLog(place) : undefined
  if (copy) return texts(copy)
  return pod ? podLog(sources, namespace, pod.metadata.name, place, request) : undefined
}

/** Attempt to pod. */
async function podsOf(kube: KubeClient, row: FullPipelineRun, namespace: string, task: string) {
  const uid = operatorPart(row)?.resource?.uid ?? row.run_id
  const { items } = await kube.list<Pod>(PODS, { namespace, labelSelector: `${LABELS.run}=${uid}` })
  const ofTask = items.filter(({ metadata }) => metadata.annotations?.[TASK_PATH_ANNOTATION] === task)
  return new Map(ofTask.map((pod) => [Number(pod.metadata.labels?.[LABELS.attempt]), pod]))
}

async function* podLog(
  { kube, store }: Sources,
  namespace: string,
  pod: string,
  place: Parameters<RunStore['readLog']>[0],
  { follow, signal }: LogRequest,
): AsyncGenerator<string> {
  while (!signal.aborted) {
    try {
      const stream = await kube.log(namespace, pod, { container: MAIN_CONTAINER, follow }, signal)
      try {
        yield* texts(stream.chunks)
      } finally {
        stream.close()
      }
      return
    } catch (error) {
      if (signal.aborted) return
      if (!(error instanceof KubeError)) throw error
      if (error.status === 404) break
      // 400: the container has not started. Who follows waits for it.
      if (error.status !== 400) throw error
      if (!follow || (await hasEnded(kube, namespace, pod))) return
      await delay(POLL_MILLIS, undefined, { signal }).catch(() => {})
    }
  }
  // The pod went meanwhile: what was kept of it is all there is.
  const copy = await store.readLog(place)
  if (copy) yield* texts(copy)
}

async function hasEnded(kube: KubeClient, namespace: string, name: string): Promise<boolean> {
  const pod = await kube.get<Pod>(PODS, namespace, name).catch(() => undefined)
  return pod?.status?.phase === 'Failed' || pod?.status?.phase === 'Succeeded'
}

async function* texts(chunks: AsyncIterable<Buffer | string>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  for await (const chunk of chunks) yield typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true })
}
