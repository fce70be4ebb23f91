/** Why does nothing happen? One plain sentence for each task that waits. */

import { describeWait } from './judge-wait.ts'
import type { Program } from './program.ts'
import { resolveInputs } from './resolve-inputs.ts'
import { timeText } from './run-constants.ts'
import { hasEnded, type RunState, type TaskNode } from './run-state.ts'
import { parentPath, planOf, type RunView, siblingPath } from './tree.ts'
import type { Instant, TaskPath } from './types.ts'
import { waitOf } from './waits.ts'
import { type Visited, walkTasks } from './walk.ts'

export interface WaitingReason {
  readonly task: TaskPath
  readonly code: 'upstream' | 'parallelism' | 'cache' | 'backoff' | 'starting' | 'stopping' | 'waiting'
  readonly message: string
  /** When it ends by itself. */
  readonly until?: Instant
}

/** For tasks that have not ended and are not running, in the order of the report. Cost: the size of the run. */
export function waitingReasons(program: Program, state: RunState, now: Instant): WaitingReason[] {
  const view: RunView = { program, state }
  return walkTasks(view).flatMap((visited) => reasonFor(view, visited, now) ?? [])
}

function reasonFor(view: RunView, { path, node, plan }: Visited, now: Instant): WaitingReason | undefined {
  if (hasEnded(node)) return undefined
  switch (node.phase) {
    case 'reuse':
      return { task: path, code: 'cache', message: 'the results of the run that is reused are looked through' }
    case 'cache':
      return { task: path, code: 'cache', message: 'the cache is being asked' }
    case 'queued': {
      const { inFlight, config } = view.state
      const message = `${inFlight} attempts run, and no more than ${config.parallelism} may run at once`
      return { task: path, code: 'parallelism', message }
    }
    case 'backoff': {
      const until = node.retryAt!
      const seconds = Math.max(0, Math.ceil((until - now) / 1000))
      const message = `attempt ${node.attempt} failed (${node.error?.message}); the next starts in ${seconds} s, at ${timeText(until)}`
      return { task: path, code: 'backoff', message, until }
    }
    case 'running':
      if (node.stopping) return { task: path, code: 'stopping', message: `attempt ${node.attempt} was asked to end` }
      if (plan.component.leaf?.kind === 'wait') return waitReason(view, path, node)
      if (node.started || plan.component.leaf?.kind !== 'container') return undefined
      return { task: path, code: 'starting', message: `attempt ${node.attempt} was ordered and has not started yet` }
    default:
      return node.waiting ? upstreamReason(view, { path, node, plan }) : undefined
  }
}

function waitReason(view: RunView, path: TaskPath, node: TaskNode): WaitingReason {
  const { request } = waitOf(view, path, resolveInputs(view, path))
  const message = node.seen ?? `it waits for ${describeWait(request)}`
  if (node.waitUntil === undefined) return { task: path, code: 'waiting', message }
  return { task: path, code: 'waiting', message: `it waits until ${timeText(node.waitUntil)}`, until: node.waitUntil }
}

function upstreamReason(view: RunView, { path, node, plan }: Visited): WaitingReason {
  const scope = parentPath(path, node)
  const siblings = planOf(view, view.state.tasks[scope]!).component.tasks!
  const open = plan.upstream.map((position) => siblings[position]!.key)
  const waitsFor = open.filter((key) => !hasEnded(view.state.tasks[siblingPath(scope, key)]!))
  return { task: path, code: 'upstream', message: `it waits for ${waitsFor.join(', ')}` }
}
