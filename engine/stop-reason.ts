/** Why the engine asks for an attempt's end, in the words of its users. */
import { attemptTimeout } from './launch.ts'
import { resolveInputs } from './resolve-inputs.ts'
import type { TaskNode } from './run-state.ts'
import { planOf, type RunView } from './tree.ts'
import type { TaskPath } from './types.ts'
import { isWait, waitOf } from './waits.ts'

export function stopReason(view: RunView, path: TaskPath, node: TaskNode): string {
  if (node.stopping === 'timeout') return timeoutMessage(view, path, node)
  return view.state.stop?.message ?? 'the run was stopped'
}

export function timeoutMessage(view: RunView, path: TaskPath, node: TaskNode): string {
  const own = isWait(view, node) ? waitOf(view, path, resolveInputs(view, path)).request.timeoutMillis : undefined
  const millis = own ?? attemptTimeout(planOf(view, node), view.state.config) ?? 0
  return `it ${isWait(view, node) ? 'waited' : 'took'} longer than ${millis / 1000} s`
}
