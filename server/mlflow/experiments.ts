/** MLflow's experiment endpoints. Before: index.ts. After: store/metadata/experiments.ts. */
import { sql } from 'kysely'
import { invalid, notFound } from '../../store/metadata/errors.ts'
import {
  createExperiment,
  deleteExperimentTag,
  experimentTags,
  findExperimentByName,
  getExperiment,
  renameExperiment,
  requireActive,
  setExperimentLifecycle,
  setExperimentTag,
} from '../../store/metadata/experiments.ts'
import { keyedSearch, type SearchPlan } from '../../store/metadata/keyed-search.ts'
import type { ExperimentRow } from '../../store/metadata/tables.ts'
import { refuseStep } from '../identify.ts'
import { experimentFor } from './experiment-scope.ts'
import { MAX_EXPERIMENT_TAG_LENGTH, readPair } from './fields.ts'
import { pageLimit, searchScope, viewStages } from './paging.ts'
import type { Call, Route } from './route.ts'
import { parseFilter, parseOrder } from './search-grammar.ts'
import { EXPERIMENT_VOCABULARY } from './vocabularies.ts'
import { experimentJson, type Json } from './wire.ts'

const MAX_NAME_LENGTH = 500

async function create({ services, caller, fields }: Call): Promise<Json> {
  const name = fields.required('name', MAX_NAME_LENGTH)
  if (name.trim() === '') throw invalid('Invalid experiment name: it must not be blank')
  const artifactLocation = fields.text('artifact_location', 1000)
  if (artifactLocation) checkLocation(artifactLocation)
  const request = {
    namespace: caller.namespace,
    name,
    artifactLocation,
    tags: fields.pairs('tags', MAX_EXPERIMENT_TAG_LENGTH),
    now: services.metadata.now(),
  }
  const row = await services.metadata.transaction((db) => createExperiment(db, request))
  return { experiment_id: String(row.experiment_id) }
}

/** A place that clients write to by themselves, or a folder of ours. Query strings and dots could point elsewhere. */
function checkLocation(location: string): void {
  if (/[?#;]|(^|\/)\.\.(\/|$)|%2e%2e/i.test(location)) throw invalid(`Invalid artifact_location: '${location}'`)
}

async function json(call: Call, row: ExperimentRow): Promise<Json> {
  const tags = await experimentTags(call.services.metadata.db, [row.experiment_id])
  return { experiment: experimentJson(row, tags.get(row.experiment_id) ?? []) }
}

async function get(call: Call): Promise<Json> {
  const id = call.fields.required('experiment_id')
  const { metadata } = call.services
  const row = await experimentFor(metadata.db, call.caller, id, metadata.now())
  return await json(call, row)
}

async function getByName(call: Call): Promise<Json> {
  const name = call.fields.required('experiment_name')
  const row = await findExperimentByName(call.services.metadata.db, call.caller.namespace, name)
  if (!row) throw notFound(`Could not find experiment with name '${name}'`)
  return await json(call, row)
}

const SEARCH: SearchPlan = {
  from: sql`experiments as e`,
  columns: sql`e.*`,
  attributes: {
    name: sql.ref('e.name'),
    experiment_id: sql`cast(e.experiment_id as text)`,
    creation_time: sql.ref('e.created_at'),
    last_update_time: sql.ref('e.updated_at'),
  },
  pairs: { tag: { table: 'experiment_tags', joins: sql<boolean>`kv.experiment_id = e.experiment_id` } },
  tieBreak: [{ expression: sql.ref('e.experiment_id'), descending: true }],
}

async function search({ services, caller, fields }: Call): Promise<Json> {
  const conditions = parseFilter(fields.text('filter'), EXPERIMENT_VOCABULARY)
  const orderText = fields.texts('order_by')
  const order = parseOrder(orderText.length > 0 ? orderText : ['creation_time DESC'], EXPERIMENT_VOCABULARY)
  const base = [
    sql<boolean>`e.namespace = ${caller.namespace}`,
    sql<boolean>`e.lifecycle_stage in (${sql.join([...viewStages(fields.text('view_type'))])})`,
  ]
  const { rows, nextPageToken } = await keyedSearch<ExperimentRow>(services.metadata, SEARCH, {
    base,
    conditions,
    order,
    limit: pageLimit(fields, 1000, 50_000),
    pageToken: fields.text('page_token') || undefined,
    scope: searchScope('experiments', fields, ['filter', 'view_type'], orderText),
  })
  const tags = await experimentTags(
    services.metadata.db,
    rows.map((row) => row.experiment_id),
  )
  const experiments = rows.map((row) => experimentJson(row, tags.get(row.experiment_id) ?? []))
  return { ...(experiments.length > 0 && { experiments }), ...(nextPageToken && { next_page_token: nextPageToken }) }
}

/** Runs a change on one experiment of the caller's namespace, in a transaction. It concerns runs that no step's token covers. */
function change(
  work: (call: Call, row: ExperimentRow, db: Parameters<typeof renameExperiment>[0]) => Promise<void>,
): (call: Call) => Promise<Json> {
  return async (call) => {
    refuseStep(call.caller)
    const id = call.fields.required('experiment_id')
    await call.services.metadata.transaction(async (db) => {
      await work(call, await getExperiment(db, id, call.caller.namespace), db)
    })
    return {}
  }
}

const update = change(async ({ services, fields }, row, db) => {
  const name = fields.text('new_name', MAX_NAME_LENGTH)
  requireActive(row)
  if (name) await renameExperiment(db, row.experiment_id, name, services.metadata.now())
})
const remove = change(async ({ services }, row, db) => {
  await setExperimentLifecycle(db, row.experiment_id, 'deleted', services.metadata.now())
})
const restore = change(async ({ services }, row, db) => {
  await setExperimentLifecycle(db, row.experiment_id, 'active', services.metadata.now())
})
const setTag = change(async ({ fields }, row, db) => {
  const { key, value } = readPair(fields, MAX_EXPERIMENT_TAG_LENGTH)
  requireActive(row)
  await setExperimentTag(db, row.experiment_id, key, value)
})
const deleteTag = change(async ({ fields }, row, db) => {
  requireActive(row)
  await deleteExperimentTag(db, row.experiment_id, fields.required('key'))
})

export const EXPERIMENT_ROUTES: readonly Route[] = [
  { method: 'POST', path: 'experiments/create', verb: 'create', resource: 'experiments', handle: create },
  { method: 'GET', path: 'experiments/get', verb: 'get', resource: 'experiments', handle: get },
  { method: 'GET', path: 'experiments/get-by-name', verb: 'get', resource: 'experiments', handle: getByName },
  { method: 'POST', path: 'experiments/search', verb: 'list', resource: 'experiments', handle: search },
  { method: 'GET', path: 'experiments/search', verb: 'list', resource: 'experiments', handle: search },
  { method: 'POST', path: 'experiments/update', verb: 'update', resource: 'experiments', handle: update },
  { method: 'POST', path: 'experiments/delete', verb: 'delete', resource: 'experiments', handle: remove },
  { method: 'POST', path: 'experiments/restore', verb: 'update', resource: 'experiments', handle: restore },
  { method: 'POST', path: 'experiments/set-experiment-tag', verb: 'update', resource: 'experiments', handle: setTag },
  {
    method: 'POST',
    path: 'experiments/delete-experiment-tag',
    verb: 'update',
    resource: 'experiments',
    handle: deleteTag,
  },
]
