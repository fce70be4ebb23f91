/** The life of a leaf task: cache, waiting for a place, attempts, retries, timeouts (kfp-ir.md 2.8). */
import type { RunError } from '../api/run-report.ts'
import { cacheKeyOf, mayCache, mountedClaims } from './cache-key.ts'
import { attemptTimeout, buildLaunch, imageOf, inputScope } from './launch.ts'
import type { TaskPlan } from './program.ts'
import { importedOutputs, importRequest, volumeRequest } from './requests.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { retryDelay } from './retries.ts'
import { findReusableAction, mayReuse } from './reuse-key.ts'
import { timeText } from './run-constants.ts'
import type { TaskNode } from './run-state.ts'
import { timeoutMessage } from './stop-reason.ts'
import { addTimer } from './timers.ts'
import { parentPath, planOf, ROOT, type RunView } from './tree.ts'
import { attemptInFlight, attemptWork, blockTask, endTask, inputsOf, type Turn } from './turn.ts'
import type { Action, AttemptFailure, AttemptResult, CacheAnswer, CacheKey, RunEvent, TaskPath } from './types.ts'
import { beginWait, endWaitInVain } from './wait-attempts.ts'
import { isTimeWait, isWait, waitOf } from './waits.ts'
import { usesWorkspace } from './workspace-use.ts'

export function startLeaf(turn: Turn, path: TaskPath, node: TaskNode, plan: TaskPlan, inputs: ResolvedInputs): void {
  if (plan.component.leaf!.kind !== 'container') {
    startAttempt(turn, path, node)
    return
  }
  if (mayReuse(turn, path)) {
    const action = attemptWork(turn, path, () => findReusableAction(turn, path, inputs))
    if (!action) return
    node.phase = 'reuse'
    turn.actions.push(action)
    return
  }
  askCache(turn, path, node, plan, inputs)
}

function askCache(turn: Turn, path: TaskPath, node: TaskNode, plan: TaskPlan, inputs: ResolvedInputs): void {
  if (!mayCache(plan, turn.state.config)) {
    enqueue(turn, path, node)
    return
  }
  const action = attemptWork(turn, path, () => lookUpCache(turn, path, inputs))
  if (!action) return
  node.phase = 'cache'
  turn.actions.push(action)
}

export function lookUpCache(view: RunView, path: TaskPath, inputs: ResolvedInputs): Action {
  const cacheKey = cacheKeyFor(view, path, inputs)
  return { kind: 'look-up-cache', task: path, pipelineName: view.program.pipelineName, cacheKey }
}

function cacheKeyFor(view: RunView, path: TaskPath, inputs: ResolvedInputs): CacheKey {
  const plan = planOf(view, view.state.tasks[path]!)
  const { container } = plan.component.leaf!.executor
  const image = imageOf(container!, inputScope(view, path, plan, inputs))
  return cacheKeyOf(plan, view.state.config, image, inputs, mountedClaims(view, path, inputs))
}

export function reuseAnswered(turn: Turn, path: TaskPath, answer: CacheAnswer): void {
  const node = turn.state.tasks[path]
  if (node?.phase !== 'reuse') return
  if (answer.hit) takeOver(turn, path, node, answer.outputs)
  else askCache(turn, path, node, planOf(turn, node), inputsOf(turn, path))
}

export function cacheAnswered(turn: Turn, path: TaskPath, answer: CacheAnswer): void {
  const node = turn.state.tasks[path]
  if (node?.phase !== 'cache') return
  if (answer.hit) takeOver(turn, path, node, answer.outputs)
  else enqueue(turn, path, node)
}

/** The result of an earlier run is the result of this task. */
function takeOver(turn: Turn, path: TaskPath, node: TaskNode, outputs: NonNullable<TaskNode['outputs']>): void {
  node.startTime = turn.now
  node.outputs = outputs
  endTask(turn, path, 'CACHED')
}

/** Only attempts in pods or processes wait for a place. */
function enqueue(turn: Turn, path: TaskPath, node: TaskNode): void {
  if (!takesPlace(turn, node)) {
    startAttempt(turn, path, node)
    return
  }
  node.phase = 'queued'
  turn.state.queue.items.push(path)
}

