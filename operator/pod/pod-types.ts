/** The fields of a Pod that the operator writes and reads; everything else of a Pod is of no concern here. */
import type { JsonObject } from '../../api/json.ts'
import type { KubeObject, ObjectMeta } from '../../client/kube/resources.ts'

export interface EnvVar {
  readonly name: string
  readonly value?: string | undefined
  readonly valueFrom?: JsonObject | undefined
}
export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string | undefined
  readonly readOnly?: boolean | undefined
}
export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[] | undefined
  readonly args?: readonly string[] | undefined
  readonly env?: readonly EnvVar[] | undefined
  readonly volumeMounts?: readonly VolumeMount[] | undefined
  readonly resources?:
    | { readonly requests?: Record<string, string> | undefined; readonly limits?: Record<string, string> | undefined }
    | undefined
  readonly securityContext?: JsonObject | undefined
  readonly imagePullPolicy?: string | undefined
  readonly restartPolicy?: string | undefined
  readonly terminationMessagePolicy?: string | undefined
  readonly startupProbe?: JsonObject | undefined
}
export type Volume = { readonly name: string } & JsonObject

export interface PodSpec {
  readonly restartPolicy: 'Never'
  readonly serviceAccountName?: string | undefined
  readonly automountServiceAccountToken: boolean
  readonly enableServiceLinks: boolean
  readonly terminationGracePeriodSeconds: number
  readonly activeDeadlineSeconds?: number | undefined
  readonly securityContext?: JsonObject | undefined
  readonly nodeSelector?: Readonly<Record<string, string>> | undefined
  readonly tolerations?: readonly JsonObject[] | undefined
  readonly affinity?: JsonObject | undefined
  readonly imagePullSecrets?: readonly { readonly name: string }[] | undefined
  readonly priorityClassName?: string | undefined
  readonly volumes?: readonly Volume[] | undefined
  readonly initContainers?: readonly Container[] | undefined
  readonly containers: readonly Container[]
}

export interface ContainerState {
  readonly waiting?: { readonly reason?: string | undefined; readonly message?: string | undefined } | undefined
  readonly running?: { readonly startedAt?: string | undefined } | undefined
  readonly terminated?: {
    readonly exitCode: number
    readonly signal?: number | undefined
    readonly reason?: string | undefined
    readonly message?: string | undefined
    readonly finishedAt?: string | undefined
  }
}
export interface ContainerStatus {
  readonly name: string
  /** The image as the node holds it, by its digest. */
  readonly imageID?: string | undefined
  readonly state?: ContainerState | undefined
  /** How it ended before it was started again. */
  readonly lastState?: ContainerState | undefined
}
export interface PodCondition {
  readonly type: string
  readonly status: string
  readonly reason?: string | undefined
  readonly message?: string | undefined
}
export interface PodStatus {
  readonly phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown' | undefined
  readonly reason?: string | undefined
  readonly message?: string | undefined
  readonly conditions?: readonly PodCondition[] | undefined
  readonly containerStatuses?: readonly ContainerStatus[] | undefined
  readonly initContainerStatuses?: readonly ContainerStatus[] | undefined
}
export interface Pod extends KubeObject {
  readonly metadata: ObjectMeta & { readonly deletionGracePeriodSeconds?: number | undefined }
  readonly spec?: (PodSpec & { readonly nodeName?: string | undefined }) | undefined
  readonly status?: PodStatus | undefined
}

export { MAIN_CONTAINER } from '../../api/pipeline-run.ts'

/** Name of the launcher beside it, on object stores. */
export const LAUNCHER_CONTAINER = 'kfp-ts-launcher'
