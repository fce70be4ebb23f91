/** Parameter types as an author writes them: small frozen descriptions that carry the TypeScript type of their values. */
import type { JsonObject, JsonValue } from '../../api/json.ts'
import type { ParameterType as ParameterTypeWord } from '../../api/pipeline-spec.ts'

/** Whether a caller has to give a value: `required`, or not because there is a default, or not because it may be missing. */
export type Need = 'required' | 'defaulted' | 'optional'

/** Elements and fields of which nothing was said: they fit everywhere, and `t.list(t.integer())` says more. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point.
export type Untyped = any

declare const valueType: unique symbol

/** Type of a parameter whose values are `T` in TypeScript. Made by `t.integer()` and its relatives. */
export interface ParameterType<T = unknown, N extends Need = Need> {
  readonly kind: 'parameter'
  readonly parameterType: ParameterTypeWord
  readonly need: N
  readonly defaultValue?: JsonValue
  readonly description?: string
  /** Allowed values. */
  readonly literals?: readonly JsonValue[]
  /** Type of the elements of a list, where the author told it. */
  readonly items?: ParameterType
  /** Types of the fields of a struct, where the author told them. */
  readonly fields?: Readonly<Record<string, ParameterType>>
  readonly [valueType]?: T
}

export interface ParameterOptions<T> {
  /** Value when the caller gives none. */
  readonly default?: T
  readonly description?: string
}

/** How a run ended, as an exit task gets it. */
export interface FinalStatus {
  /** `COMPLETE` or `SUCCEEDED` (which depends on the backend), `FAILED`, `CANCELED` … */
  readonly state: string
  readonly pipelineJobResourceName: string
  readonly pipelineTaskName: string
  readonly error?: { readonly code?: number; readonly message?: string }
}

/** `defaulted` exactly when the options hold a default. */
export type NeedOf<O> = O extends { readonly default: infer D }
  ? undefined extends D
    ? 'required'
    : 'defaulted'
  : 'required'

/** Value type of a parameter type. */
export type ValueOf<P> = P extends ParameterType<infer T> ? T : never

export function parameter<T, N extends Need>(
  parameterType: ParameterTypeWord,
  options: ParameterOptions<unknown> | undefined,
  more: Pick<ParameterType, 'literals' | 'items' | 'fields'> = {},
): ParameterType<T, N> {
  const { default: defaultValue, description } = options ?? {}
  return Object.freeze({
    kind: 'parameter' as const,
    parameterType,
    need: (defaultValue === undefined ? 'required' : 'defaulted') as N,
    ...(defaultValue === undefined ? {} : { defaultValue: defaultValue as JsonValue }),
    ...(description === undefined ? {} : { description }),
    ...more,
  })
}

/** A whole number. */
export function integer<const O extends ParameterOptions<number> = Record<never, never>>(
  options?: O,
): ParameterType<number, NeedOf<O>> {
  return parameter('NUMBER_INTEGER', options)
}

/** A floating-point number. */
export function number<const O extends ParameterOptions<number> = Record<never, never>>(
  options?: O,
): ParameterType<number, NeedOf<O>> {
  return parameter('NUMBER_DOUBLE', options)
}

/** Text. */
export function string<const O extends ParameterOptions<string> = Record<never, never>>(
  options?: O,
): ParameterType<string, NeedOf<O>> {
  return parameter('STRING', options)
}

export function boolean<const O extends ParameterOptions<boolean> = Record<never, never>>(
  options?: O,
): ParameterType<boolean, NeedOf<O>> {
  return parameter('BOOLEAN', options)
}

/**
 * One of some values, all strings or all numbers.
 *
 * @example t.literal(['gini', 'entropy'], { default: 'gini' })
 */
export function literal<
  const L extends readonly [string | number, ...(string | number)[]],
  const O extends ParameterOptions<L[number]> = Record<never, never>,
>(values: L, options?: O): ParameterType<L[number], NeedOf<O>> {
  const word = values.every((value) => typeof value === 'string')
    ? 'STRING'
    : values.every((value) => Number.isInteger(value))
      ? 'NUMBER_INTEGER'
      : 'NUMBER_DOUBLE'
  return parameter(word, options, { literals: values })
}

/** Fields of a struct by name; optional ones by `t.optional`. */
export type StructFields = Readonly<Record<string, ParameterType>>
export type StructValue<F extends StructFields> = {
  readonly [K in keyof F as F[K] extends ParameterType<unknown, 'required'> ? K : never]: ValueOf<F[K]>
} & {
  readonly [K in keyof F as F[K] extends ParameterType<unknown, 'required'> ? never : K]?: ValueOf<F[K]>
}

/**
 * A JSON object: any (`t.struct()`), or with known fields, which constants are checked against.
 *
 * @example t.struct({ depth: t.integer(), name: t.string() })
 */
export function struct<const F extends StructFields, const O extends ParameterOptions<object> = Record<never, never>>(
  fields: F,
  options?: O,
): ParameterType<StructValue<F>, NeedOf<O>>
export function struct<const O extends ParameterOptions<JsonObject> = Record<never, never>>(
  options?: O,
): ParameterType<{ readonly [key: string]: Untyped }, NeedOf<O>>
// biome-ignore lint/suspicious/noExplicitAny: the overloads above are the face.
export function struct(fieldsOrOptions?: object, options?: ParameterOptions<unknown>): ParameterType<any, any> {
  const isFields = options !== undefined || Object.values(fieldsOrOptions ?? {}).some(isParameterType)
  if (!isFields) return parameter('STRUCT', fieldsOrOptions as ParameterOptions<unknown>)
  return parameter('STRUCT', options, fieldsOrOptions ? { fields: fieldsOrOptions as StructFields } : {})
}

/** For the exit task's input that tells how the run ended; given by the system, never by the caller. */
export function finalStatus(options?: { readonly description?: string }): ParameterType<FinalStatus, 'optional'> {
  return Object.freeze({
    ...parameter<FinalStatus, 'optional'>('TASK_FINAL_STATUS', options),
    need: 'optional' as const,
  })
}

/** Kubernetes settings of the task, for components that start pods themselves; given by the system, never by the caller. */
export function taskConfig(options?: { readonly description?: string }): ParameterType<JsonObject, 'optional'> {
  return Object.freeze({ ...parameter<JsonObject, 'optional'>('TASK_CONFIG', options), need: 'optional' as const })
}

export function isParameterType(value: unknown): value is ParameterType {
  return typeof value === 'object' && value !== null && (value as ParameterType).kind === 'parameter'
}
