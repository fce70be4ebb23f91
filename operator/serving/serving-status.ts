/** What a ModelDeployment reports. Pure. Before: the controller applied its objects and read them back. */
import type { ModelDeploymentStatus, ServingCondition, ServingReason } from '../../api/model-deployment.ts'
import type { Pod } from '../pod/pod-types.ts'
import { DEFAULT_REPLICAS, servingUrl } from './build-serving.ts'
import type { FoundModel } from './find-model.ts'
import type { Deployment, InferenceService, ModelDeployment } from './model-objects.ts'

/** How far the change to the wanted version is. */
export interface Progress {
  readonly version: string
  readonly ready: boolean
  readonly reason: ServingReason
  readonly message: string
  readonly readyReplicas: number
  readonly url: string
}

export interface Seen {
  readonly found: FoundModel
  /** Undefined when nothing is applied yet. */
  readonly progress?: Progress | undefined
  readonly now: number
}

export function servingStatus(deployment: ModelDeployment, { found, progress, now }: Seen): ModelDeploymentStatus {
  const { status: before = {}, metadata } = deployment
  const usable = 'place' in found
  const conditions = [
    condition('Resolved', usable, usable ? 'Resolved' : found.reason, usable ? version(found.version) : found.message),
    progress
      ? condition('Ready', progress.ready, progress.reason, progress.message)
      : condition('Ready', false, usable ? 'Progressing' : found.reason, usable ? 'not started yet' : found.message),
  ]
  const wanted = usable ? found.version : before.version
  const served = progress?.ready ? progress.version : before.servedVersion
  return {
    observedGeneration: metadata.generation,
    ...(wanted !== undefined && { version: wanted }),
    ...(served !== undefined && { servedVersion: served }),
    replicas: deployment.spec.replicas ?? DEFAULT_REPLICAS,
    readyReplicas: progress?.readyReplicas ?? 0,
    ...(progress && { url: progress.url }),
    conditions: conditions.map((one) => sinceWhen(one, before.conditions, now)),
  }

  function condition(type: ServingCondition['type'], holds: boolean, reason: ServingReason, message: string) {
    return { type, status: holds ? ('True' as const) : ('False' as const), reason, message: message.slice(0, 1000) }
  }
}

const version = (number: string): string => `version ${number}`

function sinceWhen(
  condition: Omit<ServingCondition, 'lastTransitionTime'>,
  before: readonly ServingCondition[] = [],
  now: number,
): ServingCondition {
  const last = before.find(({ type }) => type === condition.type)
  const time = last?.status === condition.status ? last.lastTransitionTime : new Date(now).toISOString()
  return { ...condition, lastTransitionTime: time }
}

/** Complete when every pod is of the newest template and takes requests, and none of an older one is left. */
export function rolloutProgress(
  owner: ModelDeployment,
  wanted: string,
  { metadata, spec, status }: Deployment,
): Progress {
  const replicas = spec?.replicas ?? 1
  const current = (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0)
  const { updatedReplicas = 0, availableReplicas = 0, readyReplicas = 0, replicas: all = 0 } = status ?? {}
  const ready = current && updatedReplicas === replicas && availableReplicas === replicas && all === replicas
  const common = { version: wanted, readyReplicas, url: servingUrl(owner) }
  if (ready) return { ...common, ready, reason: 'Ready', message: `${replicas} of ${replicas} serve version ${wanted}` }
  const stuck = status?.conditions?.find(
    ({ type, reason }) => type === 'Progressing' && reason === 'ProgressDeadlineExceeded',
  )
  const trouble = status?.conditions?.find(({ type, status: holds }) => type === 'ReplicaFailure' && holds === 'True')
  const counts = `${current ? updatedReplicas : 0} of ${replicas} started with version ${wanted}, ${readyReplicas} ready in all`
  const message = [counts, trouble?.message ?? (current ? stuck?.message : undefined)].filter(Boolean).join(': ')
  return { ...common, ready, reason: current && stuck ? 'ProgressDeadlineExceeded' : 'Progressing', message }
}

export function kserveProgress(wanted: string, { status }: InferenceService): Progress {
  const found = status?.conditions?.find(({ type }) => type === 'Ready')
  const ready = found?.status === 'True'
  return {
    version: wanted,
    ready,
    reason: ready ? 'Ready' : 'Progressing',
    message: ready ? `KServe serves version ${wanted}` : (found?.message ?? 'KServe has not answered yet'),
    readyReplicas: 0,
    url: status?.url ?? '',
  }
}

/** Why a pod is not ready, of the first that knows: how its container ended, what it waits for, why it has no node. */
export function podTrouble(pods: readonly Pod[]): string | undefined {
  for (const { metadata, status } of pods) {
    const [container] = status?.containerStatuses ?? []
    const ended = container?.lastState?.terminated ?? container?.state?.terminated
    const waiting = container?.state?.waiting
    const unscheduled = status?.conditions?.find((one) => one.type === 'PodScheduled' && one.status === 'False')
    const said = ended?.message?.trim() || waiting?.message || unscheduled?.message
    if (said) return `pod ${metadata.name}: ${said}`
  }
  return undefined
}
