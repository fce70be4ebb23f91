/** Finding one's way in a run: from a task's path to its plan, its surroundings and the inputs that it sees. */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import { convertValue } from './convert-value.ts'
import type { Program, TaskPlan } from './program.ts'
import { NO_INPUTS, type ResolvedInputs } from './resolved-inputs.ts'
import type { RunState, TaskNode } from './run-state.ts'
import { TaskError } from './task-error.ts'
import type { TaskPath } from './types.ts'

/** A program and where a run of it stands. */
export interface RunView {
  readonly program: Program
  readonly state: RunState
}

export const ROOT: TaskPath = 'root'

export function planOf(view: RunView, node: TaskNode): TaskPlan {
  return view.program.tasks[node.plan]!
}

/** The graph that a task is in, or the loop that an iteration is of. Not for the root. */
export function parentPath(path: TaskPath, node: TaskNode): TaskPath {
  return path.slice(0, node.index === undefined ? path.lastIndexOf('/') : path.lastIndexOf('['))
}

export function isLoop(plan: TaskPlan, node: TaskNode): boolean {
  return plan.loop !== undefined && node.index === undefined
}

export function iterationPath(loop: TaskPath, index: number): TaskPath {
  return `${loop}[${index}]`
}

export function siblingPath(scope: TaskPath, key: string): TaskPath {
  return `${scope}/${key}`
}

/** An input parameter of a graph, as the tasks in it see it. */
export function scopeParameter(view: RunView, scope: TaskPath, name: string): JsonValue | undefined {
  const node = view.state.tasks[scope]!
  if (node.index === undefined) return own(node.inputs?.parameters, name)
  const loop = planOf(view, node).loop!
  const loopPath = parentPath(scope, node)
  if (loop.over === 'parameters' && name === loop.itemInput) return loopItem(view, loopPath, node.index)
  return own(view.state.tasks[loopPath]!.inputs?.parameters, name)
}

export function scopeArtifacts(view: RunView, scope: TaskPath, name: string): readonly RuntimeArtifact[] | undefined {
  const node = view.state.tasks[scope]!
  if (node.index === undefined) return own(node.inputs?.artifacts, name)
  const loop = planOf(view, node).loop!
  const { inputs } = view.state.tasks[parentPath(scope, node)]!
  if (loop.over === 'artifacts' && name === loop.itemInput) {
    const item = inputs?.artifacts[loop.itemsInput!]?.[node.index]
    return item && [item]
  }
  return own(inputs?.artifacts, name)
}

/** All inputs of one iteration: those of the loop and its item. */
export function iterationInputs(view: RunView, path: TaskPath, node: TaskNode): ResolvedInputs {
  const { loop } = planOf(view, node)
  const inputs = view.state.tasks[parentPath(path, node)]!.inputs ?? NO_INPUTS
  const item = loop!.itemInput
  if (loop!.over === 'artifacts') {
    const artifacts = { ...inputs.artifacts, [item]: scopeArtifacts(view, path, item) ?? [] }
    return { parameters: inputs.parameters, artifacts }
  }
  const value = scopeParameter(view, path, item)
  return value === undefined ? inputs : { ...inputs, parameters: { ...inputs.parameters, [item]: value } }
}

function loopItem(view: RunView, loopPath: TaskPath, index: number): JsonValue | undefined {
  const node = view.state.tasks[loopPath]!
  const { loop, component } = planOf(view, node)
  const item = loopItems(view, loopPath, node)[index]
  if (item === undefined || item === null) return undefined
  const converted = convertValue(item, component.parameterTypes.get(loop!.itemInput))
  if ('value' in converted) return converted.value
  throw new TaskError('wrong-type', `item ${index} of the loop: "${loop!.itemInput}": ${converted.problem}`)
}

/** The items of a loop over parameters, entered or about to be. */
export function loopItems(view: RunView, path: TaskPath, node: TaskNode): readonly JsonValue[] {
  const { loop } = planOf(view, node)
  const given = loop!.rawItems ?? node.items ?? node.inputs?.parameters[loop!.itemsInput!]
  if (Array.isArray(given)) return given
  throw new TaskError('bad-items', `${path} can't loop over "${loop!.itemsInput}": it is no list`)
}

function own<T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined {
  return record && Object.hasOwn(record, name) ? record[name] : undefined
}
