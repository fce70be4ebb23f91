/** What a traced pipeline is made of: plain nodes that the dsl fills and the compiler reads. */

import type { Issue } from '../api/issue.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { TaskConfigPassthrough } from '../api/pipeline-spec.ts'
import type { KubernetesPipelineConfig, PipelineDocument } from '../api/platform-spec.ts'
import type { ScheduleOptions } from '../api/schedule-options.ts'
import type { Condition } from './condition.ts'
import type { CallSite } from './location.ts'
import type { PlaceholderPart } from './placeholders.ts'
import type { AnyRef, ArtifactRef, ParameterRef, TextPiece } from './refs.ts'
import type { InputTypes, OutputTypes } from './types/index.ts'

/** What a component takes and gives, and how it does its work. */
export interface ComponentModel {
  /** As the author wrote it; keys are sanitised from it. */
  readonly name: string
  readonly description?: string
  readonly inputs: InputTypes
  readonly outputs: OutputTypes
  readonly implementation: Implementation
  readonly taskConfigPassthroughs?: readonly TaskConfigPassthrough[]
  /** Platform settings that a loaded component brings along (KubernetesExecutorConfig). */
  readonly platform?: JsonObject
  readonly site: CallSite
}

export type Implementation =
  | TypeScriptImplementation
  | ContainerImplementation
  | ImporterImplementation
  | { readonly kind: 'pipeline'; readonly definition: PipelineModel }
  /** A compiled pipeline, loaded from IR. */
  | { readonly kind: 'document'; readonly document: PipelineDocument }

export interface TypeScriptImplementation {
  readonly kind: 'typescript'
  readonly image?: string
  // biome-ignore lint/suspicious/noExplicitAny: every component has its own types here; the typed face is defineComponent.
  readonly run: (...args: any[]) => unknown
}
export interface ContainerImplementation {
  readonly kind: 'container'
  readonly image: string
  readonly command: readonly PlaceholderPart[]
  readonly args: readonly PlaceholderPart[]
  readonly env?: Readonly<Record<string, string>>
  /** Resources that a loaded component brings along (ResourceSpec). */
  readonly resources?: JsonObject
}
export interface ImporterImplementation {
  readonly kind: 'importer'
  readonly uri: string | ParameterRef<string>
  readonly schemaTitle: string
  readonly schemaVersion: string
  readonly metadata?: JsonObject
  readonly reimport: boolean
  readonly downloadToWorkspace: boolean
}

/** A pipeline as defined: its body has not run yet. */
export interface PipelineModel {
  readonly name: string
  readonly displayName?: string
  readonly description?: string
  readonly inputs: InputTypes
  /** Made around a component that is compiled alone; then it may have inputs that only the system gives. */
  readonly isComponent?: boolean
  /** Declared outputs; else they follow from what the body returns. */
  readonly outputs?: OutputTypes
  readonly pipelineRoot?: string
  readonly kubernetes?: KubernetesPipelineConfig
  /** Not part of the compiled pipeline: a ScheduledRun is made of it. */
  readonly schedule?: ScheduleOptions
  // biome-ignore lint/suspicious/noExplicitAny: the typed face is definePipeline.
  readonly body: (inputs: any) => unknown
  readonly site: CallSite
}

/** A value given to an input: a reference, a constant, or a constant with references inside. */
export type ArgumentValue =
  | { readonly kind: 'ref'; readonly ref: AnyRef }
  | { readonly kind: 'constant'; readonly value: JsonValue; readonly site: CallSite }
  /** Text or JSON whose texts hold references. */
  | { readonly kind: 'template'; readonly value: TemplateValue; readonly site: CallSite }
export type TemplateValue =
  | null
  | boolean
  | number
  | readonly TextPiece[]
  | { readonly list: readonly TemplateValue[] }
  | { readonly fields: readonly (readonly [key: readonly TextPiece[], value: TemplateValue])[] }

/** A setting that may come from a parameter. */
export type SettingText = readonly TextPiece[]

