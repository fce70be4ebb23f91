/** Records that are open though their runs are over: the database was away at the end, or was put back from a backup of before. */
import { isFinalPhase, type PipelineRunStatus } from '../api/pipeline-run.ts'
import type { RunReport } from '../api/run-report.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { isFinished, report } from '../engine/index.ts'
import type { PipelineLoader } from './load-pipeline.ts'
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

/** The journal tells how a run went; where it ends too early, the resource tells how it ended. Nothing is carried out again. */
export async function closeOpenRecords({ kube, loader, records, ended }: OpenRecordsOptions): Promise<void> {
  const open = new Set(await records.openRuns())
  for (const view of ended) {
    if (!open.has(view.runId) || !(await records.owns(view))) continue
    const { metadata, status } = await kube.get<PipelineRun>(PIPELINE_RUNS, view.namespace, view.name)
    // Another run of the same name by now, or one that is tried again.
    if (metadata.uid !== view.uid || metadata.generation !== view.generation || !isFinalPhase(status?.phase)) continue
    const stored = await records.load(view.runId)
    const past = stored && stored.journal.length > 0 ? replay(loader, stored) : undefined
    const isWhole = past !== undefined && isFinished(past.state)
    await records.record(isWhole ? report(past.program, past.state) : reportOf(view, status!))
  }
}

/** What the resource knows: how the run ended. Of the tasks after the last journal record nothing is known. */
function reportOf({ runId, pipelineName = '' }: RunView, status: PipelineRunStatus): RunReport {
  const { phase, message = '', outputs = {} } = status
  const end = { runId, pipeline: pipelineName, outputs, tasks: [] }
  if (phase === 'Succeeded') return { ...end, state: 'SUCCEEDED' }
  if (phase === 'Canceled') return { ...end, state: 'CANCELED', error: { code: 'canceled', message } }
  return { ...end, state: 'FAILED', error: { code: 'task-failed', message } }
}
