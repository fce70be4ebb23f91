/** The magic images createpvc and deletepvc: volume claims made and deleted by the operator, without a pod. */
import { createHash } from 'node:crypto'
import { LABELS } from '../api/pipeline-run.ts'
import { type KubeObject, VOLUME_CLAIMS } from '../client/kube/resources.ts'
import { isAlreadyExists, isNotFound, isTransient, KubeError } from '../client/kube/transport.ts'
import type { Action, AttemptResult, VolumeRequest } from '../engine/types.ts'
import type { SessionContext } from './run-session.ts'

type ChangeVolume = Extract<Action, { kind: 'change-volume' }>

/** A name that is not given is computed, so that a repeated action finds the claim of the first one. */
export async function changeVolume(context: SessionContext, action: ChangeVolume): Promise<AttemptResult> {
  const { request } = action
  try {
    if (request.operation === 'delete') return await remove(context, request.name)
    return await create(context, request, request.name ?? computedName(context, action, request.nameSuffix))
  } catch (error) {
    const refused = error instanceof KubeError && !isTransient(error)
    const message = `the volume claim could not be ${request.operation}d: ${error instanceof Error ? error.message : error}`
    return { outcome: 'failed', failure: { cause: refused ? 'configuration' : 'infrastructure', message } }
  }
}

async function create(
  { ports, run }: SessionContext,
  request: Extract<VolumeRequest, { operation: 'create' }>,
  name: string,
): Promise<AttemptResult> {
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name, namespace: run.namespace, labels: { [LABELS.run]: run.uid }, annotations: request.annotations },
    spec: {
      accessModes: request.accessModes,
      resources: { requests: { storage: request.size } },
      storageClassName: request.storageClassName,
      volumeName: request.volumeName,
      dataSource: request.dataSource,
    },
  } as KubeObject
  try {
    await ports.kube.create(VOLUME_CLAIMS, run.namespace, claim)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
  return { outcome: 'succeeded', outputs: { parameters: { name }, artifacts: {} } }
}

async function remove({ ports, run }: SessionContext, name: string): Promise<AttemptResult> {
  try {
    await ports.kube.delete(VOLUME_CLAIMS, run.namespace, name)
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
  return { outcome: 'succeeded', outputs: { parameters: {}, artifacts: {} } }
}

function computedName({ run }: SessionContext, { task, attempt }: ChangeVolume, suffix = ''): string {
  const digest = createHash('sha256').update(`${run.uid}\0${task}\0${attempt}`).digest('hex')
  return `${digest.slice(0, 32)}${suffix}`.toLowerCase()
}
