/**
 * KFP v2 IR as TypeScript types (proto3 JSON mapping of `pipeline_spec.proto`, schemaVersion 2.1.0).
 * These are the types AFTER `parse.ts` normalised a document: lowerCamelCase keys, integers as numbers.
 */
import type { JsonObject, JsonValue } from './json.ts'

export const PARAMETER_TYPES = [
  'NUMBER_DOUBLE',
  'NUMBER_INTEGER',
  'STRING',
  'BOOLEAN',
  'LIST',
  'STRUCT',
  'TASK_FINAL_STATUS',
  'TASK_CONFIG',
] as const
export type ParameterType = (typeof PARAMETER_TYPES)[number]

export interface ArtifactTypeSchema {
  /** For example `system.Dataset`. */
  readonly schemaTitle?: string
  readonly schemaUri?: string
  readonly instanceSchema?: string
  readonly schemaVersion?: string
}

export interface ParameterInputSpec {
  readonly parameterType?: ParameterType
  /** Deprecated 2.0 form, read as the matching `parameterType`. */
  readonly type?: 'INT' | 'DOUBLE' | 'STRING'
  readonly defaultValue?: JsonValue
  readonly isOptional?: boolean
  readonly description?: string
  /** Allowed values. */
  readonly literals?: readonly JsonValue[]
}
export interface ArtifactInputSpec {
  readonly artifactType: ArtifactTypeSchema
  readonly isArtifactList?: boolean
  readonly isOptional?: boolean
  readonly description?: string
}
export interface ParameterOutputSpec {
  readonly parameterType?: ParameterType
  readonly type?: 'INT' | 'DOUBLE' | 'STRING'
  readonly description?: string
}
export interface ArtifactOutputSpec {
  readonly artifactType: ArtifactTypeSchema
  readonly isArtifactList?: boolean
  readonly description?: string
  readonly metadata?: JsonObject
  readonly properties?: JsonObject
  readonly customProperties?: JsonObject
}
export interface ComponentInputsSpec {
  readonly parameters?: Readonly<Record<string, ParameterInputSpec>>
  readonly artifacts?: Readonly<Record<string, ArtifactInputSpec>>
}
export interface ComponentOutputsSpec {
  readonly parameters?: Readonly<Record<string, ParameterOutputSpec>>
  readonly artifacts?: Readonly<Record<string, ArtifactOutputSpec>>
}
export type TaskConfigField =
  | 'RESOURCES'
  | 'KUBERNETES_TOLERATIONS'
  | 'KUBERNETES_NODE_SELECTOR'
  | 'KUBERNETES_AFFINITY'
  | 'ENV'
  | 'KUBERNETES_VOLUMES'
export interface TaskConfigPassthrough {
  readonly field: TaskConfigField
  readonly applyToTask?: boolean
}

/** A component: either a leaf (`executorLabel`) or a graph (`dag`). */
export interface ComponentSpec {
  readonly inputDefinitions?: ComponentInputsSpec
  readonly outputDefinitions?: ComponentOutputsSpec
  readonly executorLabel?: string
  readonly dag?: DagSpec
  readonly singlePlatformSpecs?: readonly JsonObject[]
  readonly taskConfigPassthroughs?: readonly TaskConfigPassthrough[]
}

export interface ParameterSelectorSpec {
  readonly producerSubtask: string
  readonly outputParameterKey: string
}
export interface ArtifactSelectorSpec {
  readonly producerSubtask: string
  readonly outputArtifactKey: string
}
export interface DagOutputParameterSpec {
  readonly valueFromParameter?: ParameterSelectorSpec
  readonly valueFromOneof?: { readonly parameterSelectors: readonly ParameterSelectorSpec[] }
}
export interface DagOutputArtifactSpec {
  /** More than one selector means OneOf, never concatenation. */
  readonly artifactSelectors: readonly ArtifactSelectorSpec[]
}
export interface DagSpec {
  readonly tasks: Readonly<Record<string, PipelineTaskSpec>>
  readonly outputs?: {
    readonly parameters?: Readonly<Record<string, DagOutputParameterSpec>>
    readonly artifacts?: Readonly<Record<string, DagOutputArtifactSpec>>
  }
}

