/** Model deployments of a cluster: one ModelDeployment resource each, which the operator carries out. Before: operator --serve. */
import type { ModelDeploymentSpec, ModelDeploymentStatus } from '../api/model-deployment.ts'
import { API_GROUP, API_VERSION } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type KubeObject, MODEL_DEPLOYMENTS } from '../client/kube/resources.ts'
import { isConflict, isNotFound } from '../client/kube/transport.ts'
import { MetadataError } from '../store/metadata/errors.ts'
import type { DeployedModel, ModelDeployments } from './model-deployments.ts'

interface Found extends KubeObject {
  readonly spec: ModelDeploymentSpec
  readonly status?: ModelDeploymentStatus
}

/** Fields that others own, such as a Git-managed manifest, are not taken over: that is a conflict to be told. */
const MANAGER = 'kfp-ts-server'

/** @param only the namespace of a server that does not tell its callers apart */
export function kubernetesModelDeployments(kube: KubeClient, only?: string): ModelDeployments {
  const placeOf = (namespace: string): string => {
    const place = namespace || only
    if (place) return place
    throw new MetadataError(
      'failed-precondition',
      'This server has no namespace to deploy to: start it with --namespace',
    )
  }
  return {
    async apply(caller, name, wish) {
      const namespace = placeOf(caller)
      const object = {
        apiVersion: `${API_GROUP}/${API_VERSION}`,
        kind: 'ModelDeployment',
        metadata: { name, namespace },
        spec: wish,
      }
      try {
        return deployed(await kube.apply<Found>(MODEL_DEPLOYMENTS, namespace, object as Found, { manager: MANAGER }))
      } catch (error) {
        if (!isConflict(error)) throw error
        throw new MetadataError('conflict', `ModelDeployment ${name} is managed by somebody else: change it there`)
      }
    },
    async list(namespace) {
      return (await kube.list<Found>(MODEL_DEPLOYMENTS, { namespace: placeOf(namespace) })).items.map(deployed)
    },
    async remove(namespace, name) {
      await kube.delete(MODEL_DEPLOYMENTS, placeOf(namespace), name).catch((error) => {
        if (!isNotFound(error)) throw error
      })
    },
  }
}

function deployed({ metadata, spec, status = {} }: Found): DeployedModel {
  const { model, alias, version, replicas, format } = spec
  const wish = { model, ...(alias && { alias }), ...(version && { version }), replicas, format }
  // Until the operator has seen a change, what it said is about something else.
  const stale = status.observedGeneration !== metadata.generation
  const conditions = status.conditions?.map((one) => (stale ? { ...one, status: 'Unknown' as const } : one))
  return { name: metadata.name, spec: wish, status: { ...status, ...(conditions && { conditions }) } }
}
