/** MLflow's logged-model endpoints. Before: index.ts. After: store/metadata/logged-models.ts. */
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { type DatasetFilter, measuredOn, type OrderItem } from '../../store/metadata/conditions.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { parseExperimentId, requireActive } from '../../store/metadata/experiments.ts'
import {
  deleteModelTag,
  getLoggedModel,
  insertLoggedModel,
  loadModelData,
  searchLoggedModels,
  updateLoggedModel,
  upsertModelPairs,
} from '../../store/metadata/logged-models.ts'
import { getRun } from '../../store/metadata/runs.ts'
import type { LoggedModelRow } from '../../store/metadata/tables.ts'
import type { Caller } from '../context.ts'
import { artifactPathOf } from './artifact-uri.ts'
import { experimentFor } from './experiment-scope.ts'
import { type Fields, MAX_PARAM_LENGTH, MAX_TAG_LENGTH } from './fields.ts'
import { pageLimit, searchScope } from './paging.ts'
import type { Call, Route } from './route.ts'
import { randomRunName } from './run-names.ts'
import { requireWritable } from './run-scope.ts'
import { parseFilter } from './search-grammar.ts'
import { LOGGED_MODEL_VOCABULARY } from './vocabularies.ts'
import { type Json, loggedModelJson } from './wire.ts'

const MAX_CREATE_PARAMS = 100

