/** Checks one task: what it uses, waits for and is given. */
import { celProblem } from '../cel.ts'
import { abbreviate, suggest } from '../parse/findings.ts'
import type { PipelineTaskSpec } from '../pipeline-spec.ts'
import { checkArtifactInput, checkParameterInput } from './check-input.ts'
import { checkIterator } from './check-iterator.ts'
import { reportUnknownTask } from './check-output.ts'
import { checkRequiredInputs } from './check-required-inputs.ts'
import { checkWait } from './check-wait.ts'
import { type Scope, siblingsOf, type TaskNode } from './scope.ts'

export function checkTask(node: TaskNode, scope: Scope): void {
  checkComponentRef(node, scope)
  checkDependencies(node, scope)
  for (const [name, input] of Object.entries(node.task.inputs?.parameters ?? {})) {
    checkParameterInput(node, name, input, scope)
  }
  for (const [name, input] of Object.entries(node.task.inputs?.artifacts ?? {})) {
    checkArtifactInput(node, name, input, scope)
  }
  checkRequiredInputs(node, scope)
  checkIterator(node, scope)
  checkTrigger(node, scope)
  checkNumbers(node, scope)
  checkWait(node, scope)
}

function checkComponentRef({ task, path, parent, component }: TaskNode, scope: Scope): void {
  const name = task.componentRef?.name
  if (name === undefined || component) return
  const hint = suggest(name, scope.components.keys(), 'known components')
  const place = [...path, 'componentRef', 'name']
  scope.report(parent, 'unknown-component', place, `there is no component "${abbreviate(name)}"`, hint)
}

function checkDependencies({ task, path, parent }: TaskNode, scope: Scope): void {
  const siblings = siblingsOf(parent)
  for (const [index, key] of (task.dependentTasks ?? []).entries()) {
    if (!siblings[key]) reportUnknownTask(parent, key, [...path, 'dependentTasks', index], scope)
  }
}

const CONDITION_INPUT = /inputs\.(parameter_values|artifacts)\[(?:'([^']*)'|"([^"]*)")\]/g

function checkTrigger(node: TaskNode, scope: Scope): void {
  const { task, path } = node
  const trigger = task.triggerPolicy
  if (!trigger) return
  const problem = trigger.condition === undefined ? undefined : celProblem(trigger.condition)
  if (problem !== undefined) {
    const message = `the condition can't be evaluated: ${problem}`
    scope.findings.warn('bad-trigger', [...path, 'triggerPolicy', 'condition'], message, 'write another CEL expression')
  }
  for (const match of trigger.condition?.matchAll(CONDITION_INPUT) ?? []) {
    const kind = match[1] === 'artifacts' ? 'artifacts' : 'parameters'
    const name = match[2] ?? match[3] ?? ''
    if (isKnownInput(node, kind, name)) continue
    const message = `the condition reads the input "${abbreviate(name)}", which the task does not have`
    const hint = suggest(name, Object.keys(task.inputs?.[kind] ?? {}), 'its inputs')
    scope.findings.warn('bad-trigger', [...path, 'triggerPolicy', 'condition'], message, hint)
  }
  if (trigger.strategy === 'ALL_UPSTREAM_TASKS_COMPLETED' && !waitsForSomething(task)) {
    const message = 'the task runs after its upstream tasks, however they end, but has none'
    const place = [...path, 'triggerPolicy', 'strategy']
    scope.findings.warn('bad-trigger', place, message, 'name the tasks in dependentTasks')
  }
}

function isKnownInput({ task, component }: TaskNode, kind: 'parameters' | 'artifacts', name: string): boolean {
  return task.inputs?.[kind]?.[name] !== undefined || component?.spec.inputDefinitions?.[kind]?.[name] !== undefined
}

function waitsForSomething(task: PipelineTaskSpec): boolean {
  return (
    (task.dependentTasks?.length ?? 0) > 0 ||
    Object.values(task.inputs?.parameters ?? {}).some((input) => input.taskOutputParameter || input.taskFinalStatus) ||
    Object.values(task.inputs?.artifacts ?? {}).some((input) => input.taskOutputArtifact)
  )
}

function checkNumbers({ task, path }: TaskNode, scope: Scope): void {
  const numbers = [
    [['retryPolicy', 'maxRetryCount'], task.retryPolicy?.maxRetryCount],
    [['retryPolicy', 'backoffFactor'], task.retryPolicy?.backoffFactor],
    [['iteratorPolicy', 'parallelismLimit'], task.iteratorPolicy?.parallelismLimit],
  ] as const
  for (const [place, number] of numbers) {
    if (number === undefined || number >= 0) continue
    scope.findings.warn('number-out-of-range', [...path, ...place], `${number} is negative`, 'give 0 or more')
  }
}
