/** Progress as lines, one an event: for pipes, logs and CI. */
import type { Action, AttemptResult, JournalRecord } from '../../engine/types.ts'
import type { RunObserver } from '../observer.ts'
import { formatDuration } from './terminal.ts'

/** @param write gets one line without its end */
export function plainProgress(write: (line: string) => void): RunObserver {
  const startedAt = new Map<string, number>()
  let firstAt: number | undefined
  return {
    onBegin: (_program, _state, paths) => write(`run ${paths.folder.split('/').at(-1)}  (${paths.folder})`),
    onStep: (records, actions) => {
      for (const record of records) {
        firstAt ??= record.at
        const line = describeRecord(record, startedAt)
        if (line) write(`[${formatDuration(record.at - firstAt).padStart(6)}] ${line}`)
      }
      rememberStarts(actions, startedAt, records.at(-1)?.at ?? 0)
    },
    onWarning: (message) => write(`warning: ${message}`),
  }
}

function rememberStarts(actions: readonly Action[], startedAt: Map<string, number>, at: number): void {
  for (const action of actions) if (action.kind === 'start-attempt') startedAt.set(action.task, at)
}

function describeRecord({ at, event }: JournalRecord, startedAt: Map<string, number>): string | undefined {
  switch (event.kind) {
    case 'attempt-started':
      return `${shortPath(event.task)}  started`
    case 'attempt-finished':
      return `${shortPath(event.task)}  ${describeResult(event.result, at - (startedAt.get(event.task) ?? at))}`
    case 'cache-answered':
      return event.answer.hit ? `${shortPath(event.task)}  cached (from run ${event.answer.sourceRunId})` : undefined
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
