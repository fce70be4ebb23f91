/**
 * Works out what crosses which border: the inputs and outputs of every group, and who waits for whom.
 * Before: the traced graph. After: lower/dag.ts writes the tasks.
 */
import type { Issue } from '../../api/issue.ts'
import { type GroupNode, groupKey, type PipelineGraph, type TaskNode } from '../../dsl/graph.ts'
import type { CallSite } from '../../dsl/location.ts'
import type { AnyRef } from '../../dsl/refs.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { chainOf, channelName, isItemOf, isSameValue, producerGroup, surfacedName } from './channels.ts'
import { checkReach, nameOf } from './reach.ts'
import { conditionRefs, refsOfTask } from './task-refs.ts'
import { allGroups, commonGroup, groupsBetween, pathOf, topOf } from './topology.ts'

/** What a group hands up, and from which of its own tasks or groups it has it. */
export type GroupOutput =
  | {
      readonly kind: 'from'
      readonly producer: string
      readonly key: string
      readonly ref: AnyRef
      readonly isList: boolean
    }
  | {
      readonly kind: 'one-of'
      readonly ref: AnyRef
      readonly choices: readonly { readonly producer: string; readonly key: string }[]
    }

export interface GroupPlan {
  /** Group inputs by channel name. */
  readonly inputs: Map<string, AnyRef>
  readonly outputs: Map<string, GroupOutput>
}
export interface Plan {
  readonly groups: ReadonlyMap<GroupNode, GroupPlan>
  /** Sibling keys that a task or group waits for. */
  readonly waits: ReadonlyMap<TaskNode | GroupNode, ReadonlySet<string>>
  readonly issues: Issue[]
}

export function planGraph(graph: PipelineGraph): Plan {
  const planner = new Planner(graph)
  for (const task of graph.tasks) planner.addTask(task)
  for (const group of allGroups(graph.root)) planner.addGroup(group)
  for (const [name, ref] of graph.outputs) planner.addOutput(name, ref)
  return { groups: planner.groups, waits: planner.waits, issues: planner.issues }
}

class Planner {
  readonly groups = new Map<GroupNode, GroupPlan>()
  readonly waits = new Map<TaskNode | GroupNode, Set<string>>()
  readonly issues: Issue[] = []
  readonly #graph: PipelineGraph

  constructor(graph: PipelineGraph) {
    this.#graph = graph
    for (const group of allGroups(graph.root)) this.groups.set(group, { inputs: new Map(), outputs: new Map() })
  }

  addTask(task: TaskNode): void {
    const conditions = pathOf(task.group).flatMap((group) => (group.kind === 'condition' ? conditionRefs(group) : []))
    for (const ref of refsOfTask(task)) this.#consume(ref, task.group, task, task.site)
    for (const ref of conditions) if (this.#isReachable(ref, task.group)) this.#carry(ref, task.group)
    for (const { node, site } of task.after) this.#waitFor(task, node, site)
  }

  addGroup(group: GroupNode): void {
    if (group.kind === 'condition') {
      for (const ref of conditionRefs(group)) {
        this.#consume(ref, group.parent!, group, group.site)
        this.#addInput(group, ref)
      }
    }
    if (group.kind === 'loop' && group.items.kind !== 'static') {
      this.#consume(group.items.ref, group.parent!, group, group.site)
      this.#addInput(group, group.items.ref)
    }
  }

  addOutput(name: string, ref: AnyRef): void {
    this.#consume(ref, this.#graph.root, undefined, ref.site, name)
  }

  /** A consumer in `group` uses a reference: check it, make it available there, and wait for its producer. */
  #consume(
    ref: AnyRef,
    group: GroupNode,
    consumer: TaskNode | GroupNode | undefined,
    site: CallSite,
    output?: string,
  ): void {
    const problem = checkReach(ref, group, this.#graph, output)
    if (problem) {
      this.issues.push(makeIssue({ ...problem, site }))
      return
    }
    this.#carry(ref, group)
    if (consumer) for (const { node } of producersOf(ref, group)) this.#wait(consumer, node)
  }

  #isReachable(ref: AnyRef, group: GroupNode): boolean {
    return checkReach(ref, group, this.#graph) === undefined
  }

  /** Makes a reference available inside `group`: inputs on the way down, outputs on the way up. */
  #carry(ref: AnyRef, group: GroupNode): void {
    this.#surface(ref, group)
    const chain = [...chainOf(ref)]
    const origin = chain.at(-1)!
    const home = homeOf(origin, group)
    for (const below of groupsBetween(home, group)) {
      this.#addInput(below, chain.at(-1)!)
      if (below.kind !== 'loop') continue
      const passed = new Set(chainOf(loopItemRef(chain, below) ?? chain.at(-1)!))
      while (chain.length > 1 && passed.has(chain.at(-1)!) && !isItemOf(chain.at(-1)!, below)) chain.pop()
    }
  }

  #addInput(group: GroupNode, ref: AnyRef): void {
    if (isItemOf(ref, group)) return
    const name = channelName(ref, group)
    const { inputs } = this.groups.get(group)!
    const isItem = group.kind === 'loop' && channelName(group.item, group) === name
    if (this.#isClash(name, isItem ? group.item : inputs.get(name), ref, group)) return
    inputs.set(name, ref)
  }