/** Starts what waits, as long as there are places. */
export function startWaiting(turn: Turn): void {
  const { state } = turn
  const { queue } = state
  const places = state.config.parallelism || Number.POSITIVE_INFINITY
  while (queue.head < queue.items.length && state.inFlight < places) {
    const path = queue.items[queue.head++]!
    const node = state.tasks[path]!
    if (node.phase !== 'queued') continue
    if (isHeldBack(turn, path, node)) blockTask(turn, path)
    else startAttempt(turn, path, node)
  }
  if (queue.head === queue.items.length) state.queue = { head: 0, items: [] }
  else if (queue.head > 1000 && queue.head * 2 > queue.items.length)
    state.queue = { head: 0, items: queue.items.slice(queue.head) }
}

/** A failure lets no new work start beside it; nor in an iteration of its loop that has not begun. Retries are not new work. */
function isHeldBack(view: RunView, path: TaskPath, leaf: TaskNode): boolean {
  if (leaf.failures) return false
  const { tasks } = view.state
  if (!planOf(view, leaf).runsAlways && leaf.index === undefined && tasks[parentPath(path, leaf)]!.failed) return true
  let current = path
  while (current !== ROOT) {
    const node: TaskNode = tasks[current]!
    current = parentPath(current, node)
    if (node.index === undefined) continue
    if (node.begun) return false
    if (tasks[current]!.failed) return true
  }
  return false
}

function startAttempt(turn: Turn, path: TaskPath, node: TaskNode): void {
  const attempt = (node.attempt ?? 0) + 1
  const actions = attemptWork(turn, path, () => attemptActions(turn, path, node, attempt, inputsOf(turn, path)))
  if (!actions) return
  node.attempt = attempt
  node.phase = 'running'
  node.state = 'RUNNING'
  node.startTime ??= turn.now
  delete node.started
  delete node.retryAt
  delete node.seen
  if (takesPlace(turn, node)) turn.state.inFlight++
  markBegun(turn, path)
  turn.actions.push(...actions)
  if (isWait(turn, node)) beginWait(turn, path, node)
}

/** The action that carries out an attempt, the same whenever it is asked for; none for what only the clock answers. */
export function attemptActions(
  view: RunView,
  path: TaskPath,
  node: TaskNode,
  attempt: number,
  inputs: ResolvedInputs,
): Action[] {
  const { kind } = planOf(view, node).component.leaf!
  switch (kind) {
    case 'importer':
      return [{ kind: 'import-artifact', task: path, attempt, request: importRequest(view, path, inputs) }]
    case 'wait': {
      const wait = waitOf(view, path, inputs)
      return isTimeWait(wait) ? [] : [{ kind: 'wait-for', task: path, attempt, wait }]
    }
    case 'container':
      return [{ kind: 'start-attempt', task: path, attempt, launch: buildLaunch(view, path, attempt, inputs) }]
    default:
      return [{ kind: 'change-volume', task: path, attempt, request: volumeRequest(view, path, inputs) }]
  }
}

function takesPlace(view: RunView, node: TaskNode): boolean {
  return planOf(view, node).component.leaf!.kind === 'container'
}

function markBegun({ state: { tasks } }: RunView, path: TaskPath): void {
  let current = path
  while (current !== ROOT) {
    const node: TaskNode = tasks[current]!
    if (node.index !== undefined) {
      if (node.begun) return
      node.begun = true
    }
    current = parentPath(current, node)
  }
}

export function attemptStarted(turn: Turn, path: TaskPath, attempt: number, survived: boolean): void {
  const node = attemptInFlight(turn, path, attempt)
  if (!node || node.started) return
  node.started = true
  // The clock of a wait runs already.
  if (isWait(turn, node)) return
  const deadline = survived ? node.deadline : undefined
  delete node.deadline
  if (!node.failures && !survived) node.startTime = turn.now
  const timeoutMillis = attemptTimeout(planOf(turn, node), turn.state.config)
  if (timeoutMillis === undefined) return
  addTimer(turn.state.timers, { at: deadline ?? turn.now + timeoutMillis, kind: 'task-timeout', task: path, attempt })
}

