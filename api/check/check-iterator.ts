/** Checks the loop of a task: what it runs over and who receives one item. */
import { abbreviate, describeValue, type Path, suggest } from '../parse/findings.ts'
import { NONE, type Scope, type TaskNode } from './scope.ts'

export function checkIterator(node: TaskNode, scope: Scope): void {
  const { parameterIterator, artifactIterator } = node.task
  if (parameterIterator) {
    const path = [...node.path, 'parameterIterator']
    const { raw, inputParameter } = parameterIterator.items ?? {}
    if (raw !== undefined) checkRaw(node, raw, [...path, 'items', 'raw'], scope)
    else checkItems(node, 'parameters', inputParameter, path, scope)
    checkItemInput(node, 'parameters', parameterIterator.itemInput, path, scope)
  }
  if (artifactIterator) {
    const path = [...node.path, 'artifactIterator']
    checkItems(node, 'artifacts', artifactIterator.items?.inputArtifact, path, scope)
    checkItemInput(node, 'artifacts', artifactIterator.itemInput, path, scope)
  }
}

function checkRaw(node: TaskNode, raw: string, path: Path, scope: Scope): void {
  const hint = 'write the items as JSON text, such as \'["a", "b"]\''
  try {
    const items: unknown = JSON.parse(raw)
    if (Array.isArray(items)) return
    const message = `the items of the loop must be a list; they are ${describeValue(items)}`
    scope.report(node.parent, 'bad-iterator', path, message, hint)
  } catch (error) {
    const reason = error instanceof Error ? abbreviate(error.message, 120) : 'unreadable'
    scope.report(node.parent, 'bad-iterator', path, `the items of the loop are no JSON: ${reason}`, hint)
  }
}

function checkItems(
  node: TaskNode,
  kind: 'parameters' | 'artifacts',
  name: string | undefined,
  path: Path,
  scope: Scope,
): void {
  if (name === undefined) {
    const hint = "give items: raw JSON, or the name of one of the task's inputs"
    scope.report(node.parent, 'bad-iterator', path, 'the loop has no items', hint)
    return
  }
  const place = [...path, 'items', kind === 'parameters' ? 'inputParameter' : 'inputArtifact']
  const wires = node.task.inputs?.[kind]
  const declared = node.component?.spec.inputDefinitions?.[kind]?.[name]
  if (wires?.[name] === undefined && !(declared && 'defaultValue' in declared)) {
    const message = `the loop runs over the input "${abbreviate(name)}", which the task does not have`
    scope.report(node.parent, 'unknown-input', place, message, suggest(name, Object.keys(wires ?? {}), 'its inputs'))
    return
  }
  const type = declared && 'parameterType' in declared ? declared.parameterType : undefined
  if (type !== undefined && type !== 'LIST' && type !== 'STRING') {
    const message = `the loop runs over "${abbreviate(name)}", which is a ${type}`
    scope.findings.warn('bad-iterator', place, message, 'a loop runs over a LIST, or a STRING that holds JSON')
  }
}

function checkItemInput(
  node: TaskNode,
  kind: 'parameters' | 'artifacts',
  name: string | undefined,
  path: Path,
  scope: Scope,
): void {
  if (name === undefined || name === '') {
    const hint = 'itemInput is the input of the component that receives one item'
    scope.report(node.parent, 'bad-iterator', path, 'the loop has no itemInput', hint)
    return
  }
  const declared = node.component?.spec.inputDefinitions?.[kind] ?? NONE
  if (!node.component || declared[name] !== undefined) return
  const message = `the loop gives its items to the input "${abbreviate(name)}", which the component does not declare`
  const hint = suggest(name, Object.keys(declared), 'its inputs')
  scope.findings.warn('bad-iterator', [...path, 'itemInput'], message, hint)
}
