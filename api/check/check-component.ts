/** Checks one component by itself: implementation, defaults, and where the outputs of a graph come from. */
import { abbreviate, type Path, suggest } from '../parse/findings.ts'
import type { ExecutorSpec } from '../pipeline-spec.ts'
import { WAIT_IMAGE } from '../wait.ts'
import { checkArtifactOutput, checkParameterOutput, checkProducer } from './check-output.ts'
import { checkWaitComponent } from './check-wait.ts'
import { type ComponentNode, type Scope, siblingsOf } from './scope.ts'
import { hasType } from './value-types.ts'

export function checkComponent(component: ComponentNode, scope: Scope): void {
  checkDefaults(component, scope)
  const { executorLabel, dag } = component.spec
  if (dag) checkOutputs(component, scope)
  else if (executorLabel !== undefined) checkExecutor(component, executorLabel, scope)
  else if (component !== scope.root) {
    const message = `the component "${abbreviate(component.name)}" has neither executorLabel nor dag`
    scope.report(component, 'no-implementation', component.path, message, 'say how it runs: one of the two')
  }
}

function checkDefaults(component: ComponentNode, scope: Scope): void {
  for (const [name, input] of Object.entries(component.spec.inputDefinitions?.parameters ?? {})) {
    const { defaultValue, parameterType, literals } = input
    if (defaultValue === undefined || defaultValue === null) continue
    const path = [...component.path, 'inputDefinitions', 'parameters', name, 'defaultValue']
    if (parameterType !== undefined && !hasType(defaultValue, parameterType)) {
      const message = `the default of "${abbreviate(name)}" is no ${parameterType}`
      scope.findings.warn('bad-default', path, message, 'change the default or the type')
    }
    if (literals?.length && !literals.some((literal) => JSON.stringify(literal) === JSON.stringify(defaultValue))) {
      const message = `the default of "${abbreviate(name)}" is not among its literals`
      scope.findings.warn('bad-default', path, message, 'take one of the literals')
    }
  }
}

function checkExecutor(component: ComponentNode, label: string, scope: Scope): void {
  const executor = scope.executors[label]
  const path = [...component.path, 'executorLabel']
  if (!executor) {
    const hint = suggest(label, Object.keys(scope.executors), 'known executors')
    const message = `deploymentSpec has no executor "${abbreviate(label)}"`
    scope.report(component, 'unknown-executor', path, message, hint)
    return
  }
  checkExecutorContent(component, label, executor, scope)
}

function checkExecutorContent(component: ComponentNode, label: string, executor: ExecutorSpec, scope: Scope): void {
  const path: Path = [...scope.basePath, 'deploymentSpec', 'executors', label]
  if (executor.container?.image === WAIT_IMAGE) checkWaitComponent(component, path, executor.container, scope)
  if (executor.importer || executor.container?.image) return
  if (executor.container) {
    scope.report(component, 'missing-field', [...path, 'container'], 'the container has no image', 'add one')
    return
  }
  const other = executor.resolver ? 'a resolver' : executor.customJob ? 'a custom job' : undefined
  const message = other
    ? `the executor is ${other}, which open-source Kubeflow cannot run`
    : 'the executor has neither container nor importer'
  scope.report(component, 'no-implementation', path, message, 'give it a container')
}

function checkOutputs(component: ComponentNode, scope: Scope): void {
  const outputs = component.spec.dag?.outputs
  const path = [...component.path, 'dag', 'outputs']
  for (const [name, output] of Object.entries(outputs?.parameters ?? {})) {
    const at = [...path, 'parameters', name]
    const several = output.valueFromOneof?.parameterSelectors ?? []
    if (!output.valueFromParameter && several.length === 0) reportNoSource(component, name, at, scope)
    if (output.valueFromParameter) {
      const { producerSubtask, outputParameterKey } = output.valueFromParameter
      checkParameter(component, producerSubtask, outputParameterKey, [...at, 'valueFromParameter'], scope)
    }
    for (const [index, { producerSubtask, outputParameterKey }] of several.entries()) {
      const place = [...at, 'valueFromOneof', 'parameterSelectors', index]
      checkParameter(component, producerSubtask, outputParameterKey, place, scope)
    }
  }
  for (const [name, output] of Object.entries(outputs?.artifacts ?? {})) {
    const selectors = output.artifactSelectors ?? []
    if (selectors.length === 0) reportNoSource(component, name, [...path, 'artifacts', name], scope)
    for (const [index, { producerSubtask, outputArtifactKey }] of selectors.entries()) {
      const at = [...path, 'artifacts', name, 'artifactSelectors', index]
      const producer = checkProducer(component, producerSubtask, [...at, 'producerSubtask'], scope)
      if (producer) checkArtifactOutput(component, producer, outputArtifactKey, [...at, 'outputArtifactKey'], scope)
    }
  }
  checkDeclaredOutputs(component, scope)
}

function checkParameter(component: ComponentNode, task: string, key: string, path: Path, scope: Scope): void {
  const producer = checkProducer(component, task, [...path, 'producerSubtask'], scope)
  if (producer) checkParameterOutput(component, producer, key, [...path, 'outputParameterKey'], scope)
}

function reportNoSource(component: ComponentNode, name: string, path: Path, scope: Scope): void {
  const tasks = Object.keys(siblingsOf(component)).slice(0, 5).join(', ')
  const hint = `name a task of the graph and its output${tasks ? ` (tasks: ${abbreviate(tasks)})` : ''}`
  scope.report(component, 'missing-source', path, `the output "${abbreviate(name)}" has no source`, hint)
}

/** Declared, but no task gives it: only a run that reads it fails. */
function checkDeclaredOutputs({ spec, path }: ComponentNode, scope: Scope): void {
  for (const kind of ['parameters', 'artifacts'] as const) {
    for (const name of Object.keys(spec.outputDefinitions?.[kind] ?? {})) {
      if (spec.dag?.outputs?.[kind]?.[name] !== undefined) continue
      const message = `the output "${abbreviate(name)}" is declared, but dag.outputs does not say which task gives it`
      scope.findings.warn(
        'missing-source',
        [...path, 'outputDefinitions', kind, name],
        message,
        'add it to dag.outputs',
      )
    }
  }
}
