/** Where a run of this machine stands, from its journal: report, attempts with their ends, and why tasks wait. Before: cli describe. */
import type { RunReport } from '../api/run-report.ts'
import { report, type WaitingReason, waitingReasons } from '../engine/index.ts'
import type { AttemptResult, RunConfig } from '../engine/types.ts'
import { type RunManifest, runPaths } from '../store/run-folder.ts'
import { replay } from './replay.ts'
import { manifestOf } from './run.ts'

/** One attempt as the journal tells it. */
export interface AttemptStory {
  readonly task: string
  readonly attempt: number
  /** Epoch milliseconds. */
  readonly startedAt?: number
  readonly endedAt?: number
  readonly result?: AttemptResult
}

export interface LocalRunStory {
  readonly manifest: RunManifest<RunConfig>
  readonly report: RunReport
  readonly startedAt: number
  readonly endedAt?: number
  readonly attempts: readonly AttemptStory[]
  readonly waiting: readonly WaitingReason[]
}

/** @throws InvalidInputError when there is no such run */
export async function replayedReport(root: string, runId: string): Promise<LocalRunStory> {
  const paths = runPaths(root, runId)
  const manifest = await manifestOf(root, runId)
  const attempts = new Map<string, AttemptStory>()
  const { program, state } = await replay(paths, manifest, ({ at, event }, { actions }) => {
    for (const action of actions)
      if (action.kind === 'start-attempt') {
        const { task, attempt } = action
        attempts.set(`${task}#${attempt}`, { task, attempt })
      }
    if (event.kind !== 'attempt-started' && event.kind !== 'attempt-finished') return
    const key = `${event.task}#${event.attempt}`
    const known = attempts.get(key)
    if (!known || known.result) return
    if (event.kind === 'attempt-started') attempts.set(key, { ...known, startedAt: known.startedAt ?? at })
    else attempts.set(key, { ...known, endedAt: at, result: event.result })
  })
  return {
    manifest,
    report: report(program, state),
    startedAt: state.startTime ?? manifest.config.createTime,
    ...(state.endTime === undefined ? {} : { endedAt: state.endTime }),
    attempts: [...attempts.values()],
    waiting: waitingReasons(program, state, Date.now()),
  }
}
