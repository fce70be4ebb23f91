/** What a run tells whoever watches it: the terminal, a log, a test. */
import type { Program, RunState } from '../engine/index.ts'
import type { Action, JournalRecord } from '../engine/types.ts'
import type { RunPaths } from '../store/run-folder.ts'

export interface RunObserver {
  /** The run is laid out and about to start or go on. */
  readonly onBegin?: (program: Program, state: RunState, paths: RunPaths) => void
  readonly onStep?: (records: readonly JournalRecord[], actions: readonly Action[], state: RunState) => void
  readonly onWarning?: (message: string) => void
}
