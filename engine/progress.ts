/** What follows from a task's end or readiness: order, strategies, conditions, graphs, loops (kfp-ir.md 2.3 to 2.7). */
import { startLeaf, startWaiting } from './attempts.ts'
import { evaluateCondition } from './condition.ts'
import { parseJson } from './convert-value.ts'
import { graphOutputs, loopOutputs } from './graph-outputs.ts'
import type { TaskPlan } from './program.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { hasEnded, type TaskNode } from './run-state.ts'
import { iterationPath, loopItems, parentPath, planOf, ROOT, siblingPath } from './tree.ts'
import { attemptWork, blockTask, endTask, inputsOf, type Turn } from './turn.ts'
import type { TaskPath } from './types.ts'

/** Does all that is to do; afterwards every task that can run does. */
export function settle(turn: Turn): void {
  let done = 0
  do {
    for (; done < turn.todo.length; done++) {
      const { kind, path } = turn.todo[done]!
      if (kind === 'ready') becomeReady(turn, path)
      else if (kind === 'enter') enter(turn, path)
      else propagateEnd(turn, path)
    }
    startWaiting(turn)
  } while (done < turn.todo.length)
}

function becomeReady(turn: Turn, path: TaskPath): void {
  const node = turn.state.tasks[path]!
  const plan = planOf(turn, node)
  if (turn.state.stop) {
    endTask(turn, path, 'CANCELED')
    return
  }
  if (!plan.runsAlways) {
    const scope = turn.state.tasks[parentPath(path, node)]!
    if (node.upstreamFailed || scope.failed) {
      blockTask(turn, path)
      return
    }
    if (node.upstreamSkipped) {
      endTask(turn, path, 'SKIPPED')
      return
    }
  }
  enter(turn, path)
}

/** A task, an iteration or the root begins. */
function enter(turn: Turn, path: TaskPath): void {
  const node = turn.state.tasks[path]!
  const plan = planOf(turn, node)
  if (turn.state.stop) {
    endTask(turn, path, 'CANCELED')
    return
  }
  if (path === ROOT) {
    enterGraph(turn, path, node, plan)
    return
  }
  const { condition } = plan.spec.triggerPolicy ?? {}
  if (node.index !== undefined && !plan.component.leaf) {
    enterGraph(turn, path, node, plan)
    return
  }
  const inputs = attemptWork(turn, path, () => {
    const resolved = inputsOf(turn, path)
    const wanted = node.index !== undefined || !condition || evaluateCondition(condition, resolved)
    return wanted ? resolved : 'skip'
  })
  if (inputs === undefined) return
  if (inputs === 'skip') {
    endTask(turn, path, 'SKIPPED')
    return
  }
  if (plan.loop && node.index === undefined) {
    enterLoop(turn, path, node, inputs)
    return
  }
  if (plan.component.leaf) {
    startLeaf(turn, path, node, plan, inputs)
    return
  }
  node.inputs = inputs
  enterGraph(turn, path, node, plan)
}

/** Lays out the tasks inside. Those that an earlier round finished stay as they are. */
function enterGraph(turn: Turn, scope: TaskPath, node: TaskNode, { component }: TaskPlan): void {
  const { tasks } = turn.state
  node.state = 'RUNNING'
  node.startTime ??= turn.now
  node.open = 0
  const kept: boolean[] = []
  for (const plan of component.tasks!) {
    const path = siblingPath(scope, plan.key)
    const old = tasks[path]
    const upstreamKept = plan.upstream.every((position) => kept[position])
    kept[plan.position] = node.resume === true && old !== undefined && upstreamKept && isFinal(old)
    if (kept[plan.position]) continue
    node.open++
    const fresh = freshNode({ plan: plan.id, state: 'PENDING' }, old, node.resume === true && upstreamKept)
    tasks[path] = fresh
    let waiting = 0
    for (const position of plan.upstream) {
      if (!kept[position]) waiting++
      else if (tasks[siblingPath(scope, component.tasks![position]!.key)]!.state === 'SKIPPED')
        fresh.upstreamSkipped = true
    }
    fresh.waiting = waiting
    if (waiting === 0) turn.todo.push({ kind: 'ready', path })
  }
  if (node.open === 0) endGraph(turn, scope, node)
}

/** Ended well, or skipped by a condition: nothing that a retry of the run would change. */
function isFinal({ state, blocked }: TaskNode): boolean {
  return state === 'SUCCEEDED' || state === 'CACHED' || (state === 'SKIPPED' && !blocked)
}

