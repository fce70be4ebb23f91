/** Checks one wire of a task: its source exists and fits what the component declares. */
import type { JsonValue } from '../json.ts'
import { abbreviate, describeValue, type Path, suggest } from '../parse/findings.ts'
import type { ParameterType, TaskInputArtifactSpec, TaskInputParameterSpec } from '../pipeline-spec.ts'
import { checkArtifactOutput, checkParameterOutput, checkProducer, reportUnknownTask } from './check-output.ts'
import { type ComponentNode, type Scope, siblingsOf, type TaskNode } from './scope.ts'
import { hasType, mayFlow, mayFlowArtifact } from './value-types.ts'

/** What is known about the value at a wire's source. */
interface ParameterSource {
  readonly type?: ParameterType | undefined
  readonly constant?: JsonValue
}

export function checkParameterInput(node: TaskNode, name: string, input: TaskInputParameterSpec, scope: Scope): void {
  const path = [...node.path, 'inputs', 'parameters', name]
  const source = parameterSource(node, input, path, scope)
  const wanted = node.component?.spec.inputDefinitions?.parameters?.[name]?.parameterType
  if (!source || !wanted || input.parameterExpressionSelector) return
  if (source.constant !== undefined) {
    if (hasType(source.constant, wanted) || wanted === 'STRING') return
    const message = `"${abbreviate(name)}" takes a ${wanted}; the constant is ${describeValue(source.constant)}`
    scope.findings.warn('type-mismatch', path, message, 'change the constant or the declared type')
  } else if (source.type && !mayFlow(source.type, wanted)) {
    const message = `"${abbreviate(name)}" takes a ${wanted}; its source is a ${source.type}`
    scope.findings.warn('type-mismatch', path, message, 'change one of the two types')
  }
}

function parameterSource(
  node: TaskNode,
  input: TaskInputParameterSpec,
  path: Path,
  scope: Scope,
): ParameterSource | undefined {
  if (input.taskOutputParameter) {
    const at = [...path, 'taskOutputParameter']
    const { producerTask, outputParameterKey } = input.taskOutputParameter
    const producer = checkProducer(node.parent, producerTask, [...at, 'producerTask'], scope)
    if (!producer) return undefined
    const place = [...at, 'outputParameterKey']
    return { type: checkParameterOutput(node.parent, producer, outputParameterKey, place, scope)?.parameterType }
  }
  if (input.componentInputParameter !== undefined) {
    const place = [...path, 'componentInputParameter']
    const declared = checkComponentInput('parameters', node.parent, input.componentInputParameter, place, scope)
    return isLoopItem(input.componentInputParameter) ? undefined : { type: declared?.parameterType }
  }
  if (input.taskFinalStatus) {
    checkFinalStatus(node, input.taskFinalStatus.producerTask, [...path, 'taskFinalStatus'], scope)
    return { type: 'TASK_FINAL_STATUS' }
  }
  if (input.runtimeValue) {
    const { constant, runtimeParameter } = input.runtimeValue
    if (constant === undefined && runtimeParameter === undefined) reportNoSource(node, [...path, 'runtimeValue'], scope)
    return constant === undefined ? undefined : { constant }
  }
  reportNoSource(node, path, scope)
  return undefined
}

/** Loop items of unknown type are declared STRING and carry anything. */
function isLoopItem(name: string): boolean {
  return /-loop-item$|loop-item-param-|-subvar-/.test(name)
}

function reportNoSource(node: TaskNode, path: Path, scope: Scope): void {
  const message = `the input "${abbreviate(String(path.findLast((part) => part !== 'runtimeValue')))}" has no source`
  const hint = 'give a constant, an output of another task, or an input of the enclosing component'
  scope.report(node.parent, 'missing-source', path, message, hint)
}

