/** One call of advance: the state being changed, the time, and what came of it. Work goes through a list, never through recursion. */
import type { RunError } from '../api/run-report.ts'
import { resolveInputs } from './resolve-inputs.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import type { TaskNode } from './run-state.ts'
import { TaskError } from './task-error.ts'
import { planOf, type RunView } from './tree.ts'
import type { Action, Instant, TaskPath } from './types.ts'

/** What has to be looked at before the turn is over. */
export type Todo =
  | { readonly kind: 'ready'; readonly path: TaskPath }
  | { readonly kind: 'enter'; readonly path: TaskPath }
  | { readonly kind: 'ended'; readonly path: TaskPath }

export interface Turn extends RunView {
  readonly now: Instant
  readonly actions: Action[]
  readonly todo: Todo[]
  /** Inputs worked out in this turn. */
  readonly inputs: Map<TaskPath, ResolvedInputs>
}

export function inputsOf(turn: Turn, path: TaskPath): ResolvedInputs {
  const known = turn.inputs.get(path)
  if (known) return known
  const inputs = resolveInputs(turn, path)
  turn.inputs.set(path, inputs)
  return inputs
}

/** Ends a task that runs no more; what waits for it is looked at next. */
export function endTask(turn: Turn, path: TaskPath, state: TaskNode['state'], error?: RunError): void {
  const node = turn.state.tasks[path]!
  node.state = state
  node.endTime = turn.now
  if (error) node.error = error
  else delete node.error
  delete node.phase
  delete node.started
  delete node.stopping
  delete node.deadline
  delete node.retryAt
  delete node.waitUntil
  delete node.seen
  turn.todo.push({ kind: 'ended', path })
}

/** SKIPPED because of a failure elsewhere, not because of a condition. */
export function blockTask(turn: Turn, path: TaskPath): void {
  turn.state.tasks[path]!.blocked = true
  endTask(turn, path, 'SKIPPED')
}

/** Fails the task when the work throws a mistake of the pipeline. @returns undefined then */
export function attemptWork<T>(turn: Turn, path: TaskPath, work: () => T): T | undefined {
  try {
    return work()
  } catch (error) {
    const { name } = planOf(turn, turn.state.tasks[path]!).component
    endTask(turn, path, 'FAILED', { ...toRunError(error, name), task: path })
    return undefined
  }
}

function toRunError(error: unknown, component: string): RunError {
  if (error instanceof TaskError) return { code: error.code, message: error.message }
  // Native JSON functions recurse: a value nested a hundred thousand levels deep ends them.
  if (error instanceof RangeError)
    return {
      code: 'value-too-large',
      message: `${component}: a value is nested too deep or too long: ${error.message}`,
    }
  throw error
}

/** The node if the event is about its attempt in flight. */
export function attemptInFlight(turn: Turn, path: TaskPath, attempt: number): TaskNode | undefined {
  const node = turn.state.tasks[path]
  return node?.phase === 'running' && node.attempt === attempt ? node : undefined
}
