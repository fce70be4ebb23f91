/** The folder that all steps of a run share (kfp-ir.md 4.4): on the store's volume, or a claim of the run beside an object store. */
import { posix } from 'node:path'
import { API_GROUP, API_VERSION, LABELS } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type KubeObject, VOLUME_CLAIMS } from '../client/kube/resources.ts'
import { isAlreadyExists, isNotFound } from '../client/kube/transport.ts'
import { pathOfArtifact } from '../engine/artifact-paths.ts'
import type { RunConfig } from '../engine/types.ts'
import { type PodRequest, WORKSPACE_PATH } from './pod/build-pod.ts'
import type { SessionContext } from './run-session.ts'

/** Of the claim that a pipeline describes; what else a patch may hold is not for users to set, as in Kubeflow. */
interface ClaimPatch {
  readonly accessModes?: readonly string[]
  readonly storageClassName?: string
}

/**
 * What a pod mounts as its workspace; the claim is made when the first pod needs it, and goes with the run. Rejects also while a
 * claim of the name is another's: to be tried again.
 */
export async function workspaceOf(context: SessionContext): Promise<PodRequest['workspace']> {
  const { ports, run, pipeline } = context
  const wanted = pipeline.document.platform?.platforms.kubernetes?.pipelineConfig?.workspace
  if (ports.store.copyToWorkspace || !wanted) return { subPath: ports.store.pathsOf(run.runId).workspaceSubPath }
  const claimName = `${run.name.slice(0, 236)}-kfp-workspace`
  const { accessModes = ['ReadWriteOnce'], storageClassName } = (wanted.kubernetes?.pvcSpecPatch ?? {}) as ClaimPatch
  const claim = {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name: claimName,
      namespace: run.namespace,
      labels: { [LABELS.run]: run.uid },
      ownerReferences: [
        {
          apiVersion: `${API_GROUP}/${API_VERSION}`,
          kind: 'PipelineRun',
          name: run.name,
          uid: run.uid,
          controller: true,
        },
      ],
    },
    spec: { accessModes, resources: { requests: { storage: wanted.size } }, storageClassName },
  } as KubeObject
  try {
    await ports.kube.create(VOLUME_CLAIMS, run.namespace, claim)
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    await refuseOfOthers(context, claimName)
  }
  return { claimName }
}

/** A run that was deleted and made again would find what the one before left, in a claim that is about to go. */
async function refuseOfOthers({ ports, run }: SessionContext, name: string): Promise<void> {
  const { ownerReferences } = await claimOf(ports.kube, run.namespace, name)
  if (ownerReferences?.some(({ uid }) => uid === run.uid)) return
  const isOfRunBefore = ownerReferences?.some(({ kind, name: owner }) => kind === 'PipelineRun' && owner === run.name)
  const whose = isOfRunBefore ? 'is of an earlier run of this name and not gone yet' : 'is not of this run: delete it'
  throw new Error(`its workspace is to be the volume claim "${name}", which ${whose}`)
}

async function claimOf(kube: KubeClient, namespace: string, name: string): Promise<KubeObject['metadata']> {
  try {
    return (await kube.get(VOLUME_CLAIMS, namespace, name)).metadata
  } catch (error) {
    if (isNotFound(error)) throw new Error(`its workspace, the volume claim "${name}", is just gone`, { cause: error })
    throw error
  }
}

/** Where the copy of an artifact lies in the workspace, as steps look for it; undefined when that would lead out of it. */
export function placeInWorkspace(uri: string): string | undefined {
  const artifact = { name: '', type: {}, uri, metadata: { _kfp_workspace: true } }
  const path = pathOfArtifact(artifact, { workspacePath: WORKSPACE_PATH } as RunConfig)
  const place = posix.relative(WORKSPACE_PATH, posix.normalize(path))
  return place.startsWith('.artifacts/') && !path.includes('/../') ? place : undefined
}
