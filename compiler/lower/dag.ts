/** Writes one pipeline: a component for each task and group, and the dags that hold them (kfp-ir.md 1.3-1.6). */
import type { ComponentSpec, DagSpec, PipelineTaskSpec } from '../../api/pipeline-spec.ts'
import { type GroupNode, groupKey, type PipelineGraph, type TaskNode } from '../../dsl/graph.ts'
import { type AnyRef, ArtifactRef } from '../../dsl/refs.ts'
import { addComponent, addExecutor, type Build, emptyBuild, mergePart, type Part } from './build.ts'
import { channelName } from './channels.ts'
import { conditionText } from './condition-text.ts'
import { definitionsOf, groupDefinitions } from './definitions.ts'
import { lowerExecutor, lowerImporter } from './executor.ts'
import { lowerKubernetes } from './kubernetes.ts'
import { documentPart } from './nested.ts'
import { type GroupOutput, type Plan, planGraph } from './plan.ts'
import { artifactSource, parameterSource, siblingPlace } from './sources.ts'
import { cachingOf, finalStatusInputs, retryOf, triggerOf } from './task-settings.ts'
import { addArgument, type TaskInputs } from './values.ts'

/** Lowers a traced pipeline with everything inside it. Problems go to `issues` of the build. */
export function lowerPipeline(graph: PipelineGraph, code: Build['code'], issues: Build['issues']): Part {
  const build = emptyBuild(code, issues)
  const plan = planGraph(graph)
  issues.push(...plan.issues)
  const tasks = new Lowering(build, plan).groupTasks(graph.root)
  const outputs = rootOutputs(graph)
  const root: ComponentSpec = {
    ...definitionsOf(graph.model.inputs, graph.outputTypes),
    dag: { tasks, ...(outputs ? { outputs } : {}) },
  }
  return { root, components: build.components, executors: build.executors, platform: build.platform }
}

class Lowering {
  readonly #build: Build
  readonly #plan: Plan

  constructor(build: Build, plan: Plan) {
    this.#build = build
    this.#plan = plan
  }

  /** The tasks of a group's dag. Components are named in KFP's order: a group's groups, its tasks, then what is inside the groups. */
  groupTasks(group: GroupNode): DagSpec['tasks'] {
    const tasks: Record<string, PipelineTaskSpec> = {}
    const inner: (() => void)[] = []
    const isExit = (task: TaskNode): boolean => task.exitOf !== undefined
    for (const child of group.groups) {
      const { spec, fill } = this.#group(child, group)
      tasks[groupKey(child)] = spec
      inner.push(fill)
    }
    for (const task of group.tasks) if (!isExit(task)) tasks[task.key] = this.#task(task, group)
    for (const fill of inner) fill()
    for (const task of group.tasks) if (isExit(task)) tasks[task.key] = this.#task(task, group)
    return tasks
  }