function checkFinalStatus(node: TaskNode, producer: string | undefined, path: Path, scope: Scope): void {
  if (producer === undefined) return
  if (!siblingsOf(node.parent)[producer]) {
    reportUnknownTask(node.parent, producer, [...path, 'producerTask'], scope)
  } else if (node.task.triggerPolicy?.strategy !== 'ALL_UPSTREAM_TASKS_COMPLETED') {
    const message = `the task reads how "${abbreviate(producer)}" ended, but runs only if it succeeded`
    const hint = 'set triggerPolicy.strategy to ALL_UPSTREAM_TASKS_COMPLETED'
    scope.findings.warn('bad-trigger', path, message, hint)
  }
}

export function checkArtifactInput(node: TaskNode, name: string, input: TaskInputArtifactSpec, scope: Scope): void {
  const path = [...node.path, 'inputs', 'artifacts', name]
  const source = artifactSource(node, input, path, scope)
  const wanted = node.component?.spec.inputDefinitions?.artifacts?.[name]
  if (!source || !wanted) return
  const loopItem = node.task.artifactIterator?.itemInput === name
  if (!mayFlowArtifact(source.artifactType, wanted.artifactType)) {
    const message = `"${abbreviate(name)}" takes a ${wanted.artifactType.schemaTitle}; its source is a ${source.artifactType?.schemaTitle}`
    scope.findings.warn('type-mismatch', path, message, 'change one of the two types')
  } else if ((source.isArtifactList ?? false) !== (wanted.isArtifactList ?? false) && !loopItem) {
    const message = `"${abbreviate(name)}" takes ${wanted.isArtifactList ? 'a list of artifacts' : 'one artifact'}; its source is ${source.isArtifactList ? 'a list' : 'one artifact'}`
    scope.findings.warn('type-mismatch', path, message, 'set isArtifactList on both sides or on neither')
  }
}

function artifactSource(node: TaskNode, input: TaskInputArtifactSpec, path: Path, scope: Scope) {
  if (input.taskOutputArtifact) {
    const at = [...path, 'taskOutputArtifact']
    const { producerTask, outputArtifactKey } = input.taskOutputArtifact
    const producer = checkProducer(node.parent, producerTask, [...at, 'producerTask'], scope)
    if (!producer) return undefined
    return checkArtifactOutput(node.parent, producer, outputArtifactKey, [...at, 'outputArtifactKey'], scope)
  }
  if (input.componentInputArtifact !== undefined) {
    const place = [...path, 'componentInputArtifact']
    return checkComponentInput('artifacts', node.parent, input.componentInputArtifact, place, scope)
  }
  reportNoSource(node, path, scope)
  return undefined
}

type Inputs = NonNullable<ComponentNode['spec']['inputDefinitions']>

/** An input of the enclosing component: declared, or given to it undeclared by every task that uses it, or its loop item. */
function checkComponentInput<Kind extends 'parameters' | 'artifacts'>(
  kind: Kind,
  parent: ComponentNode,
  name: string,
  path: Path,
  scope: Scope,
): NonNullable<Inputs[Kind]>[string] | undefined {
  const inputs = parent.spec.inputDefinitions?.[kind] as
    | Readonly<Record<string, NonNullable<Inputs[Kind]>[string]>>
    | undefined
  if (inputs?.[name] !== undefined) return inputs[name]
  const given = ({ inputs: own, parameterIterator, artifactIterator }: ComponentNode['callers'][number]) =>
    own?.[kind]?.[name] !== undefined || parameterIterator?.itemInput === name || artifactIterator?.itemInput === name
  if (parent.callers.length > 0 && parent.callers.every(given)) return undefined
  const what = kind === 'parameters' ? 'input parameter' : 'input artifact'
  const owner = parent.name === 'root' ? 'the pipeline' : `component "${abbreviate(parent.name)}"`
  const message = `${owner} has no ${what} "${abbreviate(name)}"`
  if (isLoopItem(name)) {
    const hint = 'the KFP SDK writes this for f-strings over the items of two loops'
    scope.findings.warn('unknown-input', path, message, hint)
  } else {
    const hint = suggest(name, Object.keys(inputs ?? {}), 'its inputs')
    scope.report(parent, 'unknown-input', path, message, hint)
  }
  return undefined
}
