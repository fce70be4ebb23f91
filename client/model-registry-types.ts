/** What the typed client of tracking and registry takes and answers. After: model-registry.ts. */

export interface RegistryConnection {
  /** Such as `http://127.0.0.1:5000`. @default MLFLOW_TRACKING_URI */
  readonly url?: string
  /** Sent as a bearer token. @default MLFLOW_TRACKING_TOKEN */
  readonly token?: string
  /** Namespace, on a server of a cluster. @default MLFLOW_WORKSPACE */
  readonly workspace?: string
  /** Name by which an open server on loopback knows the caller; it can't prove it. */
  readonly user?: string
}

export interface ModelVersion {
  readonly name: string
  readonly version: string
  readonly source: string
  readonly run_id: string
  readonly status: string
  readonly aliases?: readonly string[]
  readonly description?: string
}

export interface TrackedRun {
  readonly runId: string
  readonly name: string
  readonly status: string
  /** Where its artifacts lie. */
  readonly artifactUri: string
  readonly metrics: Readonly<Record<string, number>>
  readonly params: Readonly<Record<string, string>>
  readonly tags: Readonly<Record<string, string>>
}

export interface PromotionGate {
  readonly metric?: string
  /** @default true */
  readonly higherIsBetter?: boolean
  /** @default 0 */
  readonly minImprovement?: number
  readonly threshold?: number
}

export interface Promotion {
  readonly outcome: 'promoted' | 'waiting' | 'refused'
  readonly gate: { readonly passed: boolean; readonly explanation: string }
  /** For `approve` when the outcome is `waiting`. */
  readonly promotionId?: string
}

/** A promotion that people decide, or decided. */
export interface PromotionRecord {
  readonly promotionId: string
  readonly name: string
  readonly alias: string
  readonly version: number
  readonly state: 'PENDING' | 'APPROVED' | 'REJECTED' | 'EXPIRED'
  readonly gate: PromotionGate & { readonly explanation?: string }
  readonly approvers: readonly string[]
  readonly requestedBy: string
  readonly requestedAt: string
  readonly expiresAt?: string
  readonly decidedBy?: string
  readonly decidedAt?: string
  readonly reason?: string
}

/** Where a version comes from. */
export interface Lineage {
  readonly name: string
  readonly version: number
  readonly createdAt: string
  readonly source: string
  readonly params: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly data: readonly { readonly name: string; readonly digest: string; readonly uri?: string }[]
  readonly run?: { readonly runId: string; readonly name: string; readonly kind: string; readonly state: string }
  readonly pipeline?: {
    readonly runId: string
    readonly name: string
    readonly pipelineId: string | null
    readonly pipelineVersionId: string | null
    /** `sha256:` of the IR. */
    readonly specDigest: string
    readonly spec: unknown
    /** Executor to image, as the pipeline names it. */
    readonly images: Readonly<Record<string, string>>
    /** Task to the digest of the image that ran, where a cluster told it. */
    readonly imageDigests: Readonly<Record<string, string>>
  }
}

/** What the versions of a registry may have in common. */
export interface Origin {
  /** Of a step, a pipeline, or of a run that a client tracked. */
  readonly run?: string
  /** Digest of a dataset, as lineage tells it. */
  readonly data?: string
  /** Digest of an image that ran. */
  readonly image?: string
  /** Id of a pipeline or of one of its versions. */
  readonly pipeline?: string
}

export interface HistoryLine {
  readonly seq: number
  readonly at: string
  readonly actor: string
  readonly action: string
  readonly version?: number
  readonly alias?: string
  readonly previousVersion?: number
  readonly reason?: string
  readonly runId?: string
}

/** A model at work: `kfp-ts serve-model` on the server's machine, or pods of its cluster. */
export interface ModelDeployment {
  readonly name: string
  readonly model: string
  readonly alias?: string
  readonly version?: string
  readonly status: {
    /** Every replica serves `version`. */
    readonly ready: boolean
    readonly url?: string
    readonly version?: string
    readonly servedVersion?: string
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason: string
      readonly message: string
    }[]
  }
}

/** Exactly one of alias and version. */
export interface DeployOptions {
  /** Followed when it moves. */
  readonly alias?: string
  readonly version?: string
  /** A DNS label. @default made of model and alias */
  readonly deployment?: string
  /** @default 2 */
  readonly replicas?: number
  /** @default 'Deployment' */
  readonly format?: 'Deployment' | 'KServe'
}
