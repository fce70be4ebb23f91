/** KFP's experiment endpoints: the same experiments that MLflow clients see. Before: index.ts. */
import { sql } from 'kysely'
import type { Db } from '../../store/metadata/database.ts'
import { invalid, MetadataError } from '../../store/metadata/errors.ts'
import {
  createExperiment,
  DEFAULT_EXPERIMENT_ID,
  freeName,
  getExperiment,
  setExperimentStorage,
} from '../../store/metadata/experiments.ts'
import type { ExperimentRow } from '../../store/metadata/tables.ts'
import type { Verb } from '../access.ts'
import { idOf, type KfpCall, type KfpRoute, namespaceOf, permit } from './call.ts'
import { compact, type Json, timeJson } from './json.ts'
import { type ListPlan, listPage } from './list-query.ts'

const MAX_NAME_LENGTH = 128

export function experimentJson(row: ExperimentRow): Json {
  return compact({
    experiment_id: String(row.experiment_id),
    display_name: row.name,
    description: row.description,
    created_at: timeJson(row.created_at),
    namespace: row.namespace,
    storage_state: row.storage_state,
    last_run_created_at: timeJson(row.last_run_created_at ?? 0),
  })
}

const text = (column: string) => ({ sql: sql`coalesce(${sql.ref(column)}, '')`, type: 'text' }) as const
const time = (column: string) => ({ sql: sql`coalesce(${sql.ref(column)}, 0)`, type: 'time' }) as const

const EXPERIMENT_LIST: ListPlan = {
  from: sql`experiments as e`,
  columns: sql`e.*`,
  fields: {
    experiment_id: { sql: sql`cast(e.experiment_id as text)`, type: 'text' },
    id: { sql: sql`cast(e.experiment_id as text)`, type: 'text' },
    display_name: text('e.name'),
    name: text('e.name'),
    created_at: time('e.created_at'),
    last_run_created_at: time('e.last_run_created_at'),
    description: text('e.description'),
    namespace: text('e.namespace'),
    storage_state: text('e.storage_state'),
  },
  tieBreak: [{ expression: sql.ref('e.experiment_id') }],
}

async function list(call: KfpCall): Promise<Json> {
  const namespace = namespaceOf(call, call.query.text('namespace'))
  await permit(call, 'list', 'experiments', namespace)
  const base = [sql<boolean>`e.namespace = ${namespace}`, sql<boolean>`e.lifecycle_stage = 'active'`]
  const { rows, nextPageToken } = await listPage<ExperimentRow>(call.metadata, EXPERIMENT_LIST, call.query, base)
  return compact({ experiments: rows.map(experimentJson), next_page_token: nextPageToken })
}

async function create(call: KfpCall): Promise<Json> {
  const namespace = namespaceOf(call, call.body.text('namespace'))
  await permit(call, 'create', 'experiments', namespace)
  const name = call.body.required('display_name', MAX_NAME_LENGTH)
  const description = call.body.text('description', 10_000)
  const now = call.metadata.now()
  const row = await call.metadata.transaction(async (db) => {
    // Clients of KFP neither see nor restore an experiment that MLflow deleted.
    await freeName(db, namespace, name, now)
    return await createExperiment(db, { namespace, name, description, now })
  })
  return experimentJson(row)
}

/** An experiment that KFP shows, with the caller's right to it checked: before a transaction, for the answer may be long in coming. */
async function find(call: KfpCall, verb: Verb): Promise<ExperimentRow> {
  const row = await getExperiment(call.metadata.db, idOf(call, 'experiment'))
  await permit(call, verb, 'experiments', row.namespace)
  return requireShown(row)
}

/** The same again, once the right is known. */
async function read(call: KfpCall, db: Db): Promise<ExperimentRow> {
  return requireShown(await getExperiment(db, idOf(call, 'experiment')))
}

function requireShown(row: ExperimentRow): ExperimentRow {
  if (row.lifecycle_stage === 'deleted')
    throw new MetadataError('not-found', `Experiment ${row.experiment_id} not found`)
  return row
}

async function disableRecurringRuns(call: KfpCall, { experiment_id: id }: ExperimentRow): Promise<void> {
  const { resources } = call.services.schedules
  if (!resources) return
  const rows = await call.metadata.db.selectFrom('recurring_runs').selectAll().where('experiment_id', '=', id).execute()
  for (const row of rows) await resources.setEnabled(row, false)
}

async function archive(call: KfpCall): Promise<Json> {
  const now = call.metadata.now()
  await disableRecurringRuns(call, await find(call, 'archive'))
  await call.metadata.transaction(async (db) => {
    const { experiment_id: id } = await read(call, db)
    await setExperimentStorage(db, id, 'ARCHIVED', now)
    await db.updateTable('runs').set({ storage_state: 'ARCHIVED' }).where('experiment_id', '=', id).execute()
    await db
      .updateTable('recurring_runs')
      .set({ enabled: 0, updated_at: now })
      .where('experiment_id', '=', id)
      .execute()
  })
  call.services.schedules.changed()
  return {}
}

async function unarchive(call: KfpCall): Promise<Json> {
  await find(call, 'unarchive')
  await call.metadata.transaction(async (db) => {
    const row = await read(call, db)
    await setExperimentStorage(db, row.experiment_id, 'AVAILABLE', call.metadata.now())
  })
  return {}
}

/** The record stays for MLflow's restore, under another name so that the name is free again. Its runs stay as they are. */
async function remove(call: KfpCall): Promise<Json> {
  const now = call.metadata.now()
  await find(call, 'delete')
  await call.metadata.transaction(async (db) => {
    const row = await read(call, db)
    if (row.experiment_id === DEFAULT_EXPERIMENT_ID) {
      throw new MetadataError('conflict', 'The default experiment can not be deleted')
    }
    await db
      .updateTable('experiments')
      .set({ lifecycle_stage: 'deleted', updated_at: now })
      .where('experiment_id', '=', row.experiment_id)
      .execute()
    await freeName(db, row.namespace, row.name, now)
  })
  return {}
}

/** The experiment for a new run or schedule: the one named, or `Default`; it must be open. */
export async function experimentForRun(call: KfpCall, db: Db): Promise<ExperimentRow> {
  const given = call.body.text('experiment_id', 200) || call.query.text('experiment_id', 200)
  if (!given && call.services.access.multiUser) throw invalid('experiment_id must not be empty on this server')
  const row = await getExperiment(db, given || String(DEFAULT_EXPERIMENT_ID))
  if (row.lifecycle_stage === 'deleted') throw new MetadataError('not-found', `Experiment ${given} not found`)
  if (row.storage_state === 'ARCHIVED') {
    throw new MetadataError('failed-precondition', `Experiment ${row.name} is archived: unarchive it first`)
  }
  return row
}

export const EXPERIMENT_ROUTES: readonly KfpRoute[] = [
  { method: 'GET', path: '/experiments', handle: list },
  { method: 'POST', path: '/experiments', handle: create },
  {
    method: 'GET',
    path: '/experiments/:experiment',
    handle: async (call) => experimentJson(await find(call, 'get')),
  },
  { method: 'POST', path: '/experiments/:experiment::archive', handle: archive },
  { method: 'POST', path: '/experiments/:experiment::unarchive', handle: unarchive },
  { method: 'DELETE', path: '/experiments/:experiment', handle: remove },
]
