/**
 * Checks that a task wires the required inputs of its component. A stock Kubeflow never looks: it fails only where the value is
 * used. So it is an error where a use is certain, a warning elsewhere.
 */
import { abbreviate } from '../parse/findings.ts'
import type { ComponentNode, Scope, TaskNode } from './scope.ts'

type Kind = 'parameters' | 'artifacts'

export function checkRequiredInputs(node: TaskNode, scope: Scope): void {
  if (!node.component) return
  for (const [name, input] of Object.entries(node.component.spec.inputDefinitions?.parameters ?? {})) {
    const { parameterType, isOptional, defaultValue } = input
    const givenBySystem = parameterType === 'TASK_FINAL_STATUS' || parameterType === 'TASK_CONFIG'
    if (isOptional || defaultValue !== undefined || givenBySystem) continue
    checkRequired(node, node.component, 'parameters', name, scope)
  }
  for (const [name, input] of Object.entries(node.component.spec.inputDefinitions?.artifacts ?? {})) {
    if (!input.isOptional) checkRequired(node, node.component, 'artifacts', name, scope)
  }
}

function checkRequired(node: TaskNode, component: ComponentNode, kind: Kind, name: string, scope: Scope): void {
  const { task, path, parent } = node
  const items = kind === 'parameters' ? task.parameterIterator : task.artifactIterator
  if (task.inputs?.[kind]?.[name] !== undefined || items?.itemInput === name) return
  const what = kind === 'parameters' ? 'input' : 'input artifact'
  const message = `the required ${what} "${abbreviate(name)}" of component "${abbreviate(component.name)}" is not wired`
  const place = [...path, 'inputs', kind, name]
  const hint = `wire it under inputs.${kind}, give it a default or make it optional`
  if (isUsedForCertain(component, kind, name, scope)) scope.report(parent, 'missing-input', place, message, hint)
  else scope.findings.warn('missing-input', place, message, hint)
}

function isUsedForCertain(component: ComponentNode, kind: Kind, name: string, scope: Scope): boolean {
  const { dag, executorLabel } = component.spec
  if (dag) {
    return Object.values(dag.tasks ?? {}).some((task) =>
      kind === 'parameters'
        ? Object.values(task.inputs?.parameters ?? {}).some((wire) => wire.componentInputParameter === name)
        : Object.values(task.inputs?.artifacts ?? {}).some((wire) => wire.componentInputArtifact === name),
    )
  }
  const container = executorLabel === undefined ? undefined : scope.executors[executorLabel]?.container
  const use = `{{$.inputs.${kind}['${name}']`
  return [...(container?.command ?? []), ...(container?.args ?? [])].some(
    (part) => part.includes(use) && !part.includes('{"IfPresent"'),
  )
}
