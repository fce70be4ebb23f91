/** ModelDeployment and what it becomes, as objects of the API server: what is read of them. */
import type { ModelDeploymentSpec, ModelDeploymentStatus } from '../../api/model-deployment.ts'
import { API_GROUP } from '../../api/pipeline-run.ts'
import type { KubeObject, Resource } from '../../client/kube/resources.ts'

export const DEPLOYMENTS: Resource = { group: 'apps', version: 'v1', plural: 'deployments' }
export const SERVICES: Resource = { group: '', version: 'v1', plural: 'services' }
export const INFERENCE_SERVICES: Resource = {
  group: 'serving.kserve.io',
  version: 'v1beta1',
  plural: 'inferenceservices',
}

export interface ModelDeployment extends KubeObject {
  readonly spec: ModelDeploymentSpec
  readonly status?: ModelDeploymentStatus | undefined
}

export interface Deployment extends KubeObject {
  readonly spec?: { readonly replicas?: number | undefined } | undefined
  readonly status?:
    | {
        readonly observedGeneration?: number | undefined
        readonly replicas?: number | undefined
        readonly updatedReplicas?: number | undefined
        readonly readyReplicas?: number | undefined
        readonly availableReplicas?: number | undefined
        readonly conditions?:
          | readonly { readonly type: string; readonly status: string; readonly reason?: string; message?: string }[]
          | undefined
      }
    | undefined
}

export interface InferenceService extends KubeObject {
  readonly status?:
    | {
        readonly url?: string | undefined
        readonly conditions?:
          | readonly { readonly type: string; readonly status: string; readonly message?: string }[]
          | undefined
      }
    | undefined
}

/** Labels and annotations of what a ModelDeployment becomes. */
export const SERVING_LABELS = {
  /** Name of the ModelDeployment. */
  deployment: `${API_GROUP}/model-deployment`,
  model: `${API_GROUP}/model`,
} as const
/** On the pod template: another version is another template, which is what makes the cluster exchange the pods. */
export const MODEL_VERSION_ANNOTATION = `${API_GROUP}/model-version`