  /** Names are joined with "-" and may hold it, so that two values can come to one name. */
  #isClash(name: string, known: AnyRef | undefined, ref: AnyRef, group: GroupNode): boolean {
    if (!known || isSameValue(known, ref)) return false
    this.issues.push(
      makeIssue({
        code: 'name-clash',
        message: `${nameOf(known)} and ${nameOf(ref)} both cross the border of ${groupKey(group)} as "${name}"`,
        hint: 'give one of the components, outputs or inputs another name',
        site: ref.site,
      }),
    )
    return true
  }

  /** Hands values of inner tasks up: through loops for collected lists, out of branches for oneOf. */
  #surface(ref: AnyRef, consumer: GroupNode): void {
    const { source } = ref
    if (source.from === 'field') this.#surface(source.of, consumer)
    if (source.from === 'loop' && source.loop.items.kind !== 'static') {
      this.#surface(source.loop.items.ref, source.loop.parent!)
    }
    if (source.from === 'collected') {
      this.#surface(source.of, producerGroup(source.of))
      this.#handUp(source.of, commonGroup(producerGroup(source.of), consumer), true)
    }
    if (source.from !== 'one-of') return
    const choices = source.choices.map((choice) => {
      this.#surface(choice, producerGroup(choice))
      this.#handUp(choice, source.branches, false)
      const top = topOf(producerGroup(choice), source.branches)
      return { producer: groupKey(top), key: surfacedName(choice) }
    })
    const name = `pipelinechannel--${groupKey(source.branches)}-oneof-${source.index}`
    this.groups.get(source.branches)?.outputs.set(name, { kind: 'one-of', ref, choices })
  }

  /** Gives every group from the producer up to (not including) `top` an output for the value. */
  #handUp(ref: AnyRef, top: GroupNode, isList: boolean): void {
    const name = surfacedName(ref)
    let below: { readonly producer: string; readonly key: string } = producerPlace(ref)
    for (const group of [...groupsBetween(top, producerGroup(ref))].reverse()) {
      const { outputs } = this.groups.get(group)!
      if (this.#isClash(name, outputs.get(name)?.ref, ref, group)) return
      outputs.set(name, { kind: 'from', ...below, ref, isList })
      below = { producer: groupKey(group), key: name }
    }
  }

  #waitFor(task: TaskNode, other: TaskNode | GroupNode, site: CallSite): void {
    if (other === task) {
      this.issues.push(
        makeIssue({
          code: 'cyclic-after',
          message: `task "${task.key}" waits for itself`,
          hint: 'remove it from after(…)',
          site,
        }),
      )
      return
    }
    const group = other.kind === 'task' ? other.group : other.parent!
    if (pathOf(group)[0] !== this.#graph.root) {
      this.issues.push(
        makeIssue({
          code: 'other-pipeline',
          message: `task "${task.key}" waits for a task of another pipeline`,
          hint: 'wait for the nested pipeline itself: its call gives a task',
          site,
        }),
      )
      return
    }
    const closed = groupsBetween(commonGroup(group, task.group), group).find(
      ({ kind }) => kind === 'condition' || kind === 'exit-handler',
    )
    if (closed) {
      this.issues.push(
        makeIssue({
          code: 'out-of-scope',
          message: `task "${task.key}" waits for "${other.kind === 'task' ? other.key : groupKey(other)}", which stands inside ${groupKey(closed)}`,
          hint: 'move it into the same block, or wait for something outside of that block',
          site,
        }),
      )
      return
    }
    this.#wait(task, other)
  }

  /** Records that the part of `consumer`'s path beside the producer waits for the part of the producer's path. */
  #wait(consumer: TaskNode | GroupNode, producer: TaskNode | GroupNode): void {
    const from = consumer.kind === 'task' ? consumer.group : consumer.parent!
    const to = producer.kind === 'task' ? producer.group : producer.parent!
    const common = commonGroup(from, to)
    const down = groupsBetween(common, from)[0] ?? consumer
    const up = groupsBetween(common, to)[0] ?? producer
    if (down === up) return
    const set = this.waits.get(down) ?? new Set<string>()
    set.add(up.kind === 'task' ? up.key : groupKey(up))
    this.waits.set(down, set)
  }
}

/** The task or group that a reference's value comes from, through items and fields. */
function producersOf(ref: AnyRef, consumer: GroupNode): readonly { readonly node: TaskNode | GroupNode }[] {
  const { source } = ref
  switch (source.from) {
    case 'input':
      return []
    case 'task':
      return [{ node: source.task }]
    case 'field':
      return producersOf(source.of, consumer)
    case 'loop':
      return source.loop.items.kind === 'static' ? [] : producersOf(source.loop.items.ref, source.loop.parent!)
    case 'one-of':
      return [{ node: source.branches }]
    case 'collected':
      return producersOf(source.of, consumer)
  }
}

/** Where in its own dag a value is made. */
export function producerPlace(ref: AnyRef): { readonly producer: string; readonly key: string } {
  const { source } = ref
  if (source.from === 'task') return { producer: source.task.key, key: source.output }
  if (source.from === 'one-of') {
    return {
      producer: groupKey(source.branches),
      key: `pipelinechannel--${groupKey(source.branches)}-oneof-${source.index}`,
    }
  }
  throw new Error(`a reference from ${source.from} has no producer task`)
}

/** The group in whose dag a consumer's reference is a sibling's output or an own input. */
export function homeOf(ref: AnyRef, consumer: GroupNode): GroupNode {
  return ref.source.from === 'collected' ? commonGroup(producerGroup(ref), consumer) : producerGroup(ref)
}

function loopItemRef(chain: readonly AnyRef[], loop: GroupNode): AnyRef | undefined {
  return chain.find((ref) => isItemOf(ref, loop))
}
