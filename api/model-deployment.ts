/** The ModelDeployment resource: which version of a registered model a cluster serves, and what the operator answers. */
import type { PodDefaults } from './pipeline-run.ts'

/** Exactly one of `alias` and `version` is set. */
export interface ModelDeploymentSpec {
  /** Name in the registry, whose workspace is the namespace of the resource. */
  readonly model: string
  /** Followed: when it moves, the pods are exchanged one by one. */
  readonly alias?: string | undefined
  /** One version, whatever the aliases do. */
  readonly version?: string | undefined
  /** @default 2 */
  readonly replicas?: number | undefined
  /** A Deployment with a Service, or an InferenceService of KServe. @default 'Deployment' */
  readonly format?: ServingFormat | undefined
  /** Image with `kfp-ts serve-model`. @default the operator's */
  readonly image?: string | undefined
  readonly podDefaults?: PodDefaults | undefined
}

export const SERVING_FORMATS = ['Deployment', 'KServe'] as const
export type ServingFormat = (typeof SERVING_FORMATS)[number]

/** Why a deployment is where it is: the one list that conditions and docs/operate.md use. */
export const SERVING_REASONS = {
  Resolved: 'the version was found and its files can be served',
  ModelNotFound: 'the registry of this namespace has no such model, alias or version',
  NotServable: 'the version holds no model file (.json of kfp-ts, or .onnx), or its files are not in the store',
  RegistryUnavailable: 'the registry could not be read; what is served stays',
  Ready: 'every replica serves the version',
  Progressing: 'replicas of the version are being started; the version before goes on serving',
  ProgressDeadlineExceeded: 'no replica of the version became ready in time; the version before goes on serving',
  Conflict: 'an object of the same name that belongs to somebody else is in the way',
  KServeMissing: 'the cluster has no InferenceService resource: install KServe, or use the format Deployment',
} as const satisfies Record<string, string>
export type ServingReason = keyof typeof SERVING_REASONS

export interface ServingCondition {
  readonly type: 'Resolved' | 'Ready'
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ServingReason
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration?: number | undefined
}

export interface ModelDeploymentStatus {
  readonly observedGeneration?: number | undefined
  /** The version that the pods are to serve. */
  readonly version?: string | undefined
  /** The version that all ready replicas served when the last change was complete. */
  readonly servedVersion?: string | undefined
  readonly replicas?: number | undefined
  /** Of `version`. */
  readonly readyReplicas?: number | undefined
  /** Where pods of the cluster reach it. */
  readonly url?: string | undefined
  readonly conditions?: readonly ServingCondition[] | undefined
}
