/** What a stock Kubeflow Pipelines cannot run although the document can say it (`--target kfp`). */
import type { Issue } from '../../api/issue.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../api/json.ts'
import type { ComponentSpec, DagSpec, ExecutorSpec, TaskInputParameterSpec } from '../../api/pipeline-spec.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { WAIT_IMAGE } from '../../api/wait.ts'

export function checkForKfp({ spec }: PipelineDocument): readonly Issue[] {
  const components = Object.entries({ ...spec.components, root: spec.root })
  const executors = spec.deploymentSpec.executors ?? {}
  return [
    ...components.flatMap(([name, component]) =>
      checkComponent(name === 'root' ? 'root' : `components.${name}`, component, spec.components ?? {}, executors),
    ),
    ...Object.entries(executors).flatMap(([label, executor]) =>
      checkExecutor(`deploymentSpec.executors.${label}`, executor, artifactInputs(label, components)),
    ),
    ...checkWaits(executors),
  ]
}

/** Told once, however many there are: nobody waits by accident. */
function checkWaits(executors: Readonly<Record<string, ExecutorSpec>>): Issue[] {
  const labels = Object.keys(executors).filter((label) => executors[label]!.container?.image === WAIT_IMAGE)
  if (labels.length === 0) return []
  const message = `tasks that wait without a pod (waitFor): ${labels.join(', ')}`
  const hint = 'wait in a component that looks again and again, or start the run when the thing is there'
  return [refuse('kfp-wait', `deploymentSpec.executors.${labels[0]}`, message, hint)]
}

function refuse(code: string, path: string, message: string, hint: string): Issue {
  return { code, severity: 'error', path, message: `a stock Kubeflow Pipelines cannot run this: ${message}`, hint }
}

function checkComponent(
  path: string,
  component: ComponentSpec,
  components: Readonly<Record<string, ComponentSpec>>,
  executors: Readonly<Record<string, ExecutorSpec>>,
): Issue[] {
  return component.dag ? checkDag(`${path}.dag`, component.dag, components, executors) : []
}

function checkDag(
  path: string,
  dag: DagSpec,
  components: Readonly<Record<string, ComponentSpec>>,
  executors: Readonly<Record<string, ExecutorSpec>>,
): Issue[] {
  return Object.entries(dag.tasks).flatMap(([key, task]) => {
    const at = `${path}.tasks.${key}`
    const issues: Issue[] = []
    if (task.artifactIterator)
      issues.push(
        refuse('kfp-artifact-loop', at, 'a loop over artifacts', 'loop over parameters, such as names or URIs'),
      )
    for (const [name, source] of Object.entries(task.inputs?.parameters ?? {})) {
      const selector = source.parameterExpressionSelector
      if (selector && !/^parseJson\(string_value\)\["[^"\]]*"\]$/.test(selector)) {
        issues.push(
          refuse(
            'kfp-selector',
            `${at}.inputs.parameters.${name}`,
            'a field of a field',
            'take the field in a component',
          ),
        )
      }
    }
    const label = components[task.componentRef.name]?.executorLabel
    const importer = label === undefined ? undefined : executors[label]?.importer
    if (importer && task.triggerPolicy?.condition)
      issues.push(
        refuse('kfp-importer', at, 'a condition on an importer', 'put the condition around the tasks that use it'),
      )
    const uri = importer?.artifactUri?.runtimeParameter
    if (uri !== undefined && !isWholeInput(task.inputs?.parameters?.[uri]))
      issues.push(
        refuse(
          'kfp-importer',
          at,
          'an importer whose URI is made of other values, or comes from a task or a field',
          'take the whole URI from a pipeline input or a loop item, or write it out',
        ),
      )
    return issues
  })
}

/** The importer of a stock Kubeflow looks its URI up among the inputs around it, and nowhere else. */
function isWholeInput(source: TaskInputParameterSpec | undefined): boolean {
  return source?.componentInputParameter !== undefined && source.parameterExpressionSelector === undefined
}

/** Names of the artifacts that an executor may get. */
function artifactInputs(label: string, components: readonly (readonly [string, ComponentSpec])[]): ReadonlySet<string> {
  const own = components.filter(([, { executorLabel }]) => executorLabel === label)
  return new Set(own.flatMap(([, { inputDefinitions }]) => Object.keys(inputDefinitions?.artifacts ?? {})))
}

function checkExecutor(path: string, { container }: ExecutorSpec, artifacts: ReadonlySet<string>): Issue[] {
  if (!container || container.image === WAIT_IMAGE) return []
  const issues: Issue[] = []
  for (const { name, value } of container.env ?? []) {
    if (value?.includes('{{$'))
      issues.push(
        refuse(
          'kfp-env',
          `${path}.container.env.${name}`,
          'an environment variable from a parameter',
          'pass it as an input',
        ),
      )
  }
  const forms = [...(container.command ?? []), ...(container.args ?? [])].flatMap(formsIn)
  if (forms.some((form) => 'Concat' in form)) {
    issues.push(refuse('kfp-concat', path, 'a concat placeholder', 'join the parts inside the container'))
  }
  const names = forms.flatMap(({ IfPresent: choice }) => (isJsonObject(choice) ? [String(choice['InputName'])] : []))
  const artifact = names.find((name) => artifacts.has(name))
  if (artifact !== undefined) {
    const message = `an ifPresent on the artifact "${artifact}", which it takes for absent`
    issues.push(refuse('kfp-if-present', path, message, 'decide by a parameter, or inside the container'))
  }
  return issues
}

/** The placeholders that are written as JSON, with those inside them. */
function formsIn(word: string): readonly JsonObject[] {
  if (!/^\{\s*"(?:Concat|IfPresent)"\s*:/.test(word)) return []
  try {
    return objectsIn(JSON.parse(word) as JsonValue)
  } catch {
    return []
  }
}

function objectsIn(value: JsonValue | undefined): readonly JsonObject[] {
  if (Array.isArray(value)) return value.flatMap((item: JsonValue) => objectsIn(item))
  return isJsonObject(value) ? [value, ...Object.values(value).flatMap(objectsIn)] : []
}
