/** What a Pod says about its attempt: waiting and why, running, or over with a cause. Pure. After: run-session.ts tells the engine. */
import type { FailureCause } from '../../api/run-report.ts'
import type { AttemptFailure } from '../../engine/types.ts'
import { type ContainerStatus, LAUNCHER_CONTAINER, MAIN_CONTAINER, type Pod, type PodCondition } from './pod-types.ts'

export type PodFact =
  | {
      readonly kind: 'waiting'
      /** One sentence for people. */
      readonly message: string
      /** Set when waiting on is unlikely to help: the attempt fails by this cause after a time of grace. */
      readonly hopeless?: FailureCause | undefined
      /** Its node prepares it; what is in the way of that is told by events only. */
      readonly isSettingUp?: true
    }
  | { readonly kind: 'running' }
  | { readonly kind: 'succeeded' }
  | { readonly kind: 'failed'; readonly failure: AttemptFailure }
  /** Being deleted and not over yet. */
  | { readonly kind: 'leaving'; readonly message: string }

const IMAGE_TROUBLE = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
  'ImageInspectError',
])
const CONFIGURATION_TROUBLE = new Set(['CreateContainerConfigError', 'CreateContainerError', 'RunContainerError'])
/** Reasons of a whole pod that ended before or without its containers. */
const POD_REASONS: Readonly<Record<string, FailureCause>> = {
  Evicted: 'evicted',
  Preempting: 'preempted',
  DeadlineExceeded: 'timeout',
  NodeLost: 'infrastructure',
  NodeShutdown: 'infrastructure',
  Shutdown: 'infrastructure',
  Terminated: 'infrastructure',
  UnexpectedAdmissionError: 'infrastructure',
  NodeAffinity: 'infrastructure',
  OutOfcpu: 'infrastructure',
  OutOfmemory: 'infrastructure',
  OutOfpods: 'infrastructure',
}
const DISRUPTIONS: Readonly<Record<string, FailureCause>> = {
  PreemptionByScheduler: 'preempted',
  EvictionByEvictionAPI: 'evicted',
  TerminationByKubelet: 'evicted',
  DeletionByTaintManager: 'infrastructure',
  DeletionByPodGC: 'infrastructure',
}
/** Container reasons of a program that never ran. */
const START_TROUBLE = new Set(['StartError', 'ContainerCannotRun', 'CreateContainerError'])
/** Bytes of a log's end that a failure carries. */
const LOG_TAIL = 2048

export function readPod(pod: Pod): PodFact {
  const status = pod.status ?? {}
  const main = status.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER)
  const ended = main?.state?.terminated
  if (ended && ended.exitCode === 0 && status.phase !== 'Failed') return { kind: 'succeeded' }
  if (status.phase === 'Succeeded') return { kind: 'succeeded' }
  if (ended || status.phase === 'Failed') return { kind: 'failed', failure: failureOf(pod, main) }
  const init = failedInit(pod)
  if (init) return { kind: 'failed', failure: init }
  if (pod.metadata.deletionTimestamp)
    return { kind: 'leaving', message: disruptionText(pod) ?? 'the pod is being deleted' }
  if (main?.state?.running) return { kind: 'running' }
  return waiting(pod, main)
}

/** Whether nothing more is copied out of the pod: it or the launcher beside its step has ended. */
export function isPublished({ status }: Pod): boolean {
  const launcher = status?.initContainerStatuses?.find(({ name }) => name === LAUNCHER_CONTAINER)
  return launcher?.state?.terminated !== undefined || status?.phase === 'Succeeded' || status?.phase === 'Failed'
}

