/** Types of a run's arguments and outputs, from the definition of its pipeline. No code. */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { ArtifactRef, ParameterRef } from '../dsl/refs.ts'
import type { ArtifactType } from '../dsl/types/artifacts.ts'
import type { InputTypes } from '../dsl/types/index.ts'
import type { ParameterType } from '../dsl/types/parameters.ts'

/** Given for an input artifact: its URI, alone or with metadata. */
export type ArtifactArgument = string | { readonly uri: string; readonly metadata?: JsonObject }

type InputValue<A> =
  A extends ParameterType<infer T>
    ? T
    : A extends ArtifactType<infer _S, infer _N, infer L>
      ? true extends L
        ? readonly ArtifactArgument[]
        : ArtifactArgument
      : never

type RequiredNames<I> = {
  [K in keyof I]: I[K] extends { readonly need: 'required' } ? K : never
}[keyof I]

/** Makes intersections readable in editors. */
type Show<T> = { [K in keyof T]: T[K] } & {}

type Loose = Readonly<Record<string, JsonValue | undefined>>

/**
 * Plain values for the inputs of a pipeline: those without a default must be there. Of a pipeline whose types are not known at
 * compile time, any JSON values by name.
 *
 * @example
 * type Arguments = ArgumentsOf<typeof training> // { readonly data: ArtifactArgument; readonly trees?: number | undefined }
 */
export type ArgumentsOf<D> = D extends { readonly inputs: infer I extends InputTypes }
  ? string extends keyof I
    ? Loose
    : Show<
        { readonly [K in RequiredNames<I>]: InputValue<I[K]> } & {
          readonly [K in Exclude<keyof I, RequiredNames<I>>]?: InputValue<I[K]> | undefined
        }
      >
  : Loose

type OutputValue<R> =
  R extends ParameterRef<infer T>
    ? unknown extends T
      ? JsonValue
      : T
    : R extends ArtifactRef<infer _S, infer L>
      ? [L] extends [true]
        ? readonly RuntimeArtifact[]
        : [L] extends [false]
          ? RuntimeArtifact
          : RuntimeArtifact | readonly RuntimeArtifact[]
      : JsonValue

/**
 * Outputs of a pipeline by name: parameters as their values, artifacts with URI and metadata.
 *
 * @example
 * type Outputs = OutputsOf<typeof training> // { readonly accuracy: number; readonly model: RuntimeArtifact }
 */
export type OutputsOf<D> = D extends (...args: never[]) => { readonly outputs: infer O }
  ? string extends keyof O
    ? Readonly<Record<string, JsonValue>>
    : { readonly [K in keyof O]: OutputValue<O[K]> }
  : Readonly<Record<string, JsonValue>>

/**
 * Settings of a run as the last parameter of a call: they may be left out exactly when every input of the pipeline may.
 * `Settings` has no `arguments` of its own.
 */
export type SettingsParameters<D, Settings> =
  Partial<ArgumentsOf<D>> extends ArgumentsOf<D>
    ? [settings?: Settings & { readonly arguments?: ArgumentsOf<D> | undefined }]
    : [settings: Settings & { readonly arguments: ArgumentsOf<D> }]
