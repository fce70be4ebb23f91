/** Records that are open though their runs are over: the database was away at the end, or was put back from a backup of before. */
import { isFinalPhase, type PipelineRunStatus } from '../api/pipeline-run.ts'
import type { RunReport } from '../api/run-report.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isFinished, report } from '../engine/index.ts'
import type { PipelineLoader } from './load-pipeline.ts'
import { lookNowAndThen } from './now-and-then.ts'
import { replay } from './replay.ts'
import type { RunRecords } from './run-records.ts'
import type { PipelineRun, RunView } from './run-view.ts'

export interface OpenRecordsOptions {
  readonly kube: Pick<KubeClient, 'get'>
  readonly loader: Pick<PipelineLoader, 'fromText'>
  readonly records: Pick<RunRecords, 'openRuns' | 'load' | 'owns' | 'record'>
  /** Runs that are over by their resources. */
  readonly ended: readonly RunView[]
}

const EVERY_MILLIS = 300_000

/**
 * Looks at once, and then now and then. What is open at a later look is closed at the one after it: just before a run is tried
 * again, its record says so already.
 */
export async function watchForOpenRecords({
  ended,
  isStopped,
  onTrouble,
  ...ports
}: Omit<OpenRecordsOptions, 'ended'> & {
  readonly ended: () => readonly RunView[]
  readonly isStopped: () => boolean
  readonly onTrouble: (error: unknown) => void
}): Promise<void> {
  let suspects: ReadonlySet<string> | undefined
  const look = async (): Promise<void> => {
    suspects = await closeOpenRecords({ ...ports, ended: ended() }, suspects)
  }
  await lookNowAndThen({ look, everyMillis: EVERY_MILLIS, isStopped, onTrouble })
}

/**
 * The journal tells how a run went; where it ends too early, the resource tells how it ended. Nothing is carried out again.
 *
 * @param suspects ids of the runs that may be closed; without it, all
 * @returns ids of runs that are over and whose records were open
 */
export async function closeOpenRecords(
  { kube, loader, records, ended }: OpenRecordsOptions,
  suspects?: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const open = new Set(await records.openRuns())
  const over = ended.filter(({ runId }) => open.has(runId))
  for (const view of over) {
    if ((suspects && !suspects.has(view.runId)) || !(await records.owns(view))) continue
    const { metadata, status } = await kube.get<PipelineRun>(PIPELINE_RUNS, view.namespace, view.name)
    // Another run of the same name by now, or one that is tried again.
    if (metadata.uid !== view.uid || metadata.generation !== view.generation || !isFinalPhase(status?.phase)) continue
    const stored = await records.load(view.runId)
    const past = stored && stored.journal.length > 0 ? replay(loader, stored) : undefined
    const isWhole = past !== undefined && isFinished(past.state)
    await records.record(isWhole ? report(past.program, past.state) : reportOf(view, status!))
  }
  return new Set(over.map(({ runId }) => runId))
}

/** What the resource knows: how the run ended. Of the tasks after the last journal record nothing is known. */
function reportOf({ runId, pipelineName = '' }: RunView, status: PipelineRunStatus): RunReport {
  const { phase, message = '', outputs = {} } = status
  const end = { runId, pipeline: pipelineName, outputs, tasks: [] }
  if (phase === 'Succeeded') return { ...end, state: 'SUCCEEDED' }
  if (phase === 'Canceled') return { ...end, state: 'CANCELED', error: { code: 'canceled', message } }
  return { ...end, state: 'FAILED', error: { code: 'task-failed', message } }
}
