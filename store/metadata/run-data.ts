/** Reads what runs logged, for a page of runs at once. Before: MLflow API, UI, comparison views. */

import { sql } from 'kysely'
import type { Db } from './database.ts'
import { afterKey, decodePageToken, encodePageToken, orderBy } from './keyset.ts'
import type { KeyValuePair } from './runs.ts'
import type { DatasetRow, LatestMetricRow, MetricRow } from './tables.ts'

export interface DatasetInput {
  readonly dataset: DatasetRow
  readonly tags: readonly KeyValuePair[]
}

export interface RunData {
  readonly metrics: LatestMetricRow[]
  readonly params: KeyValuePair[]
  readonly tags: KeyValuePair[]
  readonly datasets: DatasetInput[]
  readonly modelInputs: { model_id: string }[]
  readonly modelOutputs: { model_id: string; step: number }[]
}

/** Ids in one IN list; keeps statements few and below the parameter limits. */
const CHUNK = 500

/** What each run logged, by run id. Every id asked for is in the map. */
export async function loadRunData(db: Db, runIds: readonly string[]): Promise<Map<string, RunData>> {
  const byRun = new Map<string, RunData>()
  for (const id of runIds) {
    byRun.set(id, { metrics: [], params: [], tags: [], datasets: [], modelInputs: [], modelOutputs: [] })
  }
  for (let start = 0; start < runIds.length; start += CHUNK) {
    await loadChunk(db, runIds.slice(start, start + CHUNK), byRun)
  }
  return byRun
}

async function loadChunk(db: Db, ids: readonly string[], byRun: Map<string, RunData>): Promise<void> {
  const metrics = await db.selectFrom('latest_metrics').selectAll().where('run_id', 'in', ids).orderBy('key').execute()
  for (const row of metrics) byRun.get(row.run_id)!.metrics.push(row)
  const params = await db.selectFrom('params').selectAll().where('run_id', 'in', ids).orderBy('key').execute()
  for (const { run_id, key, value } of params) byRun.get(run_id)!.params.push({ key, value })
  const tags = await db.selectFrom('tags').selectAll().where('run_id', 'in', ids).orderBy('key').execute()
  for (const { run_id, key, value } of tags) byRun.get(run_id)!.tags.push({ key, value })
  const models = await db.selectFrom('run_models').selectAll().where('run_id', 'in', ids).orderBy('step').execute()
  for (const { run_id, model_id, direction, step } of models) {
    if (direction === 'input') byRun.get(run_id)!.modelInputs.push({ model_id })
    else byRun.get(run_id)!.modelOutputs.push({ model_id, step })
  }
  await loadDatasets(db, ids, byRun)
}

async function loadDatasets(db: Db, ids: readonly string[], byRun: Map<string, RunData>): Promise<void> {
  const inputs = await db
    .selectFrom('run_datasets')
    .innerJoin('datasets', 'datasets.dataset_id', 'run_datasets.dataset_id')
    .selectAll('datasets')
    .select('run_datasets.run_id')
    .where('run_datasets.run_id', 'in', ids)
    .orderBy('datasets.name')
    .execute()
  if (inputs.length === 0) return
  const tags = await db.selectFrom('run_dataset_tags').selectAll().where('run_id', 'in', ids).orderBy('key').execute()
  for (const { run_id, ...dataset } of inputs) {
    const own = tags.filter((tag) => tag.run_id === run_id && tag.dataset_id === dataset.dataset_id)
    byRun.get(run_id)!.datasets.push({ dataset, tags: own.map(({ key, value }) => ({ key, value })) })
  }
}

/** One page of the history of a metric, in the order (timestamp, step, value). */
export async function metricHistory(
  db: Db,
  runId: string,
  key: string,
  page: { readonly limit?: number | undefined; readonly token?: string | undefined },
): Promise<{ metrics: MetricRow[]; nextPageToken?: string }> {
  const order = ['timestamp', 'step', 'value', 'is_nan'].map((column) => ({ expression: sql.ref(column) }))
  const scope = `history:${runId}:${key}`
  let query = db.selectFrom('metrics').selectAll().where('run_id', '=', runId).where('key', '=', key)
  if (page.token) query = query.where(afterKey(order, decodePageToken(page.token, scope, order.length)))
  if (page.limit !== undefined) query = query.limit(page.limit + 1)
  const rows = await query.orderBy(orderBy(order)).execute()
  if (page.limit === undefined || rows.length <= page.limit) return { metrics: rows }
  const metrics = rows.slice(0, page.limit)
  const last = metrics.at(-1)!
  const nextPageToken = encodePageToken({ scope, key: [last.timestamp, last.step, last.value, last.is_nan] })
  return { metrics, nextPageToken }
}
