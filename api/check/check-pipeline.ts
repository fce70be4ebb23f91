/** Does the pipeline mean something? References, circles, names, loops, wires: everything that its fields alone cannot tell. */
import { abbreviate, type Findings, type Path } from '../parse/findings.ts'
import type { PipelineSpec, PipelineTaskSpec } from '../pipeline-spec.ts'
import { checkComponent } from './check-component.ts'
import { checkTask } from './check-task.ts'
import { findCycles, showCycle } from './cycles.ts'
import { type ComponentNode, Scope, siblingsOf } from './scope.ts'

export const SCHEMA_VERSION = '2.1.0'
const PIPELINE_NAME = /^[a-z0-9][a-z0-9-]{0,127}$/
/** What a path such as `root/for-loop-2[3]/train` can carry. */
const TASK_KEY = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/

/** Reports into `findings`; the spec may have gaps where its fields were wrong. */
export function checkPipeline(spec: PipelineSpec, findings: Findings, basePath: Path): void {
  checkHead(spec, findings, basePath)
  const scope = new Scope(spec, findings, basePath)
  for (const component of scope.all()) {
    checkComponent(component, scope)
    checkGraph(component, scope)
  }
  checkRecursion(scope)
}

function checkHead(spec: PipelineSpec, findings: Findings, basePath: Path): void {
  const name = spec.pipelineInfo?.name
  if (name !== undefined && !PIPELINE_NAME.test(name)) {
    const path = [...basePath, 'pipelineInfo', 'name']
    const hint = 'use lower-case letters, digits and hyphens, at most 128, and start with a letter or digit'
    findings.error('bad-name', path, `"${abbreviate(name)}" cannot be the name of a pipeline`, hint)
  }
  if (spec.schemaVersion !== undefined && spec.schemaVersion !== SCHEMA_VERSION) {
    const message = `schemaVersion is "${abbreviate(spec.schemaVersion)}"; only ${SCHEMA_VERSION} can be read`
    const hint = 'compile the pipeline again with the KFP SDK 2 or with kfp-ts'
    findings.error('bad-schema-version', [...basePath, 'schemaVersion'], message, hint)
  }
  if (spec.root && !spec.root.dag) {
    const hint = 'give root a dag; a single step is a graph of one task'
    findings.error('no-graph', [...basePath, 'root'], 'the root component has no dag', hint)
  }
}

function checkGraph(component: ComponentNode, scope: Scope): void {
  const tasks = siblingsOf(component)
  const edges = new Map<string, string[]>()
  for (const [key, task] of Object.entries(tasks)) {
    if (scope.findings.isFull) return
    const path = [...component.path, 'dag', 'tasks', key]
    if (!TASK_KEY.test(key)) {
      const hint = 'use letters, digits, dots, hyphens and underscores'
      scope.report(component, 'bad-name', path, `"${abbreviate(key)}" cannot be the key of a task`, hint)
    }
    checkTask({ key, task, path, parent: component, component: scope.componentOf(task) }, scope)
    edges.set(key, upstreamOf(task))
  }
  for (const cycle of findCycles(edges)) {
    const path = [...component.path, 'dag', 'tasks', cycle[0]!]
    const message =
      cycle.length === 1 ? `the task "${cycle[0]}" waits for itself` : `tasks wait for each other: ${showCycle(cycle)}`
    scope.report(component, 'task-cycle', path, message, 'remove one of the dependencies')
  }
}

/** Tasks that this one waits for: named ones and producers of its inputs. */
function upstreamOf(task: PipelineTaskSpec): string[] {
  const upstream = [...(task.dependentTasks ?? [])]
  for (const input of Object.values(task.inputs?.parameters ?? {})) {
    const producer = input.taskOutputParameter?.producerTask ?? input.taskFinalStatus?.producerTask
    if (producer !== undefined) upstream.push(producer)
  }
  for (const input of Object.values(task.inputs?.artifacts ?? {})) {
    if (input.taskOutputArtifact?.producerTask !== undefined) upstream.push(input.taskOutputArtifact.producerTask)
  }
  return upstream
}

function checkRecursion(scope: Scope): void {
  const edges = new Map<string, string[]>()
  for (const [name, { spec }] of scope.components) {
    edges.set(
      name,
      Object.values(spec.dag?.tasks ?? {}).flatMap((task) => task.componentRef?.name ?? []),
    )
  }
  for (const cycle of findCycles(edges)) {
    const component = scope.components.get(cycle[0]!)!
    const message = `the component contains itself: ${showCycle(cycle)}`
    scope.report(component, 'recursive-component', component.path, message, 'use a loop (parameterIterator) instead')
  }
}
