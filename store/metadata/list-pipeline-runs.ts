/** Lists pipeline runs, newest first, those whose resources are gone too. Before: server/native. */
import { sql } from 'kysely'
import type { Db } from './database.ts'
import { afterKey, decodePageToken, encodePageToken, type OrderColumn, orderBy } from './keyset.ts'
import type { FullPipelineRun } from './pipeline-runs.ts'

export interface RunListing {
  /** Undefined: all. */
  readonly namespace: string | undefined
  readonly name?: string | undefined
  readonly pipeline?: string | undefined
  readonly limit: number
  readonly pageToken?: string | undefined
}

const ORDER: readonly OrderColumn[] = [
  { expression: sql.ref('runs.created_at'), descending: true },
  { expression: sql.ref('runs.run_id'), descending: true },
]

/** One page. Rejects with `invalid` for a token of another listing. */
export async function listPipelineRuns(
  db: Db,
  { namespace, name, pipeline, limit, pageToken }: RunListing,
): Promise<{ runs: FullPipelineRun[]; nextPageToken?: string }> {
  const scope = JSON.stringify(['pipeline-runs', namespace, name, pipeline])
  let query = db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .selectAll('pipeline_runs')
    .selectAll('runs')
    .where('runs.kind', '=', 'pipeline')
    .where('runs.lifecycle_stage', '=', 'active')
  if (namespace !== undefined) query = query.where('runs.namespace', '=', namespace)
  if (name) query = query.where('runs.name', '=', name)
  if (pipeline) query = query.where('pipeline_runs.pipeline_name', '=', pipeline)
  if (pageToken) query = query.where(afterKey(ORDER, decodePageToken(pageToken, scope, ORDER.length)))
  const rows = await query
    .orderBy(orderBy(ORDER))
    .limit(limit + 1)
    .execute()
  const runs = rows.slice(0, limit)
  const last = runs.at(-1)
  if (rows.length <= limit || !last) return { runs }
  return { runs, nextPageToken: encodePageToken({ scope, key: [Number(last.created_at), last.run_id] }) }
}
