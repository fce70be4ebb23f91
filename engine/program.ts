/** A pipeline document indexed for running: made once by prepare.ts, read by everything else. Immutable. */
import type { JsonValue } from '../api/json.ts'
import type { ComponentSpec, ExecutorSpec, ParameterType, PipelineTaskSpec } from '../api/pipeline-spec.ts'
import type { KubernetesExecutorConfig, PipelineDocument } from '../api/platform-spec.ts'
import type { WaitKind } from '../api/wait.ts'

export interface Program {
  readonly document: PipelineDocument
  readonly pipelineName: string
  /** Every task of every reachable component; the first stands for the root. */
  readonly tasks: readonly TaskPlan[]
}

export type LeafKind = 'container' | 'importer' | 'create-volume' | 'delete-volume' | 'wait'

export interface ComponentPlan {
  readonly name: string
  readonly spec: ComponentSpec
  /** Types of the declared parameters, with the deprecated form read. */
  readonly parameterTypes: ReadonlyMap<string, ParameterType | undefined>
  /** In an order in which every task comes after its upstream tasks. Absent for leaves. */
  readonly tasks?: readonly TaskPlan[]
  readonly leaf?: {
    readonly kind: LeafKind
    readonly executorLabel: string
    readonly executor: ExecutorSpec
    /** What a `wait` waits for. */
    readonly wait?: WaitKind
    readonly kubernetes: KubernetesExecutorConfig
    /** `sha256` of raw command and args, for cache keys. */
    readonly commandDigest: string
    /** Raw command, args or environment have `{{$.workspace_path}}`, or the path that it has in a pod. */
    readonly namesWorkspace: boolean
  }
}

export interface TaskPlan {
  /** Index into `Program.tasks`. */
  readonly id: number
  readonly key: string
  /** Place in `ComponentPlan.tasks`. */
  readonly position: number
  readonly spec: PipelineTaskSpec
  readonly component: ComponentPlan
  /** Positions of siblings that must end first, and of those that wait for this one. */
  readonly upstream: readonly number[]
  readonly downstream: readonly number[]
  /** Runs however its upstream tasks ended. */
  readonly runsAlways: boolean
  readonly loop?: {
    readonly over: 'parameters' | 'artifacts'
    readonly itemInput: string
    /** The task's own input that holds the items. */
    readonly itemsInput?: string
    /** Items written in the pipeline. */
    readonly rawItems?: readonly JsonValue[]
    /** Iterations at once. */
    readonly limit: number
  }
}
