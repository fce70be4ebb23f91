/** Indexes a pipeline document once, so that each event costs the same however large the pipeline is. Before: api/parse.ts. */
import { findCycles, showCycle } from '../api/check/cycles.ts'
import { InvalidInputError, type Issue } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { ComponentSpec, ParameterInputSpec, ParameterType, PipelineTaskSpec } from '../api/pipeline-spec.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { wiresOfSettings } from '../api/platform-wires.ts'
import { WAIT_IMAGE, WAIT_KINDS, type WaitKind } from '../api/wait.ts'
import { digestOf } from './digest.ts'
import type { ComponentPlan, LeafKind, Program, TaskPlan } from './program.ts'
import { namesWorkspace } from './workspace-use.ts'

type Draft<T> = { -readonly [K in keyof T]: T[K] }

/** A document may name the same components again and again; beyond this a run could not be held in memory. */
const MAX_STATIC_TASKS = 1_000_000

/**
 * @throws InvalidInputError when references lead nowhere or in circles. `parsePipelineDocument` reports the same with places in the
 *   file; this is the last guard for documents that come another way.
 */
export function prepare(document: PipelineDocument): Program {
  const preparation = new Preparation(document)
  const root = preparation.component('root', document.spec.root)
  if (!document.spec.root?.dag) preparation.refuse('no-root', 'root', 'the root of a pipeline must be a graph (dag)')
  const tasks: Draft<TaskPlan>[] = [rootTask(root)]
  // Components are met in this order: a work list, as chains of nested pipelines may be long.
  for (const component of preparation.met) preparation.addTasks(component, tasks)
  preparation.checkNesting()
  if (preparation.issues.length > 0) throw new InvalidInputError(preparation.issues)
  return { document, pipelineName: document.spec.pipelineInfo.name, tasks }
}

function rootTask(component: ComponentPlan): Draft<TaskPlan> {
  const spec: PipelineTaskSpec = { componentRef: { name: 'root' } }
  return { id: 0, key: 'root', position: 0, spec, component, upstream: [], downstream: [], runsAlways: true }
}

class Preparation {
  readonly issues: Issue[] = []
  readonly met: Draft<ComponentPlan>[] = []
  private readonly document: PipelineDocument
  private readonly byName = new Map<string, Draft<ComponentPlan>>()

  constructor(document: PipelineDocument) {
    this.document = document
  }

  refuse(code: string, path: string, message: string): void {
    this.issues.push({ code, severity: 'error', path, message, hint: 'compile the pipeline again' })
  }

  component(name: string, spec: ComponentSpec): Draft<ComponentPlan> {
    const known = this.byName.get(name)
    if (known) return known
    const parameters = Object.entries(spec?.inputDefinitions?.parameters ?? {})
    const types = new Map(parameters.map(([input, declared]) => [input, declaredType(declared)]))
    const plan: Draft<ComponentPlan> = { name, spec, parameterTypes: types }
    if (!spec?.dag) this.addLeaf(plan)
    this.byName.set(name, plan)
    this.met.push(plan)
    return plan
  }

  private addLeaf(plan: Draft<ComponentPlan>): void {
    const label = plan.spec?.executorLabel
    const executor = label === undefined ? undefined : this.document.spec.deploymentSpec?.executors?.[label]
    const where = `components.${plan.name}.executorLabel`
    if (!executor?.container && !executor?.importer) {
      this.refuse('unknown-executor', where, `there is no container and no importer called "${label}"`)
      return
    }
    const kubernetes = this.document.platform?.platforms.kubernetes?.deploymentSpec?.executors?.[label!] ?? {}
    const { command = [], args = [], env = [] } = executor.container ?? {}
    const commandDigest = digestOf(JSON.stringify([command, args]))
    const texts = [...command, ...args, ...env.map(({ value = '' }) => value)]
    const kind = leafKind(executor.container?.image)
    const wait = args[0] as WaitKind
    if (kind === 'wait' && !WAIT_KINDS.includes(wait))
      this.refuse('unknown-wait', where, `"${wait}" is nothing to wait for; there are: ${WAIT_KINDS.join(', ')}`)
    plan.leaf = {
      kind,
      ...(kind === 'wait' ? { wait } : {}),
      executorLabel: label!,
      executor,
      kubernetes,
      commandDigest,
      namesWorkspace: texts.some(namesWorkspace),
    }
  }

