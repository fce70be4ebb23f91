/** A pod of a run as people want to see it: which task, which attempt, how far, and why it failed or waits. Before: runs.ts. */
import { LABELS, MAIN_CONTAINER, TASK_PATH_ANNOTATION } from '../api/pipeline-run.ts'
import type { KubeObject } from './kube/resources.ts'

/** A pod of a run, with the place of its task. */
export interface TaskPod {
  readonly pod: string
  /** For example `root/for-loop-2[3]/train`. */
  readonly path: string
  /** Counted from 1. */
  readonly attempt: number
  /** `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`. */
  readonly phase: string
  /** RFC 3339 UTC. */
  readonly startTime?: string | undefined
  readonly endTime?: string | undefined
  /** Why it failed, or what it waits for. */
  readonly reason?: string | undefined
}

interface ContainerState {
  readonly waiting?: { readonly reason?: string; readonly message?: string }
  readonly terminated?: {
    readonly reason?: string
    readonly exitCode?: number
    readonly finishedAt?: string
  }
}
export interface PodView extends KubeObject {
  readonly status?: {
    readonly phase?: string
    readonly startTime?: string
    readonly reason?: string
    readonly message?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
      readonly message?: string
    }[]
    readonly containerStatuses?: readonly { readonly name?: string; readonly state?: ContainerState }[]
    readonly initContainerStatuses?: readonly { readonly state?: ContainerState }[]
  }
}

export function taskPodOf(pod: PodView): TaskPod {
  const { metadata, status } = pod
  return {
    pod: metadata.name,
    path: metadata.annotations?.[TASK_PATH_ANNOTATION] ?? '',
    attempt: Number(metadata.labels?.[LABELS.attempt] ?? 1),
    phase: phaseOf(pod),
    startTime: status?.startTime,
    endTime: statesOf(pod).find(({ terminated }) => terminated?.finishedAt)?.terminated?.finishedAt,
    reason: reasonOf(pod),
  }
}

/** In the order in which they started; those that did not start yet come last. */
export function inOrder(pods: readonly TaskPod[]): TaskPod[] {
  return [...pods].sort((a, b) => {
    const [first, second] = [a.startTime ?? '~', b.startTime ?? '~']
    return first === second ? a.path.localeCompare(b.path) || a.attempt - b.attempt : first < second ? -1 : 1
  })
}

/** The step has ended before its pod says so. */
function phaseOf({ status }: PodView): string {
  const ended = status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)?.state?.terminated
  if (ended && (status?.phase === 'Running' || status?.phase === 'Pending'))
    return ended.exitCode === 0 ? 'Succeeded' : 'Failed'
  return status?.phase ?? 'Unknown'
}

function statesOf({ status }: PodView): ContainerState[] {
  return [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].flatMap(({ state }) =>
    state ? [state] : [],
  )
}

function reasonOf(pod: PodView): string | undefined {
  const { phase, reason, message, conditions } = pod.status ?? {}
  if (phase === 'Succeeded') return undefined
  if (reason) return sentence(reason, message)
  const states = statesOf(pod)
  const failed = states.find(({ terminated }) => terminated && terminated.exitCode !== 0)?.terminated
  if (failed)
    return failed.reason === 'Error'
      ? `exit code ${failed.exitCode}`
      : sentence(failed.reason ?? '', `exit code ${failed.exitCode}`)
  const unscheduled = conditions?.find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  if (unscheduled) return sentence(unscheduled.reason ?? '', unscheduled.message)
  const waiting = states.find((state) => state.waiting)?.waiting
  return waiting && sentence(waiting.reason ?? '', waiting.message)
}

const sentence = (reason: string, message: string | undefined): string => (message ? `${reason}: ${message}` : reason)