/** The time of an attempt is up. */
export function attemptTimedOut(turn: Turn, path: TaskPath, attempt: number): void {
  const node = attemptInFlight(turn, path, attempt)
  if (!node || node.stopping) return
  if (node.waitUntil !== undefined) {
    endWaitInVain(turn, path, node, `it is to wait until ${timeText(node.waitUntil)}`)
    return
  }
  node.stopping = 'timeout'
  turn.actions.push({ kind: 'cancel-attempt', task: path, attempt, reason: timeoutMessage(turn, path, node) })
}

/** A back-off is over. */
export function retryDue(turn: Turn, path: TaskPath, attempt: number): void {
  const node = turn.state.tasks[path]
  if (node?.phase === 'backoff' && node.attempt === attempt) enqueue(turn, path, node)
}

export function attemptFinished(turn: Turn, event: Extract<RunEvent, { readonly kind: 'attempt-finished' }>): void {
  const { task: path, attempt, result } = event
  const node = attemptInFlight(turn, path, attempt)
  if (!node) return
  if (event.image !== undefined) node.image = event.image
  if (takesPlace(turn, node)) turn.state.inFlight--
  if (result.outcome === 'succeeded') {
    succeed(turn, path, node, result.outputs)
    return
  }
  if (turn.state.stop) {
    endTask(turn, path, 'CANCELED', { ...canceledError(turn), task: path })
    return
  }
  if (node.stopping === 'timeout' && isWait(turn, node)) {
    endWaitInVain(turn, path, node, result.outcome === 'failed' ? result.failure.message : undefined)
    return
  }
  const failure = failureOf(turn, path, node, result)
  const failures = (node.failures?.[failure.cause] ?? 0) + 1
  node.failures = { ...node.failures, [failure.cause]: failures }
  delete node.started
  delete node.stopping
  delete node.deadline
  const delay = retryDelay(turn, path, failure.cause, failures)
  if (delay === undefined) {
    endTask(turn, path, 'FAILED', toRunError(failure, path))
    return
  }
  node.error = toRunError(failure, path)
  if (delay === 0) {
    enqueue(turn, path, node)
    return
  }
  node.phase = 'backoff'
  node.retryAt = turn.now + delay
  addTimer(turn.state.timers, { at: node.retryAt, kind: 'retry', task: path, attempt })
}

function succeed(turn: Turn, path: TaskPath, node: TaskNode, outputs: NonNullable<TaskNode['outputs']>): void {
  const { config } = turn.state
  const plan = planOf(turn, node)
  node.outputs = plan.component.leaf!.kind === 'importer' ? importedOutputs(plan, config, path, node, outputs) : outputs
  // A key that no other run can have: saved, it would only mislead a second step of this run.
  if (mayCache(plan, config) && !usesWorkspace(plan, inputsOf(turn, path), config)) {
    const cacheKey = cacheKeyFor(turn, path, inputsOf(turn, path))
    const { pipelineName } = turn.program
    turn.actions.push({ kind: 'save-cache', task: path, pipelineName, cacheKey, outputs })
  }
  endTask(turn, path, 'SUCCEEDED')
}

function failureOf(
  turn: Turn,
  path: TaskPath,
  node: TaskNode,
  result: Exclude<AttemptResult, { outcome: 'succeeded' }>,
): AttemptFailure {
  const given = result.outcome === 'failed' ? result.failure : undefined
  if (node.stopping === 'timeout') return { ...given, cause: 'timeout', message: timeoutMessage(turn, path, node) }
  return given ?? { cause: 'infrastructure', message: 'the attempt was canceled from outside of the run' }
}

function toRunError({ cause, message, logTail }: AttemptFailure, task: TaskPath): RunError {
  return { code: cause, message, task, ...(logTail === undefined ? {} : { logTail }) }
}

function canceledError({ state }: Turn): RunError {
  const { reason, message } = state.stop!
  return { code: reason, message }
}