/** Exactly one of the sources is set; `parameterExpressionSelector` may refine it. */
export interface TaskInputParameterSpec {
  readonly taskOutputParameter?: { readonly producerTask: string; readonly outputParameterKey: string }
  readonly runtimeValue?: {
    readonly constant?: JsonValue
    readonly runtimeParameter?: string
    /** Deprecated `{intValue|doubleValue|stringValue}`. */
    readonly constantValue?: JsonObject
  }
  readonly componentInputParameter?: string
  readonly taskFinalStatus?: { readonly producerTask: string }
  readonly parameterExpressionSelector?: string
}
export interface TaskInputArtifactSpec {
  readonly taskOutputArtifact?: { readonly producerTask: string; readonly outputArtifactKey: string }
  readonly componentInputArtifact?: string
}
export interface TaskInputsSpec {
  readonly parameters?: Readonly<Record<string, TaskInputParameterSpec>>
  readonly artifacts?: Readonly<Record<string, TaskInputArtifactSpec>>
}
export interface ParameterIteratorSpec {
  /** `raw` is JSON text of a list; `inputParameter` names one of the task's own inputs. */
  readonly items: { readonly raw?: string; readonly inputParameter?: string }
  readonly itemInput: string
}
export interface ArtifactIteratorSpec {
  readonly items: { readonly inputArtifact: string }
  readonly itemInput: string
}
export type TriggerStrategy =
  | 'TRIGGER_STRATEGY_UNSPECIFIED'
  | 'ALL_UPSTREAM_TASKS_SUCCEEDED'
  | 'ALL_UPSTREAM_TASKS_COMPLETED'
export interface RetryPolicy {
  readonly maxRetryCount?: number
  /** Protobuf duration text, such as `60s`. */
  readonly backoffDuration?: string
  readonly backoffFactor?: number
  readonly backoffMaxDuration?: string
}
export interface CachingOptions {
  /** Absent means false: `cachingOptions: {}` turns caching OFF. */
  readonly enableCache?: boolean
  readonly cacheKey?: string
}
export interface PipelineTaskSpec {
  readonly taskInfo?: { readonly name?: string }
  readonly componentRef: { readonly name: string }
  readonly inputs?: TaskInputsSpec
  readonly dependentTasks?: readonly string[]
  readonly cachingOptions?: CachingOptions
  readonly triggerPolicy?: { readonly condition?: string; readonly strategy?: TriggerStrategy }
  readonly parameterIterator?: ParameterIteratorSpec
  readonly artifactIterator?: ArtifactIteratorSpec
  readonly iteratorPolicy?: { readonly parallelismLimit?: number }
  readonly retryPolicy?: RetryPolicy
}

export interface ResourceSpec {
  readonly cpuLimit?: number
  readonly memoryLimit?: number
  readonly cpuRequest?: number
  readonly memoryRequest?: number
  readonly resourceCpuLimit?: string
  readonly resourceMemoryLimit?: string
  readonly resourceCpuRequest?: string
  readonly resourceMemoryRequest?: string
  readonly accelerator?: {
    readonly type?: string
    /** int64 of the wire, text there. */
    readonly count?: string | number
    readonly resourceType?: string
    readonly resourceCount?: string
  }
}
export interface PipelineContainerSpec {
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value?: string }[]
  readonly resources?: ResourceSpec
  readonly lifecycle?: JsonObject
}
export interface ImporterSpec {
  readonly artifactUri: {
    readonly constant?: JsonValue
    readonly runtimeParameter?: string
    readonly constantValue?: JsonObject
  }
  readonly typeSchema?: ArtifactTypeSchema
  readonly metadata?: JsonObject
  readonly properties?: JsonObject
  readonly customProperties?: JsonObject
  readonly reimport?: boolean
  readonly downloadToWorkspace?: boolean
}
export interface ExecutorSpec {
  readonly container?: PipelineContainerSpec
  readonly importer?: ImporterSpec
  readonly resolver?: JsonObject
  readonly customJob?: JsonObject
}
export interface PipelineInfo {
  readonly name: string
  readonly displayName?: string
  readonly description?: string
}
export interface PipelineSpec {
  readonly pipelineInfo: PipelineInfo
  readonly deploymentSpec: { readonly executors?: Readonly<Record<string, ExecutorSpec>> }
  readonly components?: Readonly<Record<string, ComponentSpec>>
  readonly root: ComponentSpec
  readonly schemaVersion: string
  readonly sdkVersion?: string
  readonly defaultPipelineRoot?: string
}
