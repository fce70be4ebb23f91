/** Logged models: what `log_model` makes, before and besides the registry. Before: MLflow API, recorder. */
import { sql } from 'kysely'
import type { Db, Metadata } from './database.ts'
import { notFound } from './errors.ts'
import { type KeyedSearch, keyedSearch, type SearchPlan } from './keyed-search.ts'
import { excluded, type KeyValuePair } from './runs.ts'
import type { LoggedModelMetricRow, LoggedModelRow } from './tables.ts'

export interface LoggedModelData {
  readonly params: KeyValuePair[]
  readonly tags: KeyValuePair[]
  readonly metrics: LoggedModelMetricRow[]
}

export async function insertLoggedModel(
  db: Db,
  model: LoggedModelRow,
  params: readonly KeyValuePair[],
  tags: readonly KeyValuePair[],
): Promise<void> {
  await db.insertInto('logged_models').values(model).execute()
  await upsertModelPairs(db, 'logged_model_params', model.model_id, params)
  await upsertModelPairs(db, 'logged_model_tags', model.model_id, tags)
}

/** Rejects with `not-found`; deleted ones count as missing unless `allowDeleted`. */
export async function getLoggedModel(
  db: Db,
  modelId: string,
  options: { readonly allowDeleted?: boolean; readonly namespace?: string } = {},
): Promise<LoggedModelRow> {
  let query = db.selectFrom('logged_models').selectAll('logged_models').where('model_id', '=', modelId)
  if (options.namespace !== undefined) {
    query = query
      .innerJoin('experiments', 'experiments.experiment_id', 'logged_models.experiment_id')
      .where('experiments.namespace', '=', options.namespace)
  }
  const row = await query.executeTakeFirst()
  if (!row || (row.lifecycle_stage === 'deleted' && !options.allowDeleted)) {
    throw notFound(`Logged model with ID '${modelId}' not found.`)
  }
  return row
}

export async function updateLoggedModel(
  db: Db,
  modelId: string,
  change: Partial<Pick<LoggedModelRow, 'status' | 'status_message' | 'lifecycle_stage'>>,
  now: number,
): Promise<void> {
  await db
    .updateTable('logged_models')
    .set({ ...change, updated_at: now })
    .where('model_id', '=', modelId)
    .execute()
}

export async function upsertModelPairs(
  db: Db,
  table: 'logged_model_params' | 'logged_model_tags',
  modelId: string,
  pairs: readonly KeyValuePair[],
): Promise<void> {
  const last = new Map(pairs.map((pair) => [pair.key, pair.value]))
  if (last.size === 0) return
  await db
    .insertInto(table)
    .values([...last].map(([key, value]) => ({ model_id: modelId, key, value })))
    .onConflict((conflict) => conflict.columns(['model_id', 'key']).doUpdateSet({ value: excluded<string>('value') }))
    .execute()
}

export async function deleteModelTag(db: Db, modelId: string, key: string): Promise<void> {
  const gone = await db
    .deleteFrom('logged_model_tags')
    .where('model_id', '=', modelId)
    .where('key', '=', key)
    .returning('key')
    .execute()
  if (gone.length === 0) throw notFound(`No tag with key '${key}' found for model with ID '${modelId}'.`)
}

/** Parameters, tags and metrics of several logged models, by id. */
export async function loadModelData(db: Db, ids: readonly string[]): Promise<Map<string, LoggedModelData>> {
  const byId = new Map<string, LoggedModelData>(ids.map((id) => [id, { params: [], tags: [], metrics: [] }]))
  if (ids.length === 0) return byId
  const params = await db.selectFrom('logged_model_params').selectAll().where('model_id', 'in', ids).execute()
  for (const { model_id, key, value } of params) byId.get(model_id)!.params.push({ key, value })
  const tags = await db.selectFrom('logged_model_tags').selectAll().where('model_id', 'in', ids).execute()
  for (const { model_id, key, value } of tags) byId.get(model_id)!.tags.push({ key, value })
  const metrics = await db.selectFrom('logged_model_metrics').selectAll().where('model_id', 'in', ids).execute()
  for (const row of metrics) byId.get(row.model_id)!.metrics.push(row)
  return byId
}

const joins = sql<boolean>`kv.model_id = m.model_id`

/** What the search over logged models may name. */
export const LOGGED_MODEL_SEARCH: SearchPlan = {
  from: sql`logged_models as m`,
  columns: sql`m.*`,
  attributes: {
    name: sql.ref('m.name'),
    model_id: sql.ref('m.model_id'),
    model_type: sql`coalesce(m.model_type, '')`,
    status: sql.ref('m.status'),
    source_run_id: sql`coalesce(m.source_run_id, '')`,
    artifact_location: sql.ref('m.artifact_uri'),
    experiment_id: sql.ref('m.experiment_id'),
    creation_timestamp: sql.ref('m.created_at'),
    last_updated_timestamp: sql.ref('m.updated_at'),
  },
  pairs: {
    tag: { table: 'logged_model_tags', joins },
    param: { table: 'logged_model_params', joins },
    metric: {
      ...{ table: 'logged_model_metrics', joins, only: sql<boolean>`kv.is_nan = 0` },
      lastFirst: sql`kv.timestamp desc, kv.step desc, kv.run_id`,
    },
  },
  tieBreak: [{ expression: sql.ref('m.created_at'), descending: true }, { expression: sql.ref('m.model_id') }],
}

export async function searchLoggedModels(
  metadata: Metadata,
  search: KeyedSearch,
): Promise<{ rows: LoggedModelRow[]; nextPageToken?: string }> {
  return await keyedSearch<LoggedModelRow>(metadata, LOGGED_MODEL_SEARCH, search)
}
