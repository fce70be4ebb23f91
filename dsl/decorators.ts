/** `@pipeline` and `@component`: the standard decorators (TC39) over definePipeline and defineComponent. */
import { InvalidInputError } from '../api/issue.ts'
import { type Component, type ComponentRun, defineComponent } from './component.ts'
import type { Argument, Refs, RunInputs, RunOutputs } from './infer.ts'
import { here } from './location.ts'
import { definePipeline, type PipelineDefinition, type PipelineOptions } from './pipeline.ts'
import type { ArtifactRef, ParameterRef } from './refs.ts'
import type { RunContext, RunInputArtifact } from './run-artifacts.ts'
import { makeIssue } from './scope.ts'
import type { Task } from './task.ts'
import type { ArtifactType } from './types/artifacts.ts'
import type { InputTypes, OutputTypes } from './types/index.ts'
import type { Need, ParameterType } from './types/parameters.ts'

const DEFINITION = Symbol.for('kfp-ts.definition')

// biome-ignore lint/complexity/noBannedTypes: "no inputs" is exactly the empty object here.
type None = {}

/** A method that describes a pipeline. */
// biome-ignore lint/suspicious/noExplicitAny: `this` and the result are the author's.
type PipelineMethod<I extends InputTypes> = (this: any, inputs: Refs<I>) => unknown
/** A class whose `define` describes a pipeline. */
type PipelineClass<I extends InputTypes> = new () => { define(inputs: Refs<I>): unknown }

interface PipelineDecorator<I extends InputTypes> {
  <M extends PipelineMethod<I>>(method: M, context: ClassMethodDecoratorContext): void
  <C extends PipelineClass<I>>(value: C, context: ClassDecoratorContext<C>): void
}

/**
 * Makes a pipeline of a method, static or not, or of a class with a method `define`.
 * Export the class: its pipelines are found in it.
 *
 * @example
 * export class Iris {
 *   @pipeline({ name: 'iris', inputs: { trees: t.integer({ default: 100 }) } })
 *   static training({ trees }: { trees: ParameterRef<number> }) { train({ trees }) }
 * }
 */
export function pipeline<const I extends InputTypes = None>(options: PipelineOptions<I>): PipelineDecorator<I> {
  const decorate = (value: unknown, context: DecoratorContext): void => {
    checkContext(context, '@pipeline')
    if (context.kind === 'class') {
      const Class = value as PipelineClass<I>
      attach(
        value as object,
        definePipeline(options, (inputs) => new Class().define(inputs) as undefined),
      )
      return
    }
    const method = value as PipelineMethod<I>
    const owner: { value?: unknown } = {}
    const definition = definePipeline(options, (inputs) => method.call(owner.value, inputs) as undefined)
    attach(method, definition)
    context.addInitializer(function (this: unknown) {
      owner.value = this
    })
  }
  return decorate as PipelineDecorator<I>
}

export interface ComponentDecoratorOptions<I extends InputTypes, O extends OutputTypes> {
  /** @default the method's or class's name */
  readonly name?: string
  readonly description?: string
  readonly inputs?: I
  readonly outputs?: O
  readonly image?: string
}

interface ComponentDecorator<I extends InputTypes, O extends OutputTypes> {
  <M extends ComponentRun<I, O>>(method: M, context: ClassMethodDecoratorContext): void
  <C extends new () => { run: ComponentRun<I, O> }>(value: C, context: ClassDecoratorContext<C>): void
}

/**
 * Makes a component of a method or of a class with a method `run`. Get what pipelines call with `asComponent(method)`.
 * The method must not use `this`: it runs alone in its step.
 */
export function component<const I extends InputTypes = None, const O extends OutputTypes = None>(
  options: ComponentDecoratorOptions<I, O>,
): ComponentDecorator<I, O> {
  const decorate = (value: unknown, context: DecoratorContext): void => {
    checkContext(context, '@component')
    const name = options.name ?? String(context.name)
    if (context.kind === 'class') {
      const Class = value as new () => { run: ComponentRun<I, O> }
      const run = (inputs: RunInputs<I>, outputs: RunOutputs<O>, step: RunContext) =>
        new Class().run(inputs, outputs, step)
      attach(value as object, defineComponent<I, O>({ ...options, name, run: run as ComponentRun<I, O> }))
    } else attach(value as object, defineComponent<I, O>({ ...options, name, run: value as ComponentRun<I, O> }))
  }
  return decorate as ComponentDecorator<I, O>
}

