/** From the journal of a run of this machine to its state. */
import { advance, begin, type Program, prepare, type RunState } from '../engine/index.ts'
import type { JournalRecord, RunConfig } from '../engine/types.ts'
import { readJournal } from '../store/journal.ts'
import type { RunManifest, RunPaths } from '../store/run-folder.ts'

/** The state that a run's journal leads to. */
export async function replay(
  paths: RunPaths,
  manifest: RunManifest<RunConfig>,
  onRecord?: (record: JournalRecord, step: ReturnType<typeof advance>) => void,
): Promise<{ program: Program; state: RunState; config: RunConfig }> {
  const program = prepare(manifest.document)
  let state = begin(program, manifest.config)
  for await (const record of readJournal<JournalRecord>(paths.journal)) {
    const step = advance(program, state, record.event, record.at)
    state = step.state
    onRecord?.(record, step)
  }
  return { program, state, config: manifest.config }
}