  addTasks(component: Draft<ComponentPlan>, all: Draft<TaskPlan>[]): void {
    const specs = component.spec?.dag?.tasks
    if (!specs) return
    const edges = new Map(Object.keys(specs).map((key) => [key, this.upstreamOf(specs[key]!, specs)]))
    const where = component.name === 'root' ? 'root' : `components.${component.name}`
    for (const cycle of findCycles(edges))
      this.refuse('cycle', `${where}.dag.tasks`, `tasks wait for each other: ${showCycle(cycle)}`)
    if (this.issues.length > 0) return
    const plans: Draft<TaskPlan>[] = []
    const positions = new Map<string, number>()
    for (const key of upstreamFirst(edges)) {
      const plan = this.task(key, specs[key]!, `${where}.dag.tasks.${key}`, all.length, plans.length)
      if (!plan) continue
      positions.set(key, plan.position)
      plans.push(plan)
      all.push(plan)
    }
    component.tasks = plans
    for (const plan of plans)
      this.connect(plan, edges.get(plan.key)!, positions, plans, `${where}.dag.tasks.${plan.key}`)
  }

  /** What a task waits for: what it says, and every task beside it that it, or its Kubernetes configuration, reads from. */
  private upstreamOf(task: PipelineTaskSpec, siblings: Readonly<Record<string, PipelineTaskSpec>>): string[] {
    const isSibling = (key: string) => Object.hasOwn(siblings, key)
    const label = this.document.spec.components?.[task.componentRef?.name]?.executorLabel
    const executors = this.document.platform?.platforms.kubernetes?.deploymentSpec?.executors
    const settings = label === undefined ? undefined : executors?.[label]
    const wires = settings ? [...wiresOfSettings(settings)] : []
    const read = wires.flatMap(({ wire }) => wire.taskOutputParameter?.producerTask ?? []).filter(isSibling)
    return [...new Set([...upstreamKeys(task), ...read])]
  }

  private task(key: string, spec: PipelineTaskSpec, where: string, id: number, position: number) {
    if (!/^[^/[\]]+$/.test(key)) {
      this.refuse('bad-name', where, `a task can't be named "${key}": / [ ] have a meaning in task paths`)
      return undefined
    }
    const name = spec.componentRef?.name
    const component = this.document.spec.components?.[name]
    if (!component) {
      this.refuse('unknown-component', `${where}.componentRef`, `there is no component "${name}"`)
      return undefined
    }
    const plan: Draft<TaskPlan> = {
      id,
      key,
      position,
      spec,
      component: this.component(name, component),
      upstream: [],
      downstream: [],
      runsAlways: spec.triggerPolicy?.strategy === 'ALL_UPSTREAM_TASKS_COMPLETED',
    }
    const loop = this.loop(spec, where)
    if (loop) plan.loop = loop
    return plan
  }

  private loop(spec: PipelineTaskSpec, where: string): TaskPlan['loop'] | undefined {
    const limit = Math.max(0, Number(spec.iteratorPolicy?.parallelismLimit ?? 0)) || Number.MAX_SAFE_INTEGER
    if (spec.artifactIterator) {
      const { items, itemInput } = spec.artifactIterator
      return { over: 'artifacts', itemInput, itemsInput: items.inputArtifact, limit }
    }
    if (!spec.parameterIterator) return undefined
    const { items, itemInput } = spec.parameterIterator
    if (items.raw === undefined) return { over: 'parameters', itemInput, itemsInput: items.inputParameter!, limit }
    const rawItems = parseItems(items.raw)
    if (!rawItems) this.refuse('bad-iterator', `${where}.parameterIterator`, 'the items of the loop are no JSON list')
    return { over: 'parameters', itemInput, rawItems: rawItems ?? [], limit }
  }

