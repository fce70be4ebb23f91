/** Checks tasks that wait without a pod: a known kind, inputs and outputs that it has, and values that make sense. */

import type { JsonValue } from '../json.ts'
import { abbreviate, type Path, suggest } from '../parse/findings.ts'
import type { ParameterType, PipelineContainerSpec } from '../pipeline-spec.ts'
import { readWaitRequest } from '../read-wait.ts'
import { WAIT_IMAGE, WAIT_INPUTS, WAIT_KINDS, WAIT_OUTPUTS, type WaitKind } from '../wait.ts'
import type { ComponentNode, Scope, TaskNode } from './scope.ts'

export function checkWaitComponent(
  component: ComponentNode,
  executorPath: Path,
  { args = [] }: PipelineContainerSpec,
  scope: Scope,
): void {
  const kind = kindOf(args)
  if (!kind) {
    const message = `"${abbreviate(args.join(' '))}" is nothing to wait for`
    const hint = suggest(args[0] ?? '', WAIT_KINDS, 'its one argument is the kind')
    scope.report(component, 'bad-wait', [...executorPath, 'container', 'args'], message, hint)
    return
  }
  const { inputDefinitions: inputs, outputDefinitions: outputs } = component.spec
  checkNames(component, kind, 'inputDefinitions', inputs?.parameters ?? {}, WAIT_INPUTS[kind], scope)
  checkNames(component, kind, 'outputDefinitions', outputs?.parameters ?? {}, WAIT_OUTPUTS[kind], scope)
  const artifacts = Object.keys(outputs?.artifacts ?? {})
  if (artifacts.length <= (kind === 'object' ? 1 : 0)) return
  const message = `a wait for ${kind} has ${kind === 'object' ? 'one artifact' : 'no artifacts'} to give`
  const path = [...component.path, 'outputDefinitions', 'artifacts', artifacts.at(-1)!]
  scope.report(component, 'bad-wait', path, message, 'remove it')
}

function checkNames(
  component: ComponentNode,
  kind: WaitKind,
  section: 'inputDefinitions' | 'outputDefinitions',
  declared: Readonly<Record<string, { readonly parameterType?: ParameterType | undefined }>>,
  known: Readonly<Record<string, ParameterType>>,
  scope: Scope,
): void {
  for (const [name, { parameterType }] of Object.entries(declared)) {
    const path = [...component.path, section, 'parameters', name]
    const type = Object.hasOwn(known, name) ? known[name] : undefined
    if (type === undefined) {
      const what = section === 'inputDefinitions' ? 'takes' : 'gives'
      const message = `a wait for ${kind} ${what} no "${abbreviate(name)}"`
      scope.report(component, 'bad-wait', path, message, suggest(name, Object.keys(known), `it ${what}`))
    } else if (parameterType !== undefined && !isLike(parameterType, type)) {
      const message = `"${abbreviate(name)}" of a wait for ${kind} is a ${type}, not a ${parameterType}`
      scope.report(component, 'bad-wait', [...path, 'parameterType'], message, `declare it as ${type}`)
    }
  }
}

/** Numbers of either type do, and one value for a list of one. */
function isLike(declared: ParameterType, wanted: ParameterType): boolean {
  const isNumber = declared === 'NUMBER_INTEGER' || declared === 'NUMBER_DOUBLE'
  if (wanted === 'LIST') return declared === 'LIST' || declared === 'STRING' || isNumber
  return declared === wanted || (isNumber && wanted.startsWith('NUMBER_'))
}

/** What is known of the values before the run: constants and defaults. */
export function checkWait({ task, path, parent, component }: TaskNode, scope: Scope): void {
  const container = scope.executors[component?.spec.executorLabel ?? '']?.container
  const kind = container?.image === WAIT_IMAGE ? kindOf(container.args ?? []) : undefined
  if (!kind) return
  const values: Record<string, JsonValue> = {}
  const unknown = new Set<string>()
  for (const [name, { defaultValue }] of Object.entries(component!.spec.inputDefinitions?.parameters ?? {}))
    if (defaultValue !== undefined) values[name] = defaultValue
  for (const [name, wire] of Object.entries(task.inputs?.parameters ?? {})) {
    const constant = wire.runtimeValue?.constant
    if (constant !== undefined && !JSON.stringify(constant).includes('{{$')) values[name] = constant
    else unknown.add(name)
  }
  const read = readWaitRequest(kind, values, unknown)
  if (!('problems' in read)) return
  for (const problem of read.problems)
    scope.report(parent, 'bad-wait', path, `the wait for ${kind}: ${problem}`, 'docs/waiting.md lists what it takes')
}

function kindOf(args: readonly string[]): WaitKind | undefined {
  return args.length === 1 ? WAIT_KINDS.find((kind) => kind === args[0]) : undefined
}
