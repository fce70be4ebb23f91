/** The clocks of a run when it goes on after a stop, or gets other limits. Before: advance.ts. */
import { attemptTimeout } from './launch.ts'
import type { Timer } from './run-state.ts'
import { addTimer } from './timers.ts'
import { planOf, ROOT } from './tree.ts'
import { attemptInFlight, type Turn } from './turn.ts'
import type { Instant, RunSettings } from './types.ts'
import { isWait } from './waits.ts'

/** What the run was started with, else what the author wrote into the pipeline. */
export function runTimeout({ program, state }: Turn): number | undefined {
  const seconds = Number(program.document.platform?.platforms.kubernetes?.pipelineConfig?.activeDeadlineSeconds ?? 0)
  return state.config.timeoutMillis ?? (seconds > 0 ? seconds * 1000 : undefined)
}

/**
 * The run stood still: its deadline is later by that time. Whether a step did will be told; one that starts again has all its time.
 * Waits go on, as what they wait for did.
 */
export function goOn(turn: Turn, since: Instant): void {
  const { timers, tasks } = turn.state
  const away = Math.max(0, turn.now - since)
  for (const timer of timers.splice(0)) {
    const node = timer.kind === 'task-timeout' ? stepOf(turn, timer) : undefined
    if (node) node.deadline = timer.at
    else addTimer(timers, timer.kind === 'run-timeout' ? { ...timer, at: timer.at + away } : timer)
  }
  for (const node of Object.values(tasks)) if (node.started && !node.stopping) delete node.started
}

/** Limits count from when they would have counted had they been these from the start; one that there was not, from now. */
export function changeSettings(turn: Turn, settings: RunSettings): void {
  const { state } = turn
  const before = state.config
  const runBefore = runTimeout(turn)
  state.config = { ...before, ...settings }
  const runNow = runTimeout(turn)
  if (state.startTime === undefined || state.endTime !== undefined) return
  const moved = (timer: Timer): number => {
    if (timer.kind === 'run-timeout') return runNow! - runBefore!
    const node = timer.kind === 'task-timeout' ? stepOf(turn, timer) : undefined
    if (!node) return 0
    const plan = planOf(turn, node)
    return attemptTimeout(plan, state.config)! - attemptTimeout(plan, before)!
  }
  for (const timer of state.timers.splice(0)) addTimer(state.timers, { ...timer, at: timer.at + moved(timer) })
  if (runBefore === undefined && runNow !== undefined)
    addTimer(state.timers, { at: turn.now + runNow, kind: 'run-timeout', task: ROOT, attempt: 0 })
}

/** The step, with an attempt in flight, whose time a timer measures. */
function stepOf(turn: Turn, { task, attempt }: Timer) {
  const node = attemptInFlight(turn, task, attempt)
  return node && !isWait(turn, node) ? node : undefined
}
