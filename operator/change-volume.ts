/** The magic images createpvc and deletepvc: volume claims made and deleted by the operator, without a pod. */
import { createHash } from 'node:crypto'
import { LABELS, TASK_PATH_ANNOTATION } from '../api/pipeline-run.ts'
import type { FailureCause } from '../api/run-report.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type KubeObject, VOLUME_CLAIMS } from '../client/kube/resources.ts'
import { isAlreadyExists, isNotFound, isTransient, KubeError } from '../client/kube/transport.ts'
import type { Action, AttemptResult, VolumeRequest } from '../engine/types.ts'
import type { PodSettings } from './pod/build-pod.ts'
import type { RunIdentity } from './run-session.ts'

type ChangeVolume = Omit<Extract<Action, { kind: 'change-volume' }>, 'kind'>

/** What of a session this needs. */
export interface VolumeContext {
  readonly ports: {
    readonly kube: Pick<KubeClient, 'create' | 'get' | 'delete'>
    readonly settings: { readonly pods: Pick<PodSettings, 'store'> }
  }
  readonly run: Pick<RunIdentity, 'namespace' | 'uid'>
}

/** A name that is not given is computed, so that a repeated action finds the claim of the first one. */
export async function changeVolume(context: VolumeContext, action: ChangeVolume): Promise<AttemptResult> {
  const { request } = action
  try {
    if (request.operation === 'delete') return await remove(context, request.name)
    return await create(context, action, request)
  } catch (error) {
    const refused = error instanceof KubeError && !isTransient(error)
    const message = `the volume claim could not be ${request.operation}d: ${error instanceof Error ? error.message : error}`
    return failed(refused ? 'configuration' : 'infrastructure', message)
  }
}

async function create(
  context: VolumeContext,
  action: ChangeVolume,
  request: Extract<VolumeRequest, { operation: 'create' }>,
): Promise<AttemptResult> {
  const { kube } = context.ports
  const { namespace, uid } = context.run
  const name = request.name ?? computedName(context, action, request.nameSuffix)
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      namespace,
      labels: { [LABELS.run]: uid },
      annotations: { ...request.annotations, [TASK_PATH_ANNOTATION]: action.task },
    },
    spec: {
      accessModes: request.accessModes,
      resources: { requests: { storage: request.size } },
      storageClassName: request.storageClassName,
      volumeName: request.volumeName,
      dataSource: request.dataSource,
    },
  } as KubeObject
  try {
    await kube.create(VOLUME_CLAIMS, namespace, claim)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    // Before it was killed, an operator may have made it for this task.
    const { labels, annotations } = (await kube.get(VOLUME_CLAIMS, namespace, name)).metadata
    if (labels?.[LABELS.run] !== uid || annotations?.[TASK_PATH_ANNOTATION] !== action.task)
      return failed(
        'configuration',
        `there is a volume claim "${name}" in namespace "${namespace}" already; mount that one without CreatePVC, or give ` +
          '`pvc_name_suffix` instead of `pvc_name` for a new claim in every run',
      )
  }
  return succeeded({ name })
}

/** A claim that is gone was perhaps deleted by this task, before its operator was killed. */
async function remove({ ports, run }: VolumeContext, name: string): Promise<AttemptResult> {
  const { store } = ports.settings.pods
  if ('claimName' in store && store.claimName === name)
    return failed(
      'configuration',
      `the volume claim "${name}" is the store of all runs here: a pipeline can't delete it; name the claim that it made`,
    )
  try {
    await ports.kube.delete(VOLUME_CLAIMS, run.namespace, name)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  return succeeded({})
}

const succeeded = (parameters: Record<string, string>): AttemptResult => ({
  outcome: 'succeeded',
  outputs: { parameters, artifacts: {} },
})
const failed = (cause: FailureCause, message: string): AttemptResult => ({
  outcome: 'failed',
  failure: { cause, message },
})

function computedName({ run }: VolumeContext, { task, attempt }: ChangeVolume, suffix = ''): string {
  const digest = createHash('sha256').update(`${run.uid}\0${task}\0${attempt}`).digest('hex')
  return `${digest.slice(0, 32)}${suffix}`.toLowerCase()
}
