/** Puts a call of a component into the graph of the pipeline that runs now. */

import { readArguments } from './arguments.ts'
import { isConstant } from './constant.ts'
import type { ComponentModel, PipelineGraph, TaskNode } from './graph.ts'
import { type CallSite, here } from './location.ts'
import { sanitizeName, uniqueName } from './names.ts'
import type { AnyRef } from './refs.ts'
import { ArtifactRef, ParameterRef } from './refs.ts'
import { currentScope, report, type Scope } from './scope.ts'
import { Task } from './task.ts'
import { tracePipeline } from './trace.ts'
import type { AnyType, OutputTypes } from './types/index.ts'

/** Nested pipelines deeper than this are taken for endless recursion. */
const MAX_DEPTH = 50

/** Registers a task; `args` is what the author called the component with. */
export function createTask(component: ComponentModel, args: unknown): Task<Record<string, AnyRef>> {
  const scope = currentScope(`a task of component "${component.name}"`)
  const site = here()
  isConstant(component.name, 'the name of a task', 'use a constant; setDisplayName gives a task another name to show')
  const nested = traceNested(scope, component, site)
  const outputs = nested?.outputTypes ?? component.outputs
  const known: ComponentModel = outputs === component.outputs ? component : { ...component, outputs }
  const key = uniqueName(sanitizeName(component.name), (name) => scope.graph.taskKeys.has(name))
  const node: TaskNode = {
    kind: 'task',
    key,
    component: known,
    group: scope.group,
    arguments: readArguments(scope, known, argumentsObject(scope, component, args, site), site),
    after: [],
    settings: {},
    ...(nested ? { nested } : {}),
    site,
  }
  scope.graph.taskKeys.add(key)
  scope.graph.tasks.push(node)
  scope.group.tasks.push(node)
  return new Task(node, outputRefs(node, outputs, site))
}

function argumentsObject(
  scope: Scope,
  component: ComponentModel,
  args: unknown,
  site: CallSite,
): Readonly<Record<string, unknown>> {
  if (args === undefined) return {}
  const isPlain = typeof args === 'object' && args !== null && Object.getPrototypeOf(args) === Object.prototype
  if (isPlain) return args as Readonly<Record<string, unknown>>
  report(scope, {
    code: 'wrong-call',
    message: `component "${component.name}" is called with one object of inputs by name`,
    hint: `for example ${component.name}({ ${Object.keys(component.inputs)[0] ?? 'input'}: … })`,
    site,
  })
  return {}
}

function traceNested(scope: Scope, component: ComponentModel, site: CallSite): PipelineGraph | undefined {
  if (component.implementation.kind !== 'pipeline') return undefined
  const depth = scope.depth + 1
  if (depth > MAX_DEPTH) {
    report(scope, {
      code: 'recursive-pipeline',
      message: `pipeline "${component.name}" is nested more than ${MAX_DEPTH} deep: does it call itself?`,
      hint: 'a pipeline cannot contain itself; use parallelFor for repetition',
      site,
    })
    return undefined
  }
  const nested = tracePipeline(component.implementation.definition, depth)
  scope.graph.issues.push(...nested.issues)
  return nested
}

function outputRefs(task: TaskNode, outputs: OutputTypes, site: CallSite): Record<string, AnyRef> {
  const entries = Object.entries(outputs).map(([name, type]) => [name, outputRef(task, name, type, site)] as const)
  return Object.fromEntries(entries)
}

function outputRef(task: TaskNode, output: string, type: AnyType, site: CallSite): AnyRef {
  const source = { from: 'task', task, output } as const
  return type.kind === 'parameter' ? new ParameterRef(source, type, site) : new ArtifactRef(source, type, site)
}