async function create({ services, caller, fields }: Call): Promise<Json> {
  const { metadata } = services
  const params = fields.pairs('params', MAX_PARAM_LENGTH, 'cut')
  if (params.length > MAX_CREATE_PARAMS)
    throw invalid(`Up to ${MAX_CREATE_PARAMS} params are allowed, got ${params.length}`)
  const name = fields.text('name', 500) || randomRunName()
  if (/[/:.%"']/.test(name)) throw invalid(`Invalid model name '${name}': it must not contain / : . % or quotes`)
  const tags = fields.pairs('tags', MAX_TAG_LENGTH, 'cut')
  const now = metadata.now()
  const modelId = `m-${randomUUID().replaceAll('-', '')}`
  // What a step logs without naming a run is its own: its token writes the files only so.
  const sourceRunId = fields.text('source_run_id', 256) || caller.runScope || null
  await metadata.transaction(async (db) => {
    const experiment = await experimentFor(db, caller, fields.text('experiment_id') ?? '', now)
    requireActive(experiment)
    await requireSource(db, caller, sourceRunId)
    const row: LoggedModelRow = {
      model_id: modelId,
      experiment_id: experiment.experiment_id,
      name,
      created_at: now,
      updated_at: now,
      artifact_uri: `${experiment.artifact_location}/models/${modelId}/artifacts`,
      status: 'LOGGED_MODEL_PENDING',
      model_type: fields.text('model_type', 500) || null,
      source_run_id: sourceRunId,
      status_message: null,
      lifecycle_stage: 'active',
    }
    await insertLoggedModel(db, row, params, tags)
  })
  return await answer(metadata.db, await getLoggedModel(metadata.db, modelId))
}

/** A model leads to all that its run logged. Where nothing is separate the run may be any, as MLflow allows. */
async function requireSource(db: Db, caller: Caller, runId: string | null): Promise<void> {
  if (runId === null || (caller.reads === undefined && caller.runScope === undefined)) return
  requireWritable(caller, await getRun(db, runId, caller.reads))
}

async function answer(db: Db, row: LoggedModelRow): Promise<Json> {
  const data = await loadModelData(db, [row.model_id])
  return { model: loggedModelJson(row, data.get(row.model_id)!) }
}

async function get({ services, caller, fields }: Call): Promise<Json> {
  const row = await getLoggedModel(services.metadata.db, fields.required('model_id'), {
    allowDeleted: fields.flag('allow_deleted'),
    namespace: caller.namespace,
  })
  return await answer(services.metadata.db, row)
}

/** Runs a change on one logged model in a transaction; `answered` gives the model back. */
function change(
  work: (fields: Fields, row: LoggedModelRow, db: Db, now: number) => Promise<void>,
  answered = false,
): (call: Call) => Promise<Json> {
  return async ({ services: { metadata }, caller, fields }) => {
    const id = fields.required('model_id')
    await metadata.transaction(async (db) => {
      const row = await getLoggedModel(db, id, { namespace: caller.namespace })
      await work(fields, row, db, metadata.now())
    })
    return answered ? await answer(metadata.db, await getLoggedModel(metadata.db, id)) : {}
  }
}

const STATUSES: Readonly<Record<string, string>> = {
  LOGGED_MODEL_PENDING: 'LOGGED_MODEL_PENDING',
  LOGGED_MODEL_READY: 'LOGGED_MODEL_READY',
  LOGGED_MODEL_UPLOAD_FAILED: 'LOGGED_MODEL_UPLOAD_FAILED',
  '1': 'LOGGED_MODEL_PENDING',
  '2': 'LOGGED_MODEL_READY',
  '3': 'LOGGED_MODEL_UPLOAD_FAILED',
}

const finalize = change(async (fields, row, db, now) => {
  const asked = fields.required('status')
  const status = Object.hasOwn(STATUSES, asked) ? STATUSES[asked] : undefined
  if (!status) throw invalid(`Invalid model status '${asked.slice(0, 60)}'`)
  await updateLoggedModel(db, row.model_id, { status }, now)
}, true)

const setTags = change(async (fields, row, db, now) => {
  await upsertModelPairs(db, 'logged_model_tags', row.model_id, fields.pairs('tags', MAX_TAG_LENGTH, 'cut'))
  await updateLoggedModel(db, row.model_id, {}, now)
}, true)

const logParams = change(async (fields, row, db) => {
  await upsertModelPairs(db, 'logged_model_params', row.model_id, fields.pairs('params', MAX_PARAM_LENGTH))
})

const deleteTag = change(async (fields, row, db) => deleteModelTag(db, row.model_id, fields.required('tag_key')))

const remove = change(async (_fields, row, db, now) => {
  await updateLoggedModel(db, row.model_id, { lifecycle_stage: 'deleted' }, now)
})

async function search({ services, caller, fields }: Call): Promise<Json> {
  const idText = fields.texts('experiment_ids')
  const datasets = fields.objects('datasets').map(datasetFilter)
  if (datasets.some(({ name }) => !name)) throw invalid('`dataset_name` in the `datasets` clause must be specified.')
  const conditions = parseFilter(fields.text('filter'), LOGGED_MODEL_VOCABULARY).map((condition) =>
    condition.entity === 'metric' ? { ...condition, datasets } : condition,
  )
  const order = fields.objects('order_by').map(orderItem)
  const experimentIds = idText.map(parseExperimentId).filter((id) => id !== undefined)
  const limit = pageLimit(fields, 100, 10_000)
  if (experimentIds.length === 0) return {}
  const base = [
    sql<boolean>`m.lifecycle_stage = 'active'`,
    sql<boolean>`m.experiment_id in (${sql.join(experimentIds)})`,
    sql<boolean>`exists (select 1 from experiments as e
      where e.experiment_id = m.experiment_id and e.namespace = ${caller.namespace})`,
    ...datasetConditions(datasets),
  ]
  const { rows, nextPageToken } = await searchLoggedModels(services.metadata, {
    base,
    conditions,
    order,
    limit,
    pageToken: fields.text('page_token') || undefined,
    scope: searchScope('models', fields, ['filter'], [JSON.stringify([order, datasets])], idText),
  })
  const data = await loadModelData(
    services.metadata.db,
    rows.map((row) => row.model_id),
  )
  const models = rows.map((row) => loggedModelJson(row, data.get(row.model_id)!))
  return { ...(models.length > 0 && { models }), ...(nextPageToken && { next_page_token: nextPageToken }) }
}

const ENTITIES = { metrics: 'metric', params: 'param', tags: 'tag' } as const

/** A bare name is an attribute; `metrics.x`, `params.x` and `tags.x` are what they say. */
function orderItem(item: Fields): OrderItem {
  const field = item.required('field_name')
  const descending = item.has('ascending') && !item.flag('ascending')
  const dataset = datasetFilter(item)
  const pair = /^(metrics|params|tags)\.(.+)$/.exec(field)
  if (pair) {
    const entity = ENTITIES[pair[1] as keyof typeof ENTITIES]
    const ofMetric = entity === 'metric' && (dataset.name || dataset.digest)
    return { entity, key: pair[2]!, descending, ...(ofMetric && { datasets: [dataset] }) }
  }
  const known = Object.hasOwn(LOGGED_MODEL_VOCABULARY.attributes, field)
  if (!known) throw invalid(`Invalid order_by field_name: '${field.slice(0, 100)}'`)
  return { entity: 'attribute', key: LOGGED_MODEL_VOCABULARY.attributes[field]!.key, descending } as const
}

function datasetFilter(fields: Fields): DatasetFilter {
  return { name: fields.text('dataset_name') || undefined, digest: fields.text('dataset_digest') || undefined }
}

function datasetConditions(datasets: readonly DatasetFilter[]) {
  if (datasets.length === 0) return []
  return [
    sql<boolean>`exists (select 1 from logged_model_metrics as d
      where d.model_id = m.model_id and ${measuredOn('d', datasets)})`,
  ]
}

async function directories({ services, caller, fields }: Call): Promise<Json> {
  const row = await getLoggedModel(services.metadata.db, fields.required('model_id'), { namespace: caller.namespace })
  const folder = fields.text('artifact_directory_path') ?? ''
  const entries = await services.files.list(artifactPathOf(row.artifact_uri, folder))
  const files = entries.map((entry) => ({
    path: folder ? `${folder.replace(/\/$/, '')}/${entry.name}` : entry.name,
    is_dir: entry.isDirectory,
    ...(entry.size !== undefined && { file_size: entry.size }),
  }))
  return { root_uri: row.artifact_uri, ...(files.length > 0 && { files }) }
}

export const LOGGED_MODEL_ROUTES: readonly Route[] = [
  { method: 'POST', path: 'logged-models', verb: 'create', resource: 'models', handle: create },
  { method: 'POST', path: 'logged-models/search', verb: 'list', resource: 'models', handle: search },
  { method: 'GET', path: 'logged-models/:model_id', verb: 'get', resource: 'models', handle: get },
  { method: 'PATCH', path: 'logged-models/:model_id', verb: 'update', resource: 'models', handle: finalize },
  { method: 'DELETE', path: 'logged-models/:model_id', verb: 'delete', resource: 'models', handle: remove },
  { method: 'PATCH', path: 'logged-models/:model_id/tags', verb: 'update', resource: 'models', handle: setTags },
  {
    method: 'DELETE',
    path: 'logged-models/:model_id/tags/:tag_key',
    verb: 'update',
    resource: 'models',
    handle: deleteTag,
  },
  { method: 'POST', path: 'logged-models/:model_id/params', verb: 'update', resource: 'models', handle: logParams },
  {
    method: 'GET',
    path: 'logged-models/:model_id/artifacts/directories',
    verb: 'get',
    resource: 'models',
    handle: directories,
  },
]
