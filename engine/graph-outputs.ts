/** Outputs of graphs and loops, gathered from the tasks inside when they end: OneOf, and the fan-in of Collected (kfp-ir.md 2.7). */
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import type { TaskNode } from './run-state.ts'
import { iterationPath, planOf, type RunView, siblingPath } from './tree.ts'
import type { TaskPath } from './types.ts'

/** What of a graph's outputs was produced; an output whose task was skipped or failed is left out. undefined when it declares none. */
export function graphOutputs(view: RunView, path: TaskPath, node: TaskNode): TaskOutputs | undefined {
  const outputs = planOf(view, node).component.spec.dag?.outputs
  if (!outputs) return undefined
  const parameters: Record<string, JsonValue> = {}
  const artifacts: Record<string, readonly RuntimeArtifact[]> = {}
  for (const [name, { valueFromParameter, valueFromOneof }] of Object.entries(outputs.parameters ?? {})) {
    const selectors = valueFromParameter ? [valueFromParameter] : (valueFromOneof?.parameterSelectors ?? [])
    for (const { producerSubtask, outputParameterKey } of selectors) {
      const value = producedBy(view, path, producerSubtask)?.parameters[outputParameterKey]
      if (value === undefined) continue
      parameters[name] = value
      break
    }
  }
  for (const [name, { artifactSelectors }] of Object.entries(outputs.artifacts ?? {})) {
    for (const { producerSubtask, outputArtifactKey } of artifactSelectors) {
      const list = producedBy(view, path, producerSubtask)?.artifacts[outputArtifactKey]
      if (list === undefined) continue
      artifacts[name] = list
      break
    }
  }
  return { parameters, artifacts }
}

function producedBy(view: RunView, scope: TaskPath, key: string): TaskOutputs | undefined {
  return view.state.tasks[siblingPath(scope, key)]?.outputs
}

/**
 * Outputs of all iterations in the order of the items: lists of parameters, nested by nested loops; artifacts in one flat list.
 * Iterations that produced nothing contribute nothing.
 */
export function loopOutputs(view: RunView, path: TaskPath, node: TaskNode): TaskOutputs | undefined {
  const { spec } = planOf(view, node).component
  const parameters: Record<string, JsonValue[]> = {}
  const artifacts: Record<string, RuntimeArtifact[]> = {}
  const declared = spec.dag ? spec.dag.outputs : spec.outputDefinitions
  if (!declared) return undefined
  for (const name of Object.keys(declared.parameters ?? {})) parameters[name] = []
  for (const name of Object.keys(declared.artifacts ?? {})) artifacts[name] = []
  for (let index = 0; index < (node.total ?? 0); index++) {
    const outputs = view.state.tasks[iterationPath(path, index)]?.outputs
    if (!outputs) continue
    for (const name in outputs.parameters) parameters[name]?.push(outputs.parameters[name]!)
    for (const name in outputs.artifacts) for (const one of outputs.artifacts[name]!) artifacts[name]?.push(one)
  }
  return { parameters, artifacts }
}