/** Attempts go on being counted where the earlier round stopped. */
function freshNode(node: TaskNode, old: TaskNode | undefined, mayResume: boolean): TaskNode {
  if (old?.attempt !== undefined) node.attempt = old.attempt
  if (mayResume && old?.open !== undefined) node.resume = true
  return node
}

function enterLoop(turn: Turn, path: TaskPath, node: TaskNode, inputs: ResolvedInputs): void {
  const { over, itemsInput } = planOf(turn, node).loop!
  node.inputs = inputs
  const total = attemptWork(turn, path, () => {
    if (over === 'artifacts') return inputs.artifacts[itemsInput!]?.length ?? 0
    const text = itemsInput === undefined ? undefined : inputs.parameters[itemsInput]
    if (typeof text === 'string') node.items = (parseJson(text) ?? null) as readonly never[]
    return loopItems(turn, path, node).length
  })
  if (total === undefined) return
  if (!node.resume) outdateIterations(turn, path)
  node.state = 'RUNNING'
  node.startTime ??= turn.now
  node.total = total
  node.next = 0
  node.open = 0
  startIterations(turn, path, node)
}

/** Iterations begin in order, so those that an earlier round came to are the first ones. */
function outdateIterations({ state: { tasks } }: Turn, loop: TaskPath): void {
  for (let index = 0; ; index++) {
    const old = tasks[iterationPath(loop, index)]
    if (!old) return
    old.stale = true
    delete old.outputs
  }
}

function startIterations(turn: Turn, path: TaskPath, node: TaskNode): void {
  const { loop, id } = planOf(turn, node)
  const { tasks, stop } = turn.state
  const isOver = () => node.failed === true || stop !== undefined || node.next! >= node.total!
  while (!isOver() && node.open! < loop!.limit) {
    const index = node.next!++
    const iteration = iterationPath(path, index)
    const old = tasks[iteration]
    const mayStay = node.resume === true && old?.stale === undefined
    if (mayStay && old && isFinal(old)) continue
    tasks[iteration] = freshNode({ plan: id, index, state: 'PENDING' }, old, mayStay)
    node.open!++
    turn.todo.push({ kind: 'enter', path: iteration })
  }
  if (node.open !== 0 || !isOver()) return
  // Cut short by a cancel: what it never came to is missing.
  if (node.next! < node.total! && !node.failed) node.canceled = true
  node.outputs = loopOutputs(turn, path, node)!
  endGroup(turn, path, node)
}

function endGraph(turn: Turn, path: TaskPath, node: TaskNode): void {
  node.outputs = graphOutputs(turn, path, node)!
  endGroup(turn, path, node)
}

function endGroup(turn: Turn, path: TaskPath, node: TaskNode): void {
  if (node.outputs === undefined) delete node.outputs
  delete node.resume
  endTask(turn, path, node.failed ? 'FAILED' : node.canceled ? 'CANCELED' : 'SUCCEEDED', node.failed && node.error)
}

/** Tells the surroundings of a task that it has ended. */
function propagateEnd(turn: Turn, path: TaskPath): void {
  const { tasks } = turn.state
  const node = tasks[path]!
  if (path === ROOT) {
    endRun(turn, node)
    return
  }
  const scopePath = parentPath(path, node)
  const scope = tasks[scopePath]!
  if (node.state === 'FAILED') {
    scope.failed = true
    scope.error ??= node.error!
  } else if (node.state === 'CANCELED' || node.blocked) scope.canceled = true
  scope.open!--
  if (node.index !== undefined) {
    startIterations(turn, scopePath, scope)
    return
  }
  const plan = planOf(turn, node)
  const siblings = planOf(turn, scope).component.tasks!
  for (const position of plan.downstream) {
    const siblingAt = siblingPath(scopePath, siblings[position]!.key)
    const sibling = tasks[siblingAt]!
    if (node.state === 'FAILED' || node.state === 'CANCELED' || node.blocked) sibling.upstreamFailed = true
    else if (node.state === 'SKIPPED') sibling.upstreamSkipped = true
    sibling.waiting!--
    if (sibling.waiting === 0) turn.todo.push({ kind: 'ready', path: siblingAt })
  }
  if (scope.open === 0) endGraph(turn, scopePath, scope)
}

function endRun({ state, now }: Turn, root: TaskNode): void {
  state.endTime = now
  const isCanceled = state.stop?.reason === 'canceled' || (root.state === 'CANCELED' && !state.stop)
  state.state = root.state === 'SUCCEEDED' ? 'SUCCEEDED' : isCanceled ? 'CANCELED' : 'FAILED'
  if (hasEnded(root)) state.timers.length = 0
}
