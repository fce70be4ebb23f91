/** The `t` namespace: every type builder, and the two that wrap others (`list`, `optional`). */
import type { JsonValue } from '../../api/json.ts'
import type { ArtifactType } from './artifacts.ts'
import * as artifacts from './artifacts.ts'
import type { NeedOf, ParameterOptions, ParameterType, Untyped, ValueOf } from './parameters.ts'
import * as parameters from './parameters.ts'

/** Type of an input or output. */
export type AnyType = ParameterType | ArtifactType
/** Types by name of input. */
export type InputTypes = Readonly<Record<string, AnyType>>
/** Types by name of output. */
export type OutputTypes = Readonly<Record<string, AnyType>>

/**
 * A list of values of one type (`t.list(t.integer())`), of any JSON values (`t.list()`), or of artifacts (`t.list(t.dataset())`).
 */
function list(): ParameterType<readonly Untyped[], 'required'>
function list<S extends string>(items: ArtifactType<S>): ArtifactType<S, 'required', true>
function list<P extends ParameterType, const O extends ParameterOptions<readonly ValueOf<P>[]> = Record<never, never>>(
  items: P,
  options?: O,
): ParameterType<readonly ValueOf<P>[], NeedOf<O>>
function list<const O extends ParameterOptions<readonly JsonValue[]>>(
  items: undefined,
  options: O,
): ParameterType<readonly Untyped[], NeedOf<O>>
function list(items?: AnyType, options?: ParameterOptions<unknown>): AnyType {
  if (items?.kind === 'artifact') return Object.freeze({ ...items, list: true as const })
  return parameters.parameter('LIST', options, items ? { items } : {})
}

type Optional<T extends AnyType> =
  T extends ParameterType<infer V>
    ? ParameterType<V, 'optional'>
    : T extends ArtifactType<infer S, infer _, infer L>
      ? ArtifactType<S, 'optional', L>
      : never

/** A caller may leave it out; the component then sees `undefined`. */
function optional<T extends AnyType>(type: T): Optional<T> {
  return Object.freeze({ ...type, need: 'optional' as const }) as unknown as Optional<T>
}

/** Builders of parameter and artifact types. */
export const t = Object.freeze({
  integer: parameters.integer,
  number: parameters.number,
  string: parameters.string,
  boolean: parameters.boolean,
  literal: parameters.literal,
  struct: parameters.struct,
  finalStatus: parameters.finalStatus,
  taskConfig: parameters.taskConfig,
  artifact: artifacts.artifact,
  artifactOf: artifacts.artifactOf,
  dataset: artifacts.dataset,
  model: artifacts.model,
  metrics: artifacts.metrics,
  classificationMetrics: artifacts.classificationMetrics,
  slicedClassificationMetrics: artifacts.slicedClassificationMetrics,
  html: artifacts.html,
  markdown: artifacts.markdown,
  list,
  optional,
})

/** The names of {@link t}, for tools that write code. */
export type TypeBuilders = typeof t