/** What the step ran, such as `sha256:…` or `registry/name@sha256:…`; undefined until the node has it. */
export function imageDigest({ status }: Pod): string | undefined {
  const { imageID } = status?.containerStatuses?.find(({ name }) => name === MAIN_CONTAINER) ?? {}
  return imageID?.replace(/^[a-z-]+:\/\//, '') || undefined
}

function waiting(pod: Pod, main: ContainerStatus | undefined): PodFact {
  for (const container of [main, ...(pod.status?.initContainerStatuses ?? [])]) {
    const { reason, message } = container?.state?.waiting ?? {}
    if (!reason) continue
    if (IMAGE_TROUBLE.has(reason)) {
      return {
        kind: 'waiting',
        hopeless: 'image',
        message: `its image can't be pulled (${reason}): ${message ?? 'no details'}`,
      }
    }
    if (reason === 'CrashLoopBackOff') {
      return {
        kind: 'waiting',
        hopeless: 'infrastructure',
        message:
          container?.name === LAUNCHER_CONTAINER
            ? `its inputs can't be copied in: see the log of ${container.name}`
            : `its container ${container?.name} ends again and again: see the log of it`,
      }
    }
    if (CONFIGURATION_TROUBLE.has(reason)) {
      return {
        kind: 'waiting',
        hopeless: 'configuration',
        message: `its container can't be made (${reason}): ${message ?? 'no details'}`,
      }
    }
  }
  const scheduled = condition(pod, 'PodScheduled')
  if (scheduled?.status === 'False') {
    return { kind: 'waiting', message: `no node takes it (${scheduled.reason}): ${scheduled.message ?? 'no details'}` }
  }
  const reason = main?.state?.waiting?.reason
  if (!reason) return { kind: 'waiting', message: 'it waits for a node' }
  if (condition(pod, 'PodReadyToStartContainers')?.status !== 'True') {
    return { kind: 'waiting', message: `its node prepares volumes and network (${reason})`, isSettingUp: true }
  }
  const initial = pod.status?.initContainerStatuses?.find(
    ({ name, state }) => state?.running && (name === LAUNCHER_CONTAINER || !isBeside(pod, name)),
  )
  if (initial?.name === LAUNCHER_CONTAINER) return { kind: 'waiting', message: 'its inputs are copied in' }
  if (initial) return { kind: 'waiting', message: `its init container ${initial.name} runs` }
  return { kind: 'waiting', message: `its image is pulled (${reason})` }
}

function failureOf(pod: Pod, main: ContainerStatus | undefined): AttemptFailure {
  const ended = main?.state?.terminated
  const disruption = causeOfDisruption(pod)
  const podReason = pod.status?.reason
  const exit = ended ? { exitCode: ended.exitCode } : {}
  const logTail =
    ended?.message && !START_TROUBLE.has(ended.reason ?? '') ? { logTail: ended.message.slice(-LOG_TAIL) } : {}
  const fail = (cause: FailureCause, message: string): AttemptFailure => ({ cause, message, ...exit, ...logTail })

  if (disruption) return fail(disruption, disruptionText(pod) ?? 'the pod was disrupted')
  if (podReason && POD_REASONS[podReason]) {
    return fail(POD_REASONS[podReason], `${podReason}: ${pod.status?.message ?? 'the pod was ended'}`)
  }
  if (ended?.reason === 'OOMKilled') return fail('oom', 'the step used more memory than its limit (OOMKilled)')
  if (ended && START_TROUBLE.has(ended.reason ?? '')) {
    return fail('configuration', `the step's program could not be started: ${ended.message ?? ended.reason}`)
  }
  if (pod.metadata.deletionTimestamp) return fail('infrastructure', 'the pod was deleted while the step ran')
  if (ended) return fail('application', exitText(ended.exitCode))
  return fail(
    'infrastructure',
    `the pod failed: ${[podReason, pod.status?.message].filter(Boolean).join(': ') || 'no reason given'}`,
  )
}

function exitText(exitCode: number): string {
  return exitCode > 128
    ? `the step ended by signal ${exitCode - 128} (exit code ${exitCode})`
    : `the step ended with exit code ${exitCode}`
}

/** An init container ends the attempt when it failed; one beside the step is started again. */
function failedInit(pod: Pod): AttemptFailure | undefined {
  for (const { name, state } of pod.status?.initContainerStatuses ?? []) {
    // What keeps the launcher from working shows as waiting.
    if (name === LAUNCHER_CONTAINER || isBeside(pod, name)) continue
    const ended = state?.terminated
    if (!ended || ended.exitCode === 0) continue
    return {
      cause: ended.reason === 'OOMKilled' ? 'oom' : 'application',
      message: `the init container ${name} ended with exit code ${ended.exitCode}`,
      exitCode: ended.exitCode,
      ...(ended.message ? { logTail: ended.message.slice(-LOG_TAIL) } : {}),
    }
  }
  return undefined
}

function isBeside({ spec }: Pod, name: string): boolean {
  return spec?.initContainers?.some((one) => one.name === name && one.restartPolicy === 'Always') ?? false
}

function condition(pod: Pod, type: string): PodCondition | undefined {
  return pod.status?.conditions?.find((entry) => entry.type === type)
}
function causeOfDisruption(pod: Pod): FailureCause | undefined {
  const target = condition(pod, 'DisruptionTarget')
  if (target?.status !== 'True') return undefined
  // A kubelet that ends a pod for its deadline or for memory says so in the pod's reason.
  if (pod.status?.reason === 'DeadlineExceeded') return 'timeout'
  return DISRUPTIONS[target.reason ?? ''] ?? 'infrastructure'
}
function disruptionText(pod: Pod): string | undefined {
  const target = condition(pod, 'DisruptionTarget')
  if (target?.status !== 'True') return undefined
  const where = pod.spec?.nodeName ? ` (on node ${pod.spec.nodeName})` : ''
  return `${target.reason}: ${target.message ?? 'the pod was disrupted'}${where}`
}
