/** Artifacts as a component's `run` sees them. Types only: the objects are made by the runtime inside the step (compiler/bundle). */
import type { JsonObject, JsonValue } from '../api/json.ts'

export interface RunArtifact<S extends string = string> {
  readonly name: string
  readonly schemaTitle: S
  /** Where the artifact lives for the whole system. */
  readonly uri: string
  /** Where its file or folder is on this machine. */
  readonly path: string
}

export interface RunInputArtifact<S extends string = string> extends RunArtifact<S> {
  readonly metadata: JsonObject
}

interface WritableArtifact<S extends string> {
  readonly name: string
  readonly schemaTitle: S
  /** Assign to it when the content lies elsewhere than at the place that the system chose. */
  uri: string
  /** File or folder to write to; its parent folder exists. */
  readonly path: string
  /** Kept with the artifact. */
  metadata: Record<string, JsonValue>
}

export interface MetricsHelpers {
  /** Notes one number, such as `logMetric('accuracy', 0.97)`. */
  logMetric(name: string, value: number): void
}
export interface ClassificationMetricsHelpers {
  /** Points of a ROC curve; the three lists have one length. */
  logRocCurve(
    falsePositiveRates: readonly number[],
    truePositiveRates: readonly number[],
    thresholds: readonly number[],
  ): void
  logRocPoint(falsePositiveRate: number, truePositiveRate: number, threshold: number): void
  /** `matrix[i][j]`: how many of category i were taken for category j. */
  logConfusionMatrix(categories: readonly string[], matrix: readonly (readonly number[])[]): void
}
export interface SlicedClassificationMetricsHelpers {
  logRocPoint(slice: string, threshold: number, truePositiveRate: number, falsePositiveRate: number): void
  logConfusionMatrix(slice: string, categories: readonly string[], matrix: readonly (readonly number[])[]): void
}
export interface TextHelpers {
  /** Writes the page. */
  write(text: string): void
}
export interface ModelHelpers {
  /** Such as `onnx`; kept in the metadata. */
  framework: string
}

/** What an output artifact offers, by its schema title. */
export type RunOutputArtifact<S extends string = string> = WritableArtifact<S> &
  (S extends 'system.Metrics'
    ? MetricsHelpers
    : S extends 'system.ClassificationMetrics'
      ? ClassificationMetricsHelpers
      : S extends 'system.SlicedClassificationMetrics'
        ? SlicedClassificationMetricsHelpers
        : S extends 'system.HTML' | 'system.Markdown'
          ? TextHelpers
          : S extends 'system.Model'
            ? ModelHelpers
            : unknown)

/** What else a component may want to know. */
export interface RunContext {
  /** Ends when the run is canceled or the step's time is up. */
  readonly signal: AbortSignalLike
  /** A folder of this step's own, gone after it. */
  readonly temporaryDirectory: string
  /** The executor input as the backend gave it. */
  readonly executorInput: JsonObject
}
/** The part of the platform's AbortSignal that is the same everywhere. */
export interface AbortSignalLike {
  readonly aborted: boolean
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void
}
