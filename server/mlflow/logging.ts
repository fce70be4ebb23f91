/** MLflow's endpoints that log to a run, and the history of metrics. Before: index.ts. After: store/metadata/log-batch.ts. */
import { invalid } from '../../store/metadata/errors.ts'
import { logBatch, type MetricPoint } from '../../store/metadata/log-batch.ts'
import { metricHistory } from '../../store/metadata/run-data.ts'
import { getRun, deleteTag as removeTag, requireActiveRun, updateRun, upsertTags } from '../../store/metadata/runs.ts'
import { checkKey, type Fields, MAX_PARAM_LENGTH, MAX_TAG_LENGTH, readPair } from './fields.ts'
import { pageLimit } from './paging.ts'
import type { Call, Route } from './route.ts'
import { runIdOf, withRun } from './run-scope.ts'
import { type Json, metricJson } from './wire.ts'

const MAX_METRICS = 1000
const MAX_PARAMS = 100
const MAX_TAGS = 100
const MAX_ENTITIES = 1000

function readMetric(fields: Fields): MetricPoint {
  const key = fields.text('key') ?? ''
  checkKey(key)
  const timestamp = fields.integer('timestamp')
  if (timestamp === undefined) throw invalid(`Missing value for required parameter 'timestamp' of metric '${key}'.`)
  return {
    key,
    value: fields.float('value'),
    timestamp,
    step: fields.integer('step') ?? 0,
    modelId: fields.text('model_id', 100) || undefined,
    datasetName: fields.text('dataset_name', 500) || undefined,
    datasetDigest: fields.text('dataset_digest', 36) || undefined,
  }
}

const logMetric = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  await logBatch(db, row.run_id, { metrics: [readMetric(fields)] })
  return {}
})

const logParameter = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  await logBatch(db, row.run_id, { params: [readPair(fields, MAX_PARAM_LENGTH, 'cut')] })
  return {}
})

const logWhole = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  const metrics = fields.objects('metrics')
  const params = fields.objects('params')
  const tags = fields.objects('tags')
  checkCount('metrics', metrics.length, MAX_METRICS)
  checkCount('params', params.length, MAX_PARAMS)
  checkCount('tags', tags.length, MAX_TAGS)
  checkCount('metrics, params, and tags', metrics.length + params.length + tags.length, MAX_ENTITIES)
  const batch = {
    metrics: metrics.map(readMetric),
    params: params.map((pair) => readPair(pair, MAX_PARAM_LENGTH, 'cut')),
    tags: tags.map((pair) => readPair(pair, MAX_TAG_LENGTH, 'cut')),
  }
  await logBatch(db, row.run_id, batch)
  const name = batch.tags.findLast((tag) => tag.key === 'mlflow.runName')?.value
  if (name) await updateRun(db, row.run_id, { name })
  return {}
})

function checkCount(what: string, count: number, largest: number): void {
  if (count > largest) throw invalid(`A batch logging request can contain at most ${largest} ${what}. Got ${count}.`)
}

const setTag = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  const tag = readPair(fields, MAX_TAG_LENGTH, 'cut')
  await upsertTags(db, row.run_id, [tag])
  if (tag.key === 'mlflow.runName' && tag.value) await updateRun(db, row.run_id, { name: tag.value })
  return {}
})

const deleteTag = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  await removeTag(db, row.run_id, fields.required('key'))
  return {}
})

const HISTORY_TAG = 'mlflow.log-model.history'

/** What 2.x clients send after they logged a model: kept as a list in a tag, as they look for it. */
const logModel = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  const model = parseModel(fields.required('model_json'))
  const stored = await db
    .selectFrom('tags')
    .select('value')
    .where('run_id', '=', row.run_id)
    .where('key', '=', HISTORY_TAG)
    .executeTakeFirst()
  const history = stored ? listOf(stored.value) : []
  await upsertTags(db, row.run_id, [{ key: HISTORY_TAG, value: JSON.stringify([...history, model]) }])
  return {}
})

