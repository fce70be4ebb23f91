/** What a step is given and what it gives back: the JSON texts between an engine's executor and a component (kfp-ir.md chapter 3). */
import type { JsonObject, JsonValue } from './json.ts'
import type { ArtifactTypeSchema } from './pipeline-spec.ts'

/** One artifact as it travels in executor input and output, in states and in journals. */
export interface RuntimeArtifact {
  readonly name: string
  readonly type: ArtifactTypeSchema
  readonly uri: string
  readonly metadata: JsonObject
  /** A local path that stands in for the path that `uri` maps to. */
  readonly customPath?: string
  /** `sha256:<hex>` of the content (file or tree), set by the executor that published it; absent for unread imports. Not sent to components. */
  readonly digest?: string
  /** Which import made it, where each one counts as new content (`reimport`) and there is no digest. Not sent to components. */
  readonly importId?: string
}
export interface ArtifactList {
  readonly artifacts: readonly RuntimeArtifact[]
}
export interface ExecutorInput {
  readonly inputs: {
    readonly parameterValues?: Readonly<Record<string, JsonValue>>
    readonly artifacts?: Readonly<Record<string, ArtifactList>>
  }
  readonly outputs: {
    readonly parameters?: Readonly<Record<string, { readonly outputFile: string }>>
    readonly artifacts?: Readonly<Record<string, ArtifactList>>
    readonly outputFile: string
  }
}
/** What a component may write to `outputs.outputFile`. Every field may be missing. */
export interface ExecutorOutput {
  readonly parameterValues?: Readonly<Record<string, JsonValue>>
  readonly artifacts?: Readonly<
    Record<
      string,
      {
        readonly artifacts: readonly {
          readonly name?: string
          readonly uri?: string
          readonly metadata?: JsonObject
          readonly customPath?: string
          readonly custom_path?: string
        }[]
      }
    >
  >
}
/** Outputs of a finished task, by output name. Artifacts are always lists; a single artifact is a list of one. */
export interface TaskOutputs {
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly artifacts: Readonly<Record<string, readonly RuntimeArtifact[]>>
}
