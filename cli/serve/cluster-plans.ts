/** What a server beside the operator answers from journals: dry runs, and what the cache said. Before: cluster-executor.ts. */
import type { CacheExplanation } from '../../api/cache-explanation.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import type { PlannedTask, PlanRequest } from '../../client/server-api.ts'
import { explainCache } from '../../operator/explain-cache.ts'
import { foreseeRetry, foreseeRun } from '../../operator/foresee.ts'
import { createPipelineLoader } from '../../operator/load-pipeline.ts'
import { findRecord, operatorPart } from '../../operator/run-header.ts'
import { createSqlRecords } from '../../operator/run-records.ts'
import type { RunStore } from '../../operator/run-store.ts'
import { HttpError } from '../../server/problem.ts'
import type { Metadata } from '../../store/metadata/database.ts'

export interface ClusterPlans {
  explainCache(runId: string): Promise<readonly CacheExplanation[] | undefined>
  foreseeRetry(runId: string): Promise<readonly PlannedTask[] | undefined>
  foresee(request: PlanRequest): Promise<readonly PlannedTask[]>
}

export function clusterPlans(metadata: Metadata, kube: KubeClient, store: RunStore): ClusterPlans {
  const parts = {
    records: createSqlRecords(metadata),
    loader: createPipelineLoader(kube),
    store,
    now: () => metadata.now(),
  }
  return {
    explainCache: (runId) => explainCache(parts, runId),
    foreseeRetry: (runId) => foreseeRetry(parts, runId),
    async foresee({ reuse, cache, ...run }) {
      const earlier = reuse === undefined ? undefined : await findRecord(metadata.db, reuse)
      const part = earlier && operatorPart(earlier)
      // A result is reused within its namespace only.
      if (reuse !== undefined && part?.namespace !== run.namespace)
        throw new HttpError(404, `Run ${reuse} is not in namespace '${run.namespace}'`)
      const reused = part ? { runId: reuse!, runName: part.config.runName } : undefined
      return await foreseeRun(parts, { ...run, cache: cache !== false, reuse: reused })
    },
  }
}
