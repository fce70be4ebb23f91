/** Artifact types as an author writes them. A type is known by its schema title; `system.Artifact` fits every other. */
import type { JsonObject } from '../../api/json.ts'
import type { Need } from './parameters.ts'

/** Type of an artifact with schema title `S`, or of a list of them. Made by `t.dataset()` and its relatives. */
export interface ArtifactType<S extends string = string, N extends Need = Need, L extends boolean = boolean> {
  readonly kind: 'artifact'
  readonly schemaTitle: S
  readonly schemaVersion: string
  readonly need: N
  readonly list: L
  readonly description?: string
  /** Metadata that the system gives to the artifact before the component runs; outputs only. */
  readonly metadata?: JsonObject
}

export interface ArtifactOptions {
  readonly description?: string
  readonly metadata?: JsonObject
}

export const DEFAULT_SCHEMA_VERSION = '0.0.1'

/**
 * An artifact with a schema title of your own.
 *
 * @example t.artifactOf('acme.Embedding')
 */
export function artifactOf<const S extends string>(
  schemaTitle: S,
  options: ArtifactOptions & { readonly schemaVersion?: string } = {},
): ArtifactType<S, 'required', false> {
  const { description, metadata, schemaVersion = DEFAULT_SCHEMA_VERSION } = options
  return Object.freeze({
    kind: 'artifact' as const,
    schemaTitle,
    schemaVersion,
    need: 'required' as const,
    list: false as const,
    ...(description === undefined ? {} : { description }),
    ...(metadata === undefined ? {} : { metadata }),
  })
}

/** Any artifact. */
export const artifact = (options?: ArtifactOptions) => artifactOf('system.Artifact', options)
export const dataset = (options?: ArtifactOptions) => artifactOf('system.Dataset', options)
export const model = (options?: ArtifactOptions) => artifactOf('system.Model', options)
/** Numbers by name, kept in the metadata. */
export const metrics = (options?: ArtifactOptions) => artifactOf('system.Metrics', options)
/** ROC curve and confusion matrix, kept in the metadata. */
export const classificationMetrics = (options?: ArtifactOptions) => artifactOf('system.ClassificationMetrics', options)
export const slicedClassificationMetrics = (options?: ArtifactOptions) =>
  artifactOf('system.SlicedClassificationMetrics', options)
/** A page to show. */
export const html = (options?: ArtifactOptions) => artifactOf('system.HTML', options)
export const markdown = (options?: ArtifactOptions) => artifactOf('system.Markdown', options)

export function isArtifactType(value: unknown): value is ArtifactType {
  return typeof value === 'object' && value !== null && (value as ArtifactType).kind === 'artifact'
}
