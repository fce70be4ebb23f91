/** Runs a pipeline's body once and records what it says. Before: definePipeline. After: the compiler lowers the graph. */
import type { InvalidInputError, Issue } from '../api/issue.ts'
import type { PipelineGraph, PipelineModel, RootNode } from './graph.ts'
import { locationOfError } from './location.ts'
import { type AnyRef, ArtifactRef, isRef, ParameterRef, withTokens } from './refs.ts'
import { makeIssue, withScope } from './scope.ts'
import { Task } from './task.ts'
import { DEFAULT_SCHEMA_VERSION } from './types/artifacts.ts'
import { isFittingArtifact, isFittingParameter, isOfMistake } from './types/fit.ts'
import type { AnyType } from './types/index.ts'

/** Name of the output when a body returns one reference. */
export const SINGLE_OUTPUT = 'Output'

/** Traces a pipeline; the author's mistakes are in `issues` of the result, never thrown. */
export function tracePipeline(model: PipelineModel, depth = 0): PipelineGraph {
  const root: RootNode = { kind: 'root', parent: undefined, groups: [], tasks: [], site: model.site }
  const graph: PipelineGraph = {
    model,
    root,
    tasks: [],
    outputs: new Map(),
    outputTypes: {},
    issues: [],
    openConditions: new Set(),
    nextGroupId: 1,
    taskKeys: new Set(),
  }
  const run = () => {
    try {
      const result = model.body(inputRefs(graph))
      readResult(graph, result)
      reportOpenConditions(graph)
    } catch (error) {
      // What would have used the open conditions may stand below the line that threw.
      graph.issues.push(...issuesOf(model, error))
    }
  }
  withScope({ graph, group: root, depth }, () => (depth === 0 ? withTokens(run) : run()))
  return graph
}

/** References to the pipeline's own inputs. */
function inputRefs(graph: PipelineGraph): Readonly<Record<string, AnyRef>> {
  const refs = Object.entries(graph.model.inputs).map(([name, type]) => {
    const source = { from: 'input', graph, name } as const
    const ref =
      type.kind === 'parameter'
        ? new ParameterRef(source, type, graph.model.site)
        : new ArtifactRef(source, type, graph.model.site)
    return [name, ref] as const
  })
  return Object.freeze(Object.fromEntries(refs))
}

function readResult(graph: PipelineGraph, result: unknown): void {
  const { model } = graph
  const problem = resultProblem(model.name, result)
  if (problem) graph.issues.push(wrongResult(model, problem.message, problem.hint))
  const named = problem ? {} : isRef(result) ? { [SINGLE_OUTPUT]: result } : (result ?? {})
  for (const [name, ref] of Object.entries(named)) {
    if (isRef(ref)) addOutput(graph, name, ref)
    else {
      const message = `output "${name}" of pipeline "${model.name}" is not a reference`
      graph.issues.push(
        wrongResult(model, message, 'return outputs of tasks, such as { accuracy: evaluate.outputs.accuracy }'),
      )
    }
  }
  for (const name of Object.keys(model.outputs ?? {})) {
    if (graph.outputs.has(name) || problem) continue
    const message = `pipeline "${model.name}" declares the output "${name}" and does not return it`
    graph.issues.push(wrongResult(model, message, `add "${name}" to what the body returns`))
  }
}

function wrongResult(model: PipelineModel, message: string, hint: string): Issue {
  return makeIssue({ code: 'wrong-result', message, hint, site: model.site })
}

/** Why a body's result cannot be outputs. */
function resultProblem(name: string, result: unknown): { readonly message: string; readonly hint: string } | undefined {
  if (isThenable(result)) {
    result.then(undefined, () => {})
    return {
      message: `the body of pipeline "${name}" is asynchronous`,
      hint: 'remove async and await: a body only describes tasks, the work is done in components',
    }
  }
  if (result instanceof Task) {
    return { message: `pipeline "${name}" returns a task`, hint: 'return task.output or { name: task.outputs.<name> }' }
  }
  if (result === undefined || result === null || typeof result === 'object') return undefined
  return { message: `pipeline "${name}" returns a ${typeof result}`, hint: 'return references by name, or nothing' }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return !isRef(value) && typeof (value as { then?: unknown } | null | undefined)?.then === 'function'
}

function addOutput(graph: PipelineGraph, name: string, ref: AnyRef): void {
  const declared = graph.model.outputs?.[name]
  if (graph.model.outputs && !declared) {
    graph.issues.push(
      makeIssue({
        code: 'unknown-output',
        message: `pipeline "${graph.model.name}" returns "${name}", which its outputs do not declare`,
        hint: 'declare it, or leave "outputs" out and let them follow from what is returned',
        site: graph.model.site,
      }),
    )
  }
  if (ref.source.from === 'field') {
    graph.issues.push(
      makeIssue({
        code: 'field-as-output',
        message: `output "${name}" of pipeline "${graph.model.name}" is one field of a struct, which the IR can't hand on`,
        hint: 'return the whole struct, or take the field in a component',
        site: graph.model.site,
      }),
    )
  }
  if (declared && !isOfMistake(ref) && !fits(ref, declared)) {
    graph.issues.push(
      makeIssue({
        code: 'wrong-type',
        message: `output "${name}" of pipeline "${graph.model.name}" is declared as ${typeWord(declared)} and returned as ${typeWord(typeOfRef(ref))}`,
        hint: 'change the declaration or what is returned',
        site: graph.model.site,
      }),
    )
  }
  graph.outputs.set(name, ref)
  graph.outputTypes[name] = declared ?? typeOfRef(ref)
}

function fits(ref: AnyRef, type: AnyType): boolean {
  if (ref instanceof ParameterRef) return type.kind === 'parameter' && isFittingParameter(ref, type)
  return type.kind === 'artifact' && ref.list === type.list && isFittingArtifact(ref, type)
}

function typeWord(type: AnyType): string {
  return type.kind === 'parameter' ? type.parameterType : `${type.list ? 'list of ' : ''}${type.schemaTitle}`
}

function typeOfRef(ref: AnyRef): AnyType {
  if (ref instanceof ParameterRef) {
    return { kind: 'parameter', parameterType: ref.parameterType, need: 'required', ...ref.detail }
  }
  const { schemaTitle, schemaVersion = DEFAULT_SCHEMA_VERSION, list } = ref
  return { kind: 'artifact', schemaTitle, schemaVersion, list, need: 'required' }
}

function issuesOf(model: PipelineModel, error: unknown) {
  if (isInvalidInput(error)) return error.issues
  const location = locationOfError(error)
  return [
    makeIssue({
      code: 'body-failed',
      message: `the body of pipeline "${model.name}" threw: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'a body runs when the pipeline is compiled; values of the run belong into components',
      ...(location ? { location } : { site: model.site }),
    }),
  ]
}

/** By its code: the error may come from another copy of kfp-ts. */
function isInvalidInput(error: unknown): error is InvalidInputError {
  return error instanceof Error && (error as InvalidInputError).code === 'invalid-input'
}

function reportOpenConditions(graph: PipelineGraph): void {
  for (const condition of graph.openConditions) {
    graph.issues.push(
      makeIssue({
        code: 'unused-condition',
        message:
          'this condition is made and never used: && , || and ! choose when the pipeline is compiled, not when it runs',
        hint: 'combine conditions with and(…), or(…) and not(…), and give the result to If(…)',
        site: condition.site,
      }),
    )
  }
}
