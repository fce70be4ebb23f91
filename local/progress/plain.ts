/** Progress as lines, one an event: for pipes, logs and CI. */
import { describeWait, type Program, type RunState } from '../../engine/index.ts'
import type { Action, AttemptResult, JournalRecord } from '../../engine/types.ts'
import type { RunObserver } from '../observer.ts'
import { formatDuration } from './terminal.ts'

/** @param write gets one line without its end */
export function plainProgress(write: (line: string) => void): RunObserver {
  const startedAt = new Map<string, number>()
  let firstAt: number | undefined
  let timeWaits: ((state: RunState) => readonly string[]) | undefined
  return {
    onBegin: (program, _state, paths) => {
      write(`run ${paths.folder.split('/').at(-1)}  (${paths.folder})`)
      timeWaits = newTimeWaits(program)
    },
    onStep: (records, actions, state) => {
      for (const record of records) {
        firstAt ??= record.at
        const line = describeRecord(record, startedAt)
        if (line) write(`[${formatDuration(record.at - firstAt).padStart(6)}] ${line}`)
      }
      const now = records.at(-1)?.at ?? 0
      const waits = [...actions.flatMap(describeWaitFor), ...(timeWaits?.(state) ?? [])]
      for (const line of waits) write(`[${formatDuration(now - (firstAt ?? now)).padStart(6)}] ${line}`)
      rememberStarts(actions, startedAt, now)
    },
    onWarning: (message) => write(`warning: ${message}`),
  }
}

function rememberStarts(actions: readonly Action[], startedAt: Map<string, number>, at: number): void {
  for (const action of actions)
    if (action.kind === 'start-attempt' || action.kind === 'wait-for') startedAt.set(action.task, at)
}

function describeWaitFor(action: Action): string[] {
  return action.kind === 'wait-for' ? [`${shortPath(action.task)}  waits for ${describeWait(action.wait.request)}`] : []
}

/** Waits for a time are between the engine and the clock: they show in the state only. */
function newTimeWaits(program: Program): ((state: RunState) => readonly string[]) | undefined {
  if (!program.tasks.some(({ component }) => component.leaf?.wait === 'time')) return undefined
  const told = new Set<string>()
  return (state) =>
    Object.entries(state.tasks).flatMap(([task, { waitUntil }]) => {
      if (waitUntil === undefined || told.has(task)) return []
      told.add(task)
      return [`${shortPath(task)}  waits until ${new Date(waitUntil).toISOString()}`]
    })
}

function describeRecord({ at, event }: JournalRecord, startedAt: Map<string, number>): string | undefined {
  switch (event.kind) {
    case 'attempt-started':
      return `${shortPath(event.task)}  started`
    case 'attempt-finished':
      return `${shortPath(event.task)}  ${describeResult(event.result, at - (startedAt.get(event.task) ?? at))}`
    case 'wait-seen':
      return `${shortPath(event.task)}  ${event.message}`
    case 'cache-answered':
      return event.answer.hit ? `${shortPath(event.task)}  cached (from run ${event.answer.sourceRunId})` : undefined
    case 'reuse-answered':
      return event.answer.hit ? `${shortPath(event.task)}  reused (from run ${event.answer.sourceRunId})` : undefined
    case 'cancel-requested':
      return `canceling: ${event.reason}`
    case 'retry-requested':
      return 'running what failed again'
    default:
      return undefined
  }
}

function describeResult(result: AttemptResult, millis: number): string {
  if (result.outcome === 'succeeded') return `succeeded in ${formatDuration(millis)}`
  if (result.outcome === 'canceled') return 'canceled'
  return `failed (${result.failure.cause}): ${result.failure.message}`
}

/** Without the word `root` that begins every path. */
export function shortPath(task: string): string {
  return task.replace(/^root\//, '')
}