interface DecoratorContext {
  readonly kind: string
  readonly name?: string | symbol
  addInitializer(initializer: (this: unknown) => void): void
}

/** Legacy decorators are called with a prototype and a name. */
function checkContext(context: unknown, what: string): asserts context is DecoratorContext {
  if (typeof context === 'object' && context !== null && 'kind' in context) return
  throw new InvalidInputError([
    makeIssue({
      code: 'legacy-decorators',
      message: `${what} was called the way of experimentalDecorators; the decorators of kfp-ts are the standard ones (TC39)`,
      hint: 'remove "experimentalDecorators" from the tsconfig.json, or use definePipeline(…) and defineComponent(…)',
      site: here(),
    }),
  ])
}

function attach(target: object, definition: unknown): void {
  Object.defineProperty(target, DEFINITION, { value: definition })
}

/** The component or pipeline that a decorator made of a function or class. */
export function definitionOf(target: unknown): PipelineDefinition | Component | undefined {
  if (typeof target !== 'function') return undefined
  return Object.hasOwn(target, DEFINITION)
    ? ((target as unknown as Record<symbol, unknown>)[DEFINITION] as PipelineDefinition)
    : undefined
}

/**
 * Every pipeline that decorators made of a class or of the class of an object: of itself, its static methods and its methods.
 * A class with pipelines in methods of its instances gets an instance, so that they have their `this`.
 */
export function pipelinesOfClass(value: unknown): readonly PipelineDefinition[] {
  if (typeof value !== 'function') return isInstance(value) ? decoratedMethods(Object.getPrototypeOf(value)) : []
  const own = definitionOf(value)
  const prototype = (value as { prototype?: object }).prototype
  const instanceMethods = prototype ? decoratedMethods(prototype) : []
  if (instanceMethods.length > 0) new (value as unknown as new () => object)()
  return [...(own?.kind === 'pipeline' ? [own] : []), ...decoratedMethods(value), ...instanceMethods]
}

function isInstance(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) !== null
}

function decoratedMethods(owner: object): readonly PipelineDefinition[] {
  return Object.getOwnPropertyNames(owner).flatMap((name) => {
    const definition = definitionOf(Object.getOwnPropertyDescriptor(owner, name)?.value)
    return definition?.kind === 'pipeline' ? [definition] : []
  })
}

/** What may be wired to a value that `run` takes as `V`. In brackets, so that a union such as `boolean` stays whole. */
type ArgumentFor<V, N extends Need> = 0 extends 1 & V
  ? unknown
  : [V] extends [RunInputArtifact<infer S>]
    ? Argument<ArtifactType<S, N, false>>
    : [V] extends [readonly RunInputArtifact<infer S>[]]
      ? Argument<ArtifactType<S, N, true>>
      : Argument<ParameterType<V, N>>
type ArgumentsFor<A> = {
  readonly [K in keyof A]: undefined extends A[K]
    ? ArgumentFor<Exclude<A[K], undefined>, 'optional'> | undefined
    : ArgumentFor<A[K], 'required'>
}
type RefFor<V> = V extends { readonly schemaTitle: infer S extends string } ? ArtifactRef<S, false> : ParameterRef<V>
type OutputsFor<O, R> = { readonly [K in keyof O]: RefFor<O[K]> } & (Awaited<R> extends object
  ? { readonly [K in keyof Awaited<R>]: ParameterRef<Awaited<R>[K]> }
  : unknown)

/**
 * The callable component behind a method that `@component` stands on, typed by the method.
 *
 * @example const task = asComponent(Steps.prototype.train)({ data: split.outputs.train })
 */
export function asComponent<A, O, R>(
  method: (inputs: A, outputs: O, context: RunContext) => R,
): (args: ArgumentsFor<A>) => Task<OutputsFor<O, R>> {
  const definition = definitionOf(method)
  if (definition) return definition as unknown as (args: ArgumentsFor<A>) => Task<OutputsFor<O, R>>
  throw new InvalidInputError([
    makeIssue({
      code: 'not-decorated',
      message: 'no @component stands on this',
      hint: 'put the decorator on the method',
      site: here(),
    }),
  ])
}