/** The tag can be set by anyone; what is no list counts as empty. */
function listOf(text: string): unknown[] {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list : []
  } catch {
    return []
  }
}

function parseModel(text: string): object {
  let model: unknown
  try {
    model = JSON.parse(text)
  } catch {
    throw invalid("Malformed model info: 'model_json' is not valid JSON")
  }
  if (typeof model !== 'object' || model === null || Array.isArray(model)) {
    throw invalid("Malformed model info: 'model_json' must be an object")
  }
  for (const field of ['artifact_path', 'flavors', 'utc_time_created', 'run_id']) {
    if (!Object.hasOwn(model, field)) throw invalid(`Malformed model info: it must have '${field}'`)
  }
  return model
}

async function history({ services, caller, fields }: Call): Promise<Json> {
  const row = await getRun(services.metadata.db, runIdOf(fields), caller.reads)
  const key = fields.required('metric_key')
  const limit = fields.has('max_results') ? pageLimit(fields, 25_000, 25_000) : undefined
  const token = fields.text('page_token') || undefined
  const { metrics, nextPageToken } = await metricHistory(services.metadata.db, row.run_id, key, { limit, token })
  const found = metrics.map(metricJson)
  return { ...(found.length > 0 && { metrics: found }), ...(nextPageToken && { next_page_token: nextPageToken }) }
}

const MAX_BULK_RUNS = 100

async function bulkHistory({ services, caller, fields }: Call): Promise<Json> {
  const ids = [...new Set([...fields.texts('run_id'), ...fields.texts('run_ids')])]
  if (ids.length === 0) throw invalid('GetMetricHistoryBulk request must specify at least one run_id.')
  if (ids.length > MAX_BULK_RUNS) throw invalid(`At most ${MAX_BULK_RUNS} run_ids are allowed, got ${ids.length}`)
  const limit = pageLimit(fields, 25_000, 25_000)
  const startStep = fields.integer('start_step')
  const endStep = fields.integer('end_step')
  let query = services.metadata.db
    .selectFrom('metrics')
    .innerJoin('runs', 'runs.run_id', 'metrics.run_id')
    .selectAll('metrics')
    .where('metrics.run_id', 'in', ids)
    .where('metrics.key', '=', fields.required('metric_key'))
  if (caller.reads !== undefined) query = query.where('runs.namespace', '=', caller.reads)
  if (startStep !== undefined) query = query.where('metrics.step', '>=', startStep)
  if (endStep !== undefined) query = query.where('metrics.step', '<=', endStep)
  const rows = await query
    .orderBy('metrics.run_id')
    .orderBy('metrics.timestamp')
    .orderBy('metrics.step')
    .orderBy('metrics.value')
    .limit(limit)
    .execute()
  const metrics = rows.map((row) => ({ ...metricJson(row), run_id: row.run_id }))
  return metrics.length > 0 ? { metrics } : {}
}

export const LOGGING_ROUTES: readonly Route[] = [
  { method: 'POST', path: 'runs/log-metric', verb: 'update', resource: 'runs', handle: logMetric },
  { method: 'POST', path: 'runs/log-parameter', verb: 'update', resource: 'runs', handle: logParameter },
  { method: 'POST', path: 'runs/log-batch', verb: 'update', resource: 'runs', handle: logWhole },
  { method: 'POST', path: 'runs/set-tag', verb: 'update', resource: 'runs', handle: setTag },
  { method: 'POST', path: 'runs/delete-tag', verb: 'update', resource: 'runs', handle: deleteTag },
  { method: 'POST', path: 'runs/log-model', verb: 'update', resource: 'runs', handle: logModel },
  { method: 'GET', path: 'metrics/get-history', verb: 'get', resource: 'runs', handle: history },
  { method: 'GET', path: 'metrics/get-history-bulk', verb: 'get', resource: 'runs', handle: bulkHistory },
  { method: 'GET', path: 'metrics/get-history-bulk-interval', verb: 'get', resource: 'runs', handle: bulkHistory },
]
