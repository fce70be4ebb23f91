/** An event and the time move a run on. The state is changed in place: its size must not matter to an event's cost. */

import { resolveRootInputs } from './arguments.ts'
import { attemptFinished, attemptStarted, attemptTimedOut, cacheAnswered, retryDue, reuseAnswered } from './attempts.ts'
import type { Program } from './program.ts'
import { settle } from './progress.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { changeSettings, goOn, runTimeout } from './resume-run.ts'
import { isFinished, type RunState, type StopReason, type Timer } from './run-state.ts'
import { addTimer, takeTimer } from './timers.ts'
import { ROOT } from './tree.ts'
import { attemptWork, endTask, type Turn } from './turn.ts'
import type { Action, Instant, RunConfig, RunEvent } from './types.ts'
import { waitDue, waitSeen } from './wait-attempts.ts'

export interface Step {
  readonly state: RunState
  readonly actions: Action[]
}

/** The state of a run before its first event. */
export function begin(_program: Program, config: RunConfig): RunState {
  return {
    config,
    state: 'PENDING',
    tasks: { [ROOT]: { plan: 0, state: 'PENDING' } },
    inFlight: 0,
    queue: { head: 0, items: [] },
    timers: [],
  }
}

/**
 * Takes in one event. Duplicates, and events about what is over, change nothing.
 * The given state is reused: keep no reference to it. Equal histories give equal states and actions.
 *
 * @param now never earlier than in the call before
 */
export function advance(program: Program, state: RunState, event: RunEvent, now: Instant): Step {
  const turn: Turn = { program, state, now, actions: [], todo: [], inputs: new Map<string, ResolvedInputs>() }
  takeIn(turn, event)
  settle(turn)
  announceWake(turn, event.kind === 'clock' || event.kind === 'resumed')
  return { state, actions: turn.actions }
}

function takeIn(turn: Turn, event: RunEvent): void {
  const { state } = turn
  if (event.kind === 'retry-requested') {
    retryRun(turn)
    return
  }
  if (event.kind === 'settings-changed') {
    changeSettings(turn, event.settings)
    return
  }
  if (isFinished(state)) return
  switch (event.kind) {
    case 'started':
      if (state.state === 'PENDING') startRun(turn)
      break
    case 'attempt-started':
      attemptStarted(turn, event.task, event.attempt, event.survived === true)
      break
    case 'attempt-finished':
      attemptFinished(turn, event)
      break
    case 'wait-seen':
      waitSeen(turn, event.task, event.attempt, event.message)
      break
    case 'cache-answered':
      cacheAnswered(turn, event.task, event.answer)
      break
    case 'reuse-answered':
      reuseAnswered(turn, event.task, event.answer)
      break
    case 'clock':
      ringTimers(turn)
      break
    case 'resumed':
      goOn(turn, event.since)
      ringTimers(turn)
      break
    case 'cancel-requested':
      stopRun(turn, 'canceled', event.reason)
  }
}

function startRun(turn: Turn): void {
  const { state, now } = turn
  state.state = 'RUNNING'
  state.startTime ??= now
  const timeoutMillis = runTimeout(turn)
  if (timeoutMillis !== undefined)
    addTimer(state.timers, { at: now + timeoutMillis, kind: 'run-timeout', task: ROOT, attempt: 0 })
  const inputs = attemptWork(turn, ROOT, () => resolveRootInputs(turn.program, state.config))
  if (!inputs) return
  state.tasks[ROOT]!.inputs = inputs
  turn.todo.push({ kind: 'enter', path: ROOT })
}

/** Nothing new starts, exit tasks included; what runs is asked to end. */
function stopRun(turn: Turn, reason: StopReason, message: string): void {
  const { state } = turn
  if (state.stop) return
  state.stop = { reason, message }
  if (state.state === 'PENDING') {
    endTask(turn, ROOT, 'CANCELED')
    return
  }
  state.state = 'CANCELING'
  for (const [task, node] of Object.entries(state.tasks)) {
    if (node.phase === undefined) continue
    if (node.phase !== 'running' || node.waitUntil !== undefined) endTask(turn, task, 'CANCELED')
    else if (!node.stopping) {
      node.stopping = 'canceled'
      turn.actions.push({ kind: 'cancel-attempt', task, attempt: node.attempt!, reason: message })
    }
  }
}

/** Finished tasks stay, unless something that they waited for runs again; attempts go on being counted. */
function retryRun(turn: Turn): void {
  const { state } = turn
  if (!isFinished(state) || state.state === 'SUCCEEDED') return
  const wasEntered = state.tasks[ROOT]!.open !== undefined
  state.tasks[ROOT] = { plan: 0, state: 'PENDING', ...(wasEntered ? { resume: true } : {}) }
  delete state.stop
  delete state.endTime
  delete state.wakeAt
  state.inFlight = 0
  state.queue = { head: 0, items: [] }
  state.timers.length = 0
  startRun(turn)
}

function ringTimers(turn: Turn): void {
  const { timers } = turn.state
  while (timers.length > 0 && timers[0]!.at <= turn.now) {
    const { kind, task, attempt } = takeTimer(timers)!
    if (kind === 'retry') retryDue(turn, task, attempt)
    else if (kind === 'task-timeout') attemptTimedOut(turn, task, attempt)
    else if (kind === 'wait-due') waitDue(turn, task, attempt)
    else stopRun(turn, 'timeout', `the run took longer than ${runTimeout(turn)! / 1000} s`)
  }
}

/** A wake-up that came early is ordered again: timers of hosts reach only some days ahead. */
function announceWake(turn: Turn, always: boolean): void {
  const { state } = turn
  while (state.timers.length > 0 && isOver(state, state.timers[0]!)) takeTimer(state.timers)
  const at = state.timers[0]?.at
  if (at === undefined) delete state.wakeAt
  else if (always || at !== state.wakeAt) {
    state.wakeAt = at
    turn.actions.push({ kind: 'wake-at', at })
  }
}

function isOver(state: RunState, { kind, task, attempt }: Timer): boolean {
  if (kind === 'run-timeout') return state.stop !== undefined
  const node = state.tasks[task]
  const phase = kind === 'retry' ? 'backoff' : 'running'
  return node?.phase !== phase || node.attempt !== attempt || node.stopping !== undefined
}
