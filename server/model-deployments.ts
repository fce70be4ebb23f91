/** The port to what puts models to work: prediction servers on this machine, or ModelDeployment resources of a cluster. */
import type { ModelDeploymentSpec, ModelDeploymentStatus } from '../api/model-deployment.ts'
import { MetadataError } from '../store/metadata/errors.ts'

/** What a caller of the API may choose; images and pods are a matter of who owns the cluster. */
export type DeploymentWish = Pick<ModelDeploymentSpec, 'model' | 'alias' | 'version' | 'replicas' | 'format'>

export interface DeployedModel {
  readonly name: string
  readonly spec: DeploymentWish
  readonly status: ModelDeploymentStatus
}

export interface ModelDeployments {
  /** Makes it, or changes it to the wish. Rejects with MetadataError when the name is taken by another model. */
  apply(namespace: string, name: string, wish: DeploymentWish): Promise<DeployedModel>
  list(namespace: string): Promise<DeployedModel[]>
  /** Nothing happens when there is none. */
  remove(namespace: string, name: string): Promise<void>
}

const refuse = () =>
  Promise.reject(
    new MetadataError('failed-precondition', 'This server deploys no models: run `kfp-ts serve-model` yourself'),
  )

/** For a server that only keeps the registry. */
export const noModelDeployments: ModelDeployments = { apply: refuse, list: async () => [], remove: refuse }
