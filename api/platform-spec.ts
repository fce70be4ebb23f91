/** The second document of a pipeline file: Kubernetes configuration of executors and of the run (kfp-ir.md chapter 4). */
import type { JsonObject, JsonValue } from './json.ts'
import type { TaskInputParameterSpec } from './pipeline-spec.ts'

/** Resolved like a task input; when it resolves to null the whole entry that holds it is skipped. */
export type PlatformParameter = TaskInputParameterSpec

export interface SecretAsVolume {
  readonly secretName?: string
  readonly secretNameParameter?: PlatformParameter
  readonly mountPath: string
  readonly optional?: boolean
}
export interface SecretAsEnv {
  readonly secretName?: string
  readonly secretNameParameter?: PlatformParameter
  readonly keyToEnv: readonly { readonly secretKey: string; readonly envVar: string }[]
  readonly optional?: boolean
}
export interface ConfigMapAsVolume {
  readonly configMapName?: string
  readonly configMapNameParameter?: PlatformParameter
  readonly mountPath: string
  readonly optional?: boolean
}
export interface ConfigMapAsEnv {
  readonly configMapName?: string
  readonly configMapNameParameter?: PlatformParameter
  readonly keyToEnv: readonly { readonly configMapKey: string; readonly envVar: string }[]
  readonly optional?: boolean
}
export interface PvcMount {
  readonly mountPath: string
  readonly subPath?: string
  readonly pvcNameParameter?: PlatformParameter
  readonly taskOutputParameter?: { readonly producerTask: string; readonly outputParameterKey: string }
  readonly constant?: string
  readonly componentInputParameter?: string
}
export interface NodeSelector {
  readonly labels?: Readonly<Record<string, string>>
  readonly nodeSelectorJson?: PlatformParameter
}
export interface Toleration {
  readonly key?: string
  readonly operator?: string
  readonly value?: string
  readonly effect?: string
  readonly tolerationSeconds?: string | number
  readonly tolerationJson?: PlatformParameter
}
export interface NodeAffinityTerm {
  readonly matchExpressions?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
  readonly matchFields?: readonly {
    readonly key: string
    readonly operator: string
    readonly values?: readonly string[]
  }[]
  readonly weight?: number
  readonly nodeAffinityJson?: PlatformParameter
}
export interface ImagePullSecret {
  readonly secretName?: string
  readonly secretNameParameter?: PlatformParameter
}
export interface GenericEphemeralVolume {
  readonly volumeName: string
  readonly mountPath: string
  readonly accessModes?: readonly string[]
  readonly size?: string
  readonly defaultStorageClass?: boolean
  readonly storageClassName?: string
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}
export interface EmptyDirMount {
  readonly volumeName: string
  readonly mountPath: string
  readonly medium?: string
  readonly sizeLimit?: string
}
export interface InitContainer {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly volumeMounts?: readonly { readonly volumeName: string; readonly mountPath: string }[]
  readonly restartPolicy?: string
  readonly resources?: JsonObject
}
export interface KubernetesExecutorConfig {
  readonly secretAsVolume?: readonly SecretAsVolume[]
  readonly secretAsEnv?: readonly SecretAsEnv[]
  readonly configMapAsVolume?: readonly ConfigMapAsVolume[]
  readonly configMapAsEnv?: readonly ConfigMapAsEnv[]
  readonly pvcMount?: readonly PvcMount[]
  readonly nodeSelector?: NodeSelector
  readonly tolerations?: readonly Toleration[]
  readonly nodeAffinity?: readonly NodeAffinityTerm[]
  readonly podAffinity?: readonly JsonObject[]
  readonly podMetadata?: {
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly imagePullSecret?: readonly ImagePullSecret[]
  readonly imagePullPolicy?: string
  readonly fieldPathAsEnv?: readonly { readonly name: string; readonly fieldPath: string }[]
  readonly activeDeadlineSeconds?: string | number
  readonly genericEphemeralVolume?: readonly GenericEphemeralVolume[]
  readonly emptyDirMounts?: readonly EmptyDirMount[]
  readonly enabledSharedMemory?: { readonly volumeName?: string; readonly size?: string }
  readonly securityContext?: {
    readonly runAsUser?: string | number
    readonly runAsGroup?: string | number
    readonly runAsNonRoot?: boolean
  }
  readonly initContainers?: readonly InitContainer[]
  /** What a pod takes of a pool of kfp-ts's operator (default weight 1). A stock Kubeflow ignores it. */
  readonly pool?: { readonly name: string; readonly weight?: number }
}
/** Settings of the whole run. Times in seconds. */
export interface KubernetesPipelineConfig {
  readonly resourceTtlOnCompletion?: number | string
  readonly resourceTtlOnSuccess?: number | string
  readonly resourceTtlOnFailure?: number | string
  readonly activeDeadlineSeconds?: number | string
  readonly workspace?: { readonly size: string; readonly kubernetes?: { readonly pvcSpecPatch?: JsonObject } }
  /** One run at a time of those that name it, in their namespace. */
  readonly mutexName?: string
  /** What the run counts against: a pool of the operator, else a key of the namespace's ConfigMap `semaphore-config`. */
  readonly semaphoreKey?: string
}
export interface KubernetesPlatform {
  readonly deploymentSpec?: { readonly executors?: Readonly<Record<string, KubernetesExecutorConfig>> }
  readonly pipelineConfig?: KubernetesPipelineConfig
}
export interface PlatformSpec {
  readonly platforms: { readonly kubernetes?: KubernetesPlatform; readonly [platform: string]: unknown }
}

/** A compiled pipeline: the content of one pipeline file. */
export interface PipelineDocument {
  readonly spec: import('./pipeline-spec.ts').PipelineSpec
  readonly platform?: PlatformSpec
}
export type { JsonValue }
