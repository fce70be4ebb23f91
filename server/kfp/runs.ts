/** KFP's run endpoints. Before: index.ts. After: start-run.ts and the executor. */
import { sql } from 'kysely'
import type { JsonValue } from '../../api/json.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid, MetadataError } from '../../store/metadata/errors.ts'
import { getExperiment } from '../../store/metadata/experiments.ts'
import {
  type FullPipelineRun,
  getPipelineRun,
  markCanceling,
  markRetrying,
  tasksOfRun,
} from '../../store/metadata/pipeline-runs.ts'
import { removeRun, updateRun } from '../../store/metadata/runs.ts'
import type { Verb } from '../access.ts'
import type { Fields } from '../mlflow/fields.ts'
import { idOf, type KfpCall, type KfpRoute, namespaceOf, permit } from './call.ts'
import { experimentForRun } from './experiments.ts'
import { compact, type Json } from './json.ts'
import { type ListPlan, listPage } from './list-query.ts'
import { runJson } from './run-json.ts'
import { readSource } from './run-source.ts'
import { checkParameters } from './spec.ts'
import { handOver, startRun } from './start-run.ts'

const MAX_NAME_LENGTH = 1000

const text = (column: string) => ({ sql: sql`coalesce(${sql.ref(column)}, '')`, type: 'text' }) as const
const time = (column: string) => ({ sql: sql`coalesce(${sql.ref(column)}, 0)`, type: 'time' }) as const
const shownState = { sql: sql`case r.state when 'CANCELED' then 'FAILED' else r.state end`, type: 'text' } as const

const RUN_LIST: ListPlan = {
  from: sql`runs as r join pipeline_runs as pr on pr.run_id = r.run_id`,
  columns: sql`pr.*, r.*`,
  fields: {
    run_id: text('r.run_id'),
    id: text('r.run_id'),
    display_name: text('r.name'),
    name: text('r.name'),
    created_at: { sql: sql.ref('r.created_at'), type: 'time' },
    finished_at: time('r.end_time'),
    scheduled_at: time('pr.scheduled_at'),
    description: text('r.description'),
    storage_state: text('r.storage_state'),
    namespace: text('r.namespace'),
    experiment_id: { sql: sql`cast(r.experiment_id as text)`, type: 'text' },
    state: shownState,
    status: shownState,
    state_history: text('pr.state_history'),
    runtime_details: { sql: sql`''`, type: 'text' },
    recurring_run_id: text('pr.recurring_run_id'),
  },
  pairs: {
    metric: {
      table: 'latest_metrics',
      joins: sql<boolean>`kv.run_id = r.run_id`,
      only: sql<boolean>`kv.is_nan = 0`,
      runId: sql.ref('r.run_id'),
    },
  },
  tieBreak: [{ expression: sql.ref('r.run_id') }],
}

async function list(call: KfpCall): Promise<Json> {
  const base = [sql<boolean>`r.kind = 'pipeline'`, sql<boolean>`r.lifecycle_stage = 'active'`]
  const experimentId = call.query.text('experiment_id', 200)
  if (experimentId) {
    const experiment = await getExperiment(call.metadata.db, experimentId)
    await permit(call, 'list', 'runs', experiment.namespace)
    base.push(sql<boolean>`r.experiment_id = ${experiment.experiment_id}`)
  } else {
    const namespace = namespaceOf(call, call.query.text('namespace'))
    await permit(call, 'list', 'runs', namespace)
    if (call.services.access.multiUser) base.push(sql<boolean>`r.namespace = ${namespace}`)
  }
  const { rows, nextPageToken } = await listPage<FullPipelineRun>(call.metadata, RUN_LIST, call.query, base)
  return compact({ runs: rows.map((row) => runJson(row)), next_page_token: nextPageToken })
}

export interface RuntimeConfig {
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly pipelineRoot: string | undefined
}