  private connect(
    plan: Draft<TaskPlan>,
    keys: readonly string[],
    positions: ReadonlyMap<string, number>,
    plans: readonly Draft<TaskPlan>[],
    where: string,
  ): void {
    const upstream: number[] = []
    for (const key of keys) {
      const position = positions.get(key)
      if (position === undefined) this.refuse('unknown-task', where, `it depends on "${key}", which does not exist`)
      else {
        upstream.push(position)
        ;(plans[position]!.downstream as number[]).push(plan.position)
      }
    }
    plan.upstream = upstream
  }

  /** Components inside components: no circles, and not more tasks than anyone can run. */
  checkNesting(): void {
    const edges = new Map(this.met.map(({ name, tasks }) => [name, (tasks ?? []).map((task) => task.component.name)]))
    for (const cycle of findCycles(edges))
      this.refuse('recursive-component', `components.${cycle[0]}`, `components contain each other: ${showCycle(cycle)}`)
    if (this.issues.length > 0) return
    const sizes = new Map<string, number>()
    for (const name of upstreamFirst(edges))
      sizes.set(
        name,
        (edges.get(name) ?? []).reduce((sum, inner) => sum + 1 + (sizes.get(inner) ?? 0), 0),
      )
    if ((sizes.get('root') ?? 0) <= MAX_STATIC_TASKS) return
    this.refuse('too-many-tasks', 'root', `nested pipelines expand to more than ${MAX_STATIC_TASKS} tasks`)
  }
}

function declaredType({ parameterType, type }: ParameterInputSpec): ParameterType | undefined {
  if (parameterType !== undefined) return parameterType
  if (type === undefined) return undefined
  return type === 'INT' ? 'NUMBER_INTEGER' : type === 'DOUBLE' ? 'NUMBER_DOUBLE' : 'STRING'
}

function leafKind(image: string | undefined): LeafKind {
  if (image === undefined) return 'importer'
  if (image === WAIT_IMAGE) return 'wait'
  if (image === 'argostub/createpvc') return 'create-volume'
  return image === 'argostub/deletepvc' ? 'delete-volume' : 'container'
}

function parseItems(raw: string): JsonValue[] | undefined {
  try {
    const items: unknown = JSON.parse(raw)
    return Array.isArray(items) ? items : undefined
  } catch {
    return undefined
  }
}

function upstreamKeys({ dependentTasks = [], inputs }: PipelineTaskSpec): string[] {
  const keys = new Set(dependentTasks)
  for (const { taskOutputParameter, taskFinalStatus } of Object.values(inputs?.parameters ?? {})) {
    if (taskOutputParameter) keys.add(taskOutputParameter.producerTask)
    if (taskFinalStatus) keys.add(taskFinalStatus.producerTask)
  }
  for (const { taskOutputArtifact } of Object.values(inputs?.artifacts ?? {}))
    if (taskOutputArtifact) keys.add(taskOutputArtifact.producerTask)
  return [...keys]
}

/** Names with everything that they point to before them, else in alphabetical order: the same for every copy of a document. */
function upstreamFirst(edges: ReadonlyMap<string, readonly string[]>): string[] {
  const done = new Set<string>()
  const order: string[] = []
  for (const start of [...edges.keys()].sort()) {
    const stack = [start]
    while (stack.length > 0) {
      const name = stack.at(-1)!
      const missing = done.has(name) ? [] : edges.get(name)!.filter((other) => edges.has(other) && !done.has(other))
      if (missing.length > 0) {
        stack.push(...missing.sort().reverse())
        continue
      }
      stack.pop()
      if (!done.has(name)) order.push(name)
      done.add(name)
    }
  }
  return order
}
