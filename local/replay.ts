/** From the journal of a run of this machine to its state. */
import { advance, begin, isFinished, type Program, prepare, type RunState } from '../engine/index.ts'
import type { JournalRecord, RunConfig, RunEvent } from '../engine/types.ts'
import { readJournal } from '../store/journal.ts'
import type { RunManifest, RunPaths } from '../store/run-folder.ts'

export interface Replayed {
  readonly program: Program
  readonly state: RunState
  /** Time of the last record; 0 without any. */
  readonly lastAt: number
}

/** The state that a run's journal leads to. */
export async function replay(
  paths: RunPaths,
  manifest: RunManifest<RunConfig>,
  onRecord?: (record: JournalRecord, step: ReturnType<typeof advance>) => void,
): Promise<Replayed> {
  const program = prepare(manifest.document)
  let state = begin(program, manifest.config)
  let lastAt = 0
  for await (const record of readJournal<JournalRecord>(paths.journal)) {
    const step = advance(program, state, record.event, record.at)
    state = step.state
    lastAt = record.at
    onRecord?.(record, step)
  }
  return { program, state, lastAt }
}

/** What a run is told first when it goes on. */
export function firstEvent({ state, lastAt }: Replayed): RunEvent {
  // A kill came between the manifest and the first record.
  if (state.state === 'PENDING') return { kind: 'started' }
  return isFinished(state) ? { kind: 'retry-requested' } : { kind: 'resumed', since: lastAt }
}
