/** From the stored journal of a run of the cluster to its state; actions of the past are not carried out again. */
import { advance, begin, type Program, type RunState, type Step } from '../engine/index.ts'
import type { JournalRecord, RunConfig } from '../engine/types.ts'
import type { PipelineLoader } from './load-pipeline.ts'
import type { RunHeader } from './run-records.ts'

type OnRecord = (record: JournalRecord, step: Step) => void

export function replay(
  loader: Pick<PipelineLoader, 'fromText'>,
  { header, journal }: { readonly header: RunHeader; readonly journal: readonly JournalRecord[] },
  onRecord?: OnRecord,
): { readonly program: Program; readonly state: RunState } {
  const { program } = loader.fromText(header.pipelineText)
  return { program, state: stateAfter(program, header.config, journal, onRecord) }
}

export function stateAfter(
  program: Program,
  config: RunConfig,
  journal: readonly JournalRecord[],
  onRecord?: OnRecord,
): RunState {
  let state = begin(program, config)
  for (const record of journal) {
    const step = advance(program, state, record.event, record.at)
    state = step.state
    onRecord?.(record, step)
  }
  return state
}
