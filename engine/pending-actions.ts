/** After a restart: every action whose answer is still owed. */
import { attemptActions, lookUpCache } from './attempts.ts'
import type { Program } from './program.ts'
import { resolveInputs } from './resolve-inputs.ts'
import { findReusableAction } from './reuse-key.ts'
import { isFinished, type RunState } from './run-state.ts'
import { stopReason } from './stop-reason.ts'
import type { RunView } from './tree.ts'
import type { Action, Instant } from './types.ts'

/**
 * The same actions, to the letter, that `advance` returned for what is not answered yet. An attempt that is being stopped comes
 * twice: as its start, so that the executor can find it, and as its cancel. Cost: the size of the run.
 */
export function pendingActions(program: Program, state: RunState, _now: Instant): Action[] {
  if (isFinished(state)) return []
  const view: RunView = { program, state }
  const actions: Action[] = []
  for (const [task, node] of Object.entries(state.tasks)) {
    if (node.phase === 'reuse') actions.push(findReusableAction(view, task, resolveInputs(view, task)))
    if (node.phase === 'cache') actions.push(lookUpCache(view, task, resolveInputs(view, task)))
    if (node.phase !== 'running') continue
    const attempt = node.attempt!
    actions.push(...attemptActions(view, task, node, attempt, resolveInputs(view, task)))
    if (node.stopping) actions.push({ kind: 'cancel-attempt', task, attempt, reason: stopReason(view, task, node) })
  }
  const at = state.timers[0]?.at
  if (at !== undefined) actions.push({ kind: 'wake-at', at })
  return actions
}