export interface TaskSettings {
  displayName?: string
  caching?: { readonly enabled: boolean; readonly key?: string }
  retry?: {
    readonly maxRetries: number
    readonly backoffSeconds: number
    readonly backoffFactor: number
    readonly maxBackoffSeconds: number
  }
  ignoreUpstreamFailure?: boolean
  env?: Record<string, SettingText>
  image?: SettingText
  cpuLimit?: SettingText
  cpuRequest?: SettingText
  memoryLimit?: SettingText
  memoryRequest?: SettingText
  acceleratorType?: SettingText
  acceleratorCount?: SettingText
  /** Changes to the KubernetesExecutorConfig, in order. */
  kubernetes?: KubernetesSetting[]
}

/** One call of a `kubernetes.*` helper. References inside stand where the platform document wants an input parameter. */
export interface KubernetesSetting {
  readonly field: string
  /** Lists are appended to, objects merged, scalars replaced. */
  readonly value: unknown
  readonly site: CallSite
}

export interface TaskNode {
  readonly kind: 'task'
  /** Unique in its pipeline. */
  readonly key: string
  readonly component: ComponentModel
  readonly group: GroupNode
  readonly arguments: Map<string, ArgumentValue>
  readonly after: { readonly node: TaskNode | GroupNode; readonly site: CallSite }[]
  readonly settings: TaskSettings
  /** Set when this is the exit task of that handler. */
  exitOf?: ExitHandlerNode
  /** Interface and graph of a nested pipeline, traced once per call. */
  readonly nested?: PipelineGraph
  readonly site: CallSite
}

interface GroupBase {
  readonly parent: GroupNode | undefined
  readonly groups: GroupNode[]
  readonly tasks: TaskNode[]
  readonly site: CallSite
  displayName?: string
}
export interface RootNode extends GroupBase {
  readonly kind: 'root'
}
export interface ConditionNode extends GroupBase {
  readonly kind: 'condition'
  id: number
  /** All must hold; the earlier branches' are negated. */
  readonly conditions: readonly { readonly condition: Condition; readonly negated: boolean }[]
}
export interface BranchesNode extends GroupBase {
  readonly kind: 'branches'
  readonly id: number
  hasElse: boolean
  oneOfs: number
}
export interface LoopNode extends GroupBase {
  readonly kind: 'loop'
  readonly id: number
  readonly items:
    | { readonly kind: 'static'; readonly values: readonly JsonValue[]; readonly itemId: number }
    | { readonly kind: 'ref'; readonly ref: ParameterRef }
    | { readonly kind: 'artifacts'; readonly ref: ArtifactRef }
  /** Stands for the item of a round. */
  readonly item: AnyRef
  /** 0 means no limit. */
  readonly parallelism: number
}
export interface ExitHandlerNode extends GroupBase {
  readonly kind: 'exit-handler'
  readonly id: number
  exitTask?: TaskNode
}
export type GroupNode = RootNode | ConditionNode | BranchesNode | LoopNode | ExitHandlerNode

/** One traced pipeline. */
export interface PipelineGraph {
  readonly model: PipelineModel
  readonly root: RootNode
  /** In order of creation. */
  readonly tasks: TaskNode[]
  readonly outputs: Map<string, AnyRef>
  /** Types of the outputs: declared, or those of what was returned. */
  readonly outputTypes: Record<string, OutputTypes[string]>
  readonly issues: Issue[]
  /** Conditions that were made and not yet used. */
  readonly openConditions: Set<Condition>
  nextGroupId: number
  /** Keys that no other task can have: of tasks, and of groups. */
  readonly taskKeys: Set<string>
}

const KEY_WORDS: Readonly<Record<Exclude<GroupNode['kind'], 'root'>, string>> = {
  condition: 'condition',
  branches: 'condition-branches',
  loop: 'for-loop',
  'exit-handler': 'exit-handler',
}

/** Task key of a group: `condition-1`, `for-loop-2`, `exit-handler-3`, `condition-branches-4`. */
export function groupKey(group: GroupNode): string {
  return group.kind === 'root' ? 'root' : `${KEY_WORDS[group.kind]}-${group.id}`
}

/** Every key that a group of this number may have: the number is given before the kind is settled. */
export function groupKeysOf(id: number): readonly string[] {
  return Object.values(KEY_WORDS).map((word) => `${word}-${id}`)
}
