/** The life of a task that waits without a pod: its clock, what was seen, and its end in vain. Beside attempts.ts, which begins it. */
import { attemptTimeout } from './launch.ts'
import type { TaskNode } from './run-state.ts'
import { timeoutMessage } from './stop-reason.ts'
import { addTimer } from './timers.ts'
import { planOf } from './tree.ts'
import { attemptInFlight, endTask, inputsOf, type Turn } from './turn.ts'
import type { Instant, TaskPath } from './types.ts'
import { dueTime, isWait, timeOutputs, waitOf } from './waits.ts'

/** Sets the clock for a wait: when its time has come, and when it has waited long enough, over all attempts. */
export function beginWait(turn: Turn, path: TaskPath, node: TaskNode): void {
  const { request } = waitOf(turn, path, inputsOf(turn, path))
  const attempt = node.attempt!
  const { timers, config } = turn.state
  const due = dueTime(request, node)
  if (due !== undefined && due <= turn.now) {
    timeHasCome(turn, path, node, due)
    return
  }
  if (due !== undefined) {
    node.waitUntil = due
    addTimer(timers, { at: due, kind: 'wait-due', task: path, attempt })
  }
  const timeoutMillis = request.timeoutMillis ?? attemptTimeout(planOf(turn, node), config)
  const deadline = timeoutMillis === undefined ? undefined : node.startTime! + timeoutMillis
  if (deadline === undefined || (due !== undefined && due <= deadline)) return
  addTimer(timers, { at: deadline, kind: 'task-timeout', task: path, attempt })
}

function timeHasCome(turn: Turn, path: TaskPath, node: TaskNode, due: Instant): void {
  node.outputs = timeOutputs(turn, node, due)
  endTask(turn, path, 'SUCCEEDED')
}

/** The instant that was waited for has come. */
export function waitDue(turn: Turn, path: TaskPath, attempt: number): void {
  const node = attemptInFlight(turn, path, attempt)
  if (node?.waitUntil !== undefined) timeHasCome(turn, path, node, node.waitUntil)
}

export function waitSeen(turn: Turn, path: TaskPath, attempt: number, message: string): void {
  const node = attemptInFlight(turn, path, attempt)
  if (node && isWait(turn, node)) node.seen = message
}

/** It waited as long as it may: it fails, or is skipped where its author says so. */
export function endWaitInVain(turn: Turn, path: TaskPath, node: TaskNode, lastSeen: string | undefined): void {
  const { request } = waitOf(turn, path, inputsOf(turn, path))
  const seen = lastSeen ?? node.seen
  const message = `${timeoutMessage(turn, path, node)}${seen === undefined ? '' : `; last seen: ${seen}`}`
  const error = { code: 'timeout', message, task: path }
  endTask(turn, path, request.onTimeout === 'skip' ? 'SKIPPED' : 'FAILED', error)
}
