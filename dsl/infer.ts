/** The type-level half of the dsl: what callers may pass, what tasks give, what `run` receives. No code. */
import type { JsonObject } from '../api/json.ts'
import type { AnyRef, ArtifactRef, ParameterRef } from './refs.ts'
import type { RunArtifact, RunInputArtifact, RunOutputArtifact } from './run-artifacts.ts'
import type { ArtifactType } from './types/artifacts.ts'
import type { AnyType, InputTypes, OutputTypes } from './types/index.ts'
import type { ParameterType } from './types/parameters.ts'

/** Makes intersections readable in editors. */
type Show<T> = { [K in keyof T]: T[K] } & {}

type RequiredNames<I> = {
  [K in keyof I]: I[K] extends { readonly need: 'required' } ? K : never
}[keyof I]

/** A constant that may hold references one level down. */
type WithRefs<T> = T extends string | number | boolean | null | undefined
  ? T
  : T extends readonly (infer E)[]
    ? readonly (E | ParameterRef<E>)[]
    : { readonly [K in keyof T]: T[K] | ParameterRef<T[K]> }

/** What may be wired to an input of type `I`: a value that may be missing only where the input can do without. */
export type Argument<I> =
  I extends ParameterType<infer T, infer N>
    ? WithRefs<T> | ParameterRef<[N] extends ['required'] ? T : T | undefined>
    : I extends ArtifactType<infer S, infer N, infer L>
      ? ArtifactRef<
          'system.Artifact' extends S ? string : S | 'system.Artifact',
          L,
          [N] extends ['required'] ? false : boolean
        >
      : never

/** The object that a component is called with. */
export type CallArguments<I extends InputTypes> = Show<
  { readonly [K in RequiredNames<I>]: Argument<I[K]> } & {
    readonly [K in Exclude<keyof I, RequiredNames<I>>]?: Argument<I[K]> | undefined
  }
>

/** Components without required inputs may be called without an argument. */
export type CallParameters<I extends InputTypes> = [RequiredNames<I>] extends [never]
  ? [args?: CallArguments<I>]
  : [args: CallArguments<I>]

/** The reference that stands for a value of a type. */
export type RefOf<A> =
  A extends ParameterType<infer T, infer N>
    ? ParameterRef<'optional' extends N ? T | undefined : T>
    : A extends ArtifactType<infer S, infer N, infer L>
      ? ArtifactRef<S, L, [N] extends ['optional'] ? true : false>
      : never

/** References by name; `any` when the types are known only at run time. */
export type Refs<O extends OutputTypes> = { readonly [K in keyof O]: RefOf<O[K]> }

/** A type that fits nowhere, and whose text an editor shows. */
export interface NotAvailable<Why extends string> {
  readonly notAvailable: Why
}

type IsUnion<T, U = T> = T extends unknown ? ([U] extends [T] ? false : true) : never

/** `task.output`: there is one only when a component has exactly one output. */
export type SingleOutput<R> = [keyof R] extends [never]
  ? NotAvailable<'this component has no outputs'>
  : string extends keyof R
    ? R[keyof R]
    : true extends IsUnion<keyof R>
      ? NotAvailable<'this component has several outputs: use task.outputs.<name>'>
      : R[keyof R]

/** What `run` receives for one input. */
type RunValue<A> =
  A extends ParameterType<infer T, infer N>
    ? 'optional' extends N
      ? T | undefined
      : T
    : A extends ArtifactType<infer S, infer N, infer L>
      ?
          | (true extends L ? readonly RunInputArtifact<S>[] : RunInputArtifact<S>)
          | ('optional' extends N ? undefined : never)
      : never

export type RunInputs<I extends InputTypes> = { readonly [K in keyof I]: RunValue<I[K]> }

type ArtifactNames<O> = { [K in keyof O]: O[K] extends ArtifactType ? K : never }[keyof O]
type ParameterNames<O> = { [K in keyof O]: O[K] extends ParameterType ? K : never }[keyof O]

export type RunOutputs<O extends OutputTypes> = {
  readonly [K in ArtifactNames<O>]: O[K] extends ArtifactType<infer S> ? RunOutputArtifact<S> : never
}

/** What `run` must return: the output parameters. */
export type RunResult<O extends OutputTypes> = [ParameterNames<O>] extends [never]
  ? // biome-ignore lint/suspicious/noConfusingVoidType: a function without outputs returns nothing.
    void
  : { readonly [K in ParameterNames<O>]: O[K] extends ParameterType<infer T> ? T : never }

/** What a pipeline's body may return: one reference, several by name, or nothing. */
// biome-ignore lint/suspicious/noConfusingVoidType: a function without outputs returns nothing.
export type PipelineResult = AnyRef | { readonly [name: string]: AnyRef } | void

/** The outputs of a pipeline by name, from what its body returns. */
export type ResultRefs<R> = [R] extends [AnyRef]
  ? { readonly Output: R }
  : // biome-ignore lint/suspicious/noConfusingVoidType: a function without outputs returns nothing.
    [R] extends [void]
    ? Record<never, never>
    : { readonly [K in keyof R]: R[K] }

export type { AnyType, JsonObject, RunArtifact }
