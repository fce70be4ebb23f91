/** Why tasks of a cluster's run are not running: from its status, and from its journal. Any replica can tell. Before: cluster-executor.ts. */
import type { KubeClient } from '../../client/kube/client.ts'
import { waitingReasons } from '../../engine/index.ts'
import { createPipelineLoader } from '../../operator/load-pipeline.ts'
import { createSqlRecords } from '../../operator/run-records.ts'
import { replay } from '../../operator/run-session.ts'
import type { PipelineRun } from '../../operator/run-view.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import type { FullPipelineRun } from '../../store/metadata/pipeline-runs.ts'

interface Waiting {
  readonly task: string
  readonly reason: string
}

const ROOT = 'root'

export async function clusterWaiting(
  metadata: Metadata,
  kube: KubeClient,
  row: FullPipelineRun,
  resource: PipelineRun | undefined,
): Promise<readonly Waiting[]> {
  if (!resource) return [{ task: ROOT, reason: 'its PipelineRun is not created yet: the API server was asked' }]
  const { phase, message, attention = [] } = resource.status ?? {}
  if (!phase || phase === 'Pending') return [{ task: ROOT, reason: 'the operator has not looked at it yet' }]
  if (phase === 'Queued' || phase === 'Paused') return [{ task: ROOT, reason: message ?? phase }]
  const stored = await createSqlRecords(metadata).load(row.run_id)
  if (!stored) return []
  const pipeline = createPipelineLoader(kube).fromText(stored.header.pipelineText)
  const { state } = replay({ pipeline, config: stored.header.config, journal: stored.journal })
  // What the cluster says of a pod tells more than that it was ordered.
  const told = new Map(attention.filter((one) => one.state === 'WAITING').map((one) => [one.path, one.message]))
  return waitingReasons(pipeline.program, state, metadata.now()).map(({ task, message: reason }) => ({
    task,
    reason: told.get(task) ?? reason,
  }))
}