  #group(child: GroupNode, parent: GroupNode): { spec: PipelineTaskSpec; fill: () => void } {
    const { inputs, outputs } = this.#plan.groups.get(child)!
    const key = groupKey(child)
    const declared = new Map(inputs)
    if (child.kind === 'loop') declared.set(channelName(child.item, child), child.item)
    const component = addComponent(this.#build, `comp-${key}`, groupDefinitions(declared, outputs))
    const spec: PipelineTaskSpec = {
      taskInfo: { name: child.displayName ?? key },
      componentRef: { name: component },
      ...inputsSection(groupInputs(inputs, parent)),
      ...this.#dependentTasks(child),
      ...groupExtras(child, this.#build),
    }
    const fill = (): void => {
      const before = this.#build.components[component]!
      const dagOutputs = groupOutputs(outputs)
      const tasks = this.groupTasks(child)
      this.#build.components[component] = { ...before, dag: { tasks, ...(dagOutputs ? { outputs: dagOutputs } : {}) } }
    }
    return { spec, fill }
  }

  #task(task: TaskNode, group: GroupNode): PipelineTaskSpec {
    const inputs: TaskInputs = { parameters: {}, artifacts: {} }
    for (const [name, value] of task.arguments) addArgument(inputs, name, value, group)
    const spec = this.#component(task, inputs, group)
    const waits = this.#dependentTasks(task)
    finalStatusInputs(task, waits.dependentTasks ?? [], inputs, this.#build.issues)
    const component = addComponent(this.#build, `comp-${task.key}`, spec)
    return {
      taskInfo: { name: task.settings.displayName ?? task.key },
      componentRef: { name: component },
      ...inputsSection(inputs),
      ...(task.exitOf ? { dependentTasks: [groupKey(task.exitOf)] } : waits),
      cachingOptions: cachingOf(task),
      ...triggerOf(task),
      ...retryOf(task, this.#build.issues),
    }
  }

  #component(task: TaskNode, inputs: TaskInputs, group: GroupNode): ComponentSpec {
    const { component } = task
    const definitions = definitionsOf(component.inputs, component.outputs)
    const { implementation } = component
    switch (implementation.kind) {
      case 'pipeline':
        return task.nested
          ? mergePart(this.#build, lowerPipeline(task.nested, this.#build.code, this.#build.issues))
          : definitions
      case 'document':
        return mergePart(this.#build, documentPart(implementation.document))
      case 'importer': {
        const label = addExecutor(this.#build, `exec-${task.key}`, lowerImporter(implementation))
        return { ...definitions, executorLabel: label }
      }
      default: {
        const executor = lowerExecutor(this.#build, task, implementation, inputs, group)
        const platform = lowerKubernetes(task, group)
        const label = addExecutor(this.#build, `exec-${task.key}`, executor, platform)
        const passthroughs = component.taskConfigPassthroughs
        return {
          ...definitions,
          executorLabel: label,
          ...(passthroughs?.length ? { taskConfigPassthroughs: passthroughs } : {}),
        }
      }
    }
  }

  #dependentTasks(node: TaskNode | GroupNode): { dependentTasks?: readonly string[] } {
    const waits = this.#plan.waits.get(node)
    return waits?.size ? { dependentTasks: [...waits].sort() } : {}
  }
}

function groupInputs(inputs: ReadonlyMap<string, AnyRef>, parent: GroupNode): TaskInputs {
  const sources: TaskInputs = { parameters: {}, artifacts: {} }
  for (const [name, ref] of inputs) {
    if (ref instanceof ArtifactRef) sources.artifacts[name] = artifactSource(ref, parent)
    else sources.parameters[name] = parameterSource(ref, parent)
  }
  return sources
}

function inputsSection(inputs: TaskInputs): Pick<PipelineTaskSpec, 'inputs'> {
  const parameters = Object.keys(inputs.parameters).length ? { parameters: inputs.parameters } : {}
  const artifacts = Object.keys(inputs.artifacts).length ? { artifacts: inputs.artifacts } : {}
  const section = { ...parameters, ...artifacts }
  return Object.keys(section).length ? { inputs: section } : {}
}

/** What makes a group a loop or a condition. */
function groupExtras(group: GroupNode, build: Build): Partial<PipelineTaskSpec> {
  if (group.kind === 'condition') return { triggerPolicy: { condition: conditionText(group, build.issues) } }
  if (group.kind !== 'loop') return {}
  const { items, parallelism } = group
  const itemInput = channelName(group.item, group)
  const policy = parallelism > 0 ? { iteratorPolicy: { parallelismLimit: parallelism } } : {}
  if (items.kind === 'static') {
    return { parameterIterator: { itemInput, items: { raw: pythonJson(items.values) } }, ...policy }
  }
  const source = channelName(items.ref, group)
  if (items.kind === 'ref') return { parameterIterator: { itemInput, items: { inputParameter: source } }, ...policy }
  return { artifactIterator: { itemInput, items: { inputArtifact: source } }, ...policy }
}

/** Sorted keys and a space after `,` and `:`, as KFP writes raw items. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}: ${pythonJson(field)}`)
  return `{${fields.join(', ')}}`
}

function groupOutputs(outputs: ReadonlyMap<string, GroupOutput>): DagSpec['outputs'] {
  return dagOutputs(
    [...outputs].map(([name, output]) => ({
      name,
      isArtifact: output.ref instanceof ArtifactRef,
      places: output.kind === 'one-of' ? output.choices : [output],
      isChoice: output.kind === 'one-of',
    })),
  )
}

function rootOutputs(graph: PipelineGraph): DagSpec['outputs'] {
  return dagOutputs(
    [...graph.outputs].flatMap(([name, ref]) => {
      const place = siblingPlace(ref, graph.root)
      return place ? [{ name, isArtifact: ref instanceof ArtifactRef, places: [place], isChoice: false }] : []
    }),
  )
}

interface DagOutput {
  readonly name: string
  readonly isArtifact: boolean
  readonly isChoice: boolean
  readonly places: readonly { readonly producer: string; readonly key: string }[]
}

function dagOutputs(outputs: readonly DagOutput[]): DagSpec['outputs'] {
  const parameters: NonNullable<NonNullable<DagSpec['outputs']>['parameters']> = {}
  const artifacts: NonNullable<NonNullable<DagSpec['outputs']>['artifacts']> = {}
  for (const { name, isArtifact, isChoice, places } of outputs) {
    if (isArtifact) {
      const artifactSelectors = places.map(({ producer, key }) => ({
        producerSubtask: producer,
        outputArtifactKey: key,
      }))
      Object.assign(artifacts, { [name]: { artifactSelectors } })
      continue
    }
    const parameterSelectors = places.map(({ producer, key }) => ({
      producerSubtask: producer,
      outputParameterKey: key,
    }))
    Object.assign(parameters, {
      [name]: isChoice ? { valueFromOneof: { parameterSelectors } } : { valueFromParameter: parameterSelectors[0] },
    })
  }
  const hasParameters = Object.keys(parameters).length > 0
  const hasArtifacts = Object.keys(artifacts).length > 0
  if (!hasParameters && !hasArtifacts) return undefined
  return { ...(hasParameters ? { parameters } : {}), ...(hasArtifacts ? { artifacts } : {}) }
}
