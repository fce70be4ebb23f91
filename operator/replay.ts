/** From the stored journal of a run of the cluster to its state. */
import { advance, begin, type Program, type RunState, type Step } from '../engine/index.ts'
import type { JournalRecord } from '../engine/types.ts'
import type { PipelineLoader } from './load-pipeline.ts'
import type { RunHeader } from './run-records.ts'

export function replay(
  loader: Pick<PipelineLoader, 'fromText'>,
  { header, journal }: { readonly header: RunHeader; readonly journal: readonly JournalRecord[] },
  onRecord?: (record: JournalRecord, step: Step) => void,
): { readonly program: Program; readonly state: RunState } {
  const { program } = loader.fromText(header.pipelineText)
  let state = begin(program, header.config)
  for (const record of journal) {
    const step = advance(program, state, record.event, record.at)
    state = step.state
    onRecord?.(record, step)
  }
  return { program, state }
}
