/** What the launcher does around a step on an object store: written by the operator into the Pod, read by launcher/. */

export interface StagingPlan {
  /** Directories that the step writes to. */
  readonly folders: readonly string[]
  /** Copied in before the step starts. */
  readonly inputs: readonly { readonly uri: string; readonly path: string }[]
  /** Names for what lies elsewhere in the pod: copies in the workspace, where releases of the SDK before 2.15 do not look. */
  readonly links?: readonly { readonly path: string; readonly target: string }[] | undefined
  /** Copied out after the step ended well. */
  readonly outputs: readonly { readonly name: string; readonly uri: string; readonly path: string }[]
  /** Executor output and output parameters: small files that go into the result. */
  readonly executorOutputFile: string
  readonly parameterFiles: Readonly<Record<string, string>>
  /** Where the result goes. */
  readonly resultUri: string
  /** No step follows: copying in is all there is to do, and an input that is not there is a failure. */
  readonly onlyStage?: boolean | undefined
}

/** What a step left, as the launcher found it. */
export interface StagingResult {
  readonly executorOutput?: string | undefined
  readonly parameterFiles: Readonly<Record<string, string>>
  /** Artifact output name to content digest. */
  readonly digests: Readonly<Record<string, string>>
  /** Why copying failed; the attempt then fails as the infrastructure's. */
  readonly error?: string | undefined
}

/** Environment variable that holds the plan as JSON. */
export const STAGING_PLAN_VARIABLE = 'KFP_TS_STAGING_PLAN'

/** The launcher listens there when the step may start; nothing is said on it. */
export const LAUNCHER_PORT = 18_733
