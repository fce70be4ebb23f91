/** Looks up the far end of a wire: the task that is named, and the output of that task. */
import { abbreviate, type Path, suggest } from '../parse/findings.ts'
import type { ArtifactOutputSpec, ParameterOutputSpec } from '../pipeline-spec.ts'
import { type ComponentNode, type Scope, siblingsOf } from './scope.ts'

/** @returns the component of the named task; undefined, perhaps after a report, when it cannot be looked into */
export function checkProducer(
  parent: ComponentNode,
  key: string | undefined,
  path: Path,
  scope: Scope,
): ComponentNode | undefined {
  if (key === undefined) {
    scope.report(parent, 'missing-field', path.slice(0, -1), `the field "${path.at(-1)}" is missing`, 'name a task')
    return undefined
  }
  const tasks = siblingsOf(parent)
  if (!tasks[key]) {
    reportUnknownTask(parent, key, path, scope)
    return undefined
  }
  return scope.componentOf(tasks[key])
}

export function reportUnknownTask(parent: ComponentNode, key: string, path: Path, scope: Scope): void {
  const message = `there is no task "${abbreviate(key)}" in the graph of ${describeParent(parent)}`
  const hint = suggest(key, Object.keys(siblingsOf(parent)), 'its tasks')
  scope.report(parent, 'unknown-task', path, message, hint)
}

function describeParent({ name }: ComponentNode): string {
  return name === 'root' ? 'root' : `component "${abbreviate(name)}"`
}

/** @returns what the producer declares about the output, if it declares it */
export function checkParameterOutput(
  parent: ComponentNode,
  producer: ComponentNode,
  key: string | undefined,
  path: Path,
  scope: Scope,
): ParameterOutputSpec | undefined {
  return checkOutput('parameters', parent, producer, key, path, scope) as ParameterOutputSpec | undefined
}

export function checkArtifactOutput(
  parent: ComponentNode,
  producer: ComponentNode,
  key: string | undefined,
  path: Path,
  scope: Scope,
): ArtifactOutputSpec | undefined {
  return checkOutput('artifacts', parent, producer, key, path, scope) as ArtifactOutputSpec | undefined
}

type Kind = 'parameters' | 'artifacts'

function checkOutput(
  kind: Kind,
  parent: ComponentNode,
  producer: ComponentNode,
  key: string | undefined,
  path: Path,
  scope: Scope,
): unknown {
  if (key === undefined) {
    scope.report(parent, 'missing-field', path.slice(0, -1), `the field "${path.at(-1)}" is missing`, 'name an output')
    return undefined
  }
  const declared = producer.spec.outputDefinitions?.[kind]?.[key]
  if (declared !== undefined) return declared
  // A graph gives what dag.outputs says, declared or not.
  if (producer.spec.dag?.outputs?.[kind]?.[key] !== undefined) return undefined
  const what = kind === 'parameters' ? 'output parameter' : 'output artifact'
  const message = `component "${abbreviate(producer.name)}" has no ${what} "${abbreviate(key)}"`
  scope.report(parent, 'unknown-output', path, message, otherKindHint(kind, producer, key))
  return undefined
}

function otherKindHint(kind: Kind, producer: ComponentNode, key: string): string | undefined {
  const other = kind === 'parameters' ? 'artifacts' : 'parameters'
  if (producer.spec.outputDefinitions?.[other]?.[key] !== undefined) {
    return kind === 'parameters'
      ? 'it is an artifact: wire it under inputs.artifacts with taskOutputArtifact'
      : 'it is a parameter: wire it under inputs.parameters with taskOutputParameter'
  }
  return suggest(key, Object.keys(producer.spec.outputDefinitions?.[kind] ?? {}), 'its outputs')
}