export function readRuntimeConfig(body: Fields): RuntimeConfig {
  const config = body.object('runtime_config')
  const parameters = config?.raw('parameters') ?? {}
  if (typeof parameters !== 'object' || Array.isArray(parameters)) {
    throw invalid('runtime_config.parameters must be an object')
  }
  const pipelineRoot = config?.text('pipeline_root', 2000) || undefined
  return { parameters: parameters as Record<string, JsonValue>, pipelineRoot }
}

async function create(call: KfpCall): Promise<Json> {
  const { body, metadata } = call
  const displayName = body.required('display_name', MAX_NAME_LENGTH)
  const config = readRuntimeConfig(body)
  const experiment = await experimentForRun(call, metadata.db)
  await permit(call, 'create', 'runs', experiment.namespace)
  const source = await readSource(call, metadata.db, body)
  const plugins = body.raw('plugins_input')
  const row = await startRun(call.services, {
    experiment,
    displayName,
    description: body.text('description', 10_000),
    source,
    parameters: checkParameters(source.document, config.parameters),
    pipelineRoot: config.pipelineRoot,
    serviceAccount: body.text('service_account', 253) || undefined,
    pluginsInput: plugins === undefined ? undefined : JSON.stringify(plugins),
    actor: call.caller.actor,
  })
  return runJson(row)
}

async function find(call: KfpCall, verb: Verb, db: Db = call.metadata.db): Promise<FullPipelineRun> {
  const row = await getPipelineRun(db, idOf(call, 'run'))
  await permit(call, verb, 'runs', row.namespace)
  return row
}

async function get(call: KfpCall): Promise<Json> {
  const row = await find(call, 'get')
  return runJson(row, await tasksOfRun(call.metadata.db, row.run_id))
}

async function archive(call: KfpCall): Promise<Json> {
  const row = await find(call, 'archive')
  await updateRun(call.metadata.db, row.run_id, { storage_state: 'ARCHIVED' })
  return {}
}

async function unarchive(call: KfpCall): Promise<Json> {
  const row = await find(call, 'unarchive')
  const experiment = await getExperiment(call.metadata.db, String(row.experiment_id))
  if (experiment.storage_state === 'ARCHIVED') {
    throw new MetadataError('failed-precondition', `Experiment ${experiment.name} is archived: unarchive it first`)
  }
  await updateRun(call.metadata.db, row.run_id, { storage_state: 'AVAILABLE' })
  return {}
}

async function terminate(call: KfpCall): Promise<Json> {
  const { run_id: runId } = await find(call, 'terminate')
  await call.metadata.transaction((db) => markCanceling(db, runId, call.metadata.now()))
  call.services.events.changed(runId)
  await call.services.executor.cancel(runId)
  return {}
}

async function retry(call: KfpCall): Promise<Json> {
  const { run_id: runId } = await find(call, 'retry')
  const row = await call.metadata.transaction((db) => markRetrying(db, runId, call.metadata.now()))
  call.services.events.changed(runId)
  await handOver(call.services, row, 'retry')
  return {}
}

async function remove(call: KfpCall): Promise<Json> {
  const { run_id: runId } = await find(call, 'delete')
  await call.services.executor.remove(runId)
  await call.metadata.transaction((db) => removeRun(db, runId))
  call.services.events.changed(runId)
  return {}
}

export const RUN_ROUTES: readonly KfpRoute[] = [
  { method: 'GET', path: '/runs', handle: list },
  { method: 'POST', path: '/runs', handle: create },
  { method: 'GET', path: '/runs/:run', handle: get },
  { method: 'DELETE', path: '/runs/:run', handle: remove },
  { method: 'POST', path: '/runs/:run::archive', handle: archive },
  { method: 'POST', path: '/runs/:run::unarchive', handle: unarchive },
  { method: 'POST', path: '/runs/:run::terminate', handle: terminate },
  { method: 'POST', path: '/runs/:run::retry', handle: retry },
]
