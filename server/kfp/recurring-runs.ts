/** KFP's endpoints of recurring runs. The table holds them; the schedules port makes their runs. Before: index.ts. */
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { formatIssue } from '../../api/issue.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid, notFound } from '../../store/metadata/errors.ts'
import { getExperiment } from '../../store/metadata/experiments.ts'
import type { RecurringRunRow } from '../../store/metadata/tables.ts'
import type { Verb } from '../access.ts'
import type { RecurringRunTemplate } from '../schedules.ts'
import { idOf, type KfpCall, type KfpRoute, namespaceOf, permit } from './call.ts'
import { experimentForRun } from './experiments.ts'
import { compact, type Json, timeJson } from './json.ts'
import { type ListPlan, listPage } from './list-query.ts'
import { configJson } from './run-json.ts'
import { readSource } from './run-source.ts'
import { readRuntimeConfig } from './runs.ts'
import { checkParameters } from './spec.ts'
import { readTrigger, scheduleOf } from './trigger.ts'

const LARGEST_CONCURRENCY = 10

function recurringRunJson(row: RecurringRunRow): Json {
  const source = row.pipeline_spec
    ? { pipeline_spec: JSON.parse(row.pipeline_spec) as object }
    : {
        pipeline_version_reference: compact({
          pipeline_id: row.pipeline_id,
          pipeline_version_id: row.pipeline_version_id,
        }),
      }
  return compact({
    recurring_run_id: row.recurring_run_id,
    display_name: row.display_name,
    description: row.description,
    ...source,
    runtime_config: configJson(row.runtime_config),
    service_account: row.service_account,
    max_concurrency: String(row.max_concurrency),
    trigger: JSON.parse(row.trigger) as object,
    mode: row.enabled ? 'ENABLE' : 'DISABLE',
    status: row.enabled ? 'ENABLED' : 'DISABLED',
    created_at: timeJson(row.created_at),
    updated_at: timeJson(row.updated_at),
    no_catchup: row.no_catchup === 1,
    namespace: row.namespace,
    experiment_id: String(row.experiment_id),
  })
}

const text = (column: string) => ({ sql: sql`coalesce(${sql.ref(column)}, '')`, type: 'text' }) as const
const time = (column: string) => ({ sql: sql.ref(column), type: 'time' }) as const

const RECURRING_LIST: ListPlan = {
  from: sql`recurring_runs as j`,
  columns: sql`j.*`,
  fields: {
    recurring_run_id: text('j.recurring_run_id'),
    id: text('j.recurring_run_id'),
    display_name: text('j.display_name'),
    name: text('j.display_name'),
    created_at: time('j.created_at'),
    updated_at: time('j.updated_at'),
    description: text('j.description'),
  },
  tieBreak: [{ expression: sql.ref('j.recurring_run_id') }],
}

async function list(call: KfpCall): Promise<Json> {
  const experimentId = call.query.text('experiment_id', 200)
  const base = []
  if (experimentId) {
    const experiment = await getExperiment(call.metadata.db, experimentId)
    await permit(call, 'list', 'jobs', experiment.namespace)
    await call.services.schedules.resources?.refresh(experiment.namespace)
    base.push(sql<boolean>`j.experiment_id = ${experiment.experiment_id}`)
  } else {
    const namespace = namespaceOf(call, call.query.text('namespace'))
    await permit(call, 'list', 'jobs', namespace)
    await call.services.schedules.resources?.refresh(namespace)
    base.push(sql<boolean>`j.namespace = ${namespace}`)
  }
  const { rows, nextPageToken } = await listPage<RecurringRunRow>(call.metadata, RECURRING_LIST, call.query, base)
  // The one irregular name of this API.
  return compact({ recurringRuns: rows.map(recurringRunJson), next_page_token: nextPageToken })
}

async function create(call: KfpCall): Promise<Json> {
  const { body, metadata } = call
  const now = metadata.now()
  const displayName = body.required('display_name', 1000)
  const experiment = await experimentForRun(call, metadata.db)
  await permit(call, 'create', 'jobs', experiment.namespace)
  const source = await readSource(call, metadata.db, body)
  const config = readRuntimeConfig(body)
  const parameters = checkParameters(source.document, config.parameters)
  const maxConcurrency = body.integer('max_concurrency') ?? 0
  if (maxConcurrency < 1 || maxConcurrency > LARGEST_CONCURRENCY) {
    throw invalid(`max_concurrency must be from 1 to ${LARGEST_CONCURRENCY}, got ${maxConcurrency}`)
  }
  const row: RecurringRunRow = {
    recurring_run_id: randomUUID(),
    experiment_id: experiment.experiment_id,
    namespace: experiment.namespace,
    display_name: displayName,
    description: body.text('description', 10_000) ?? null,
    created_at: now,
    updated_at: now,
    pipeline_id: source.pipelineId,
    // A reference without a version means the latest at each tick.
    pipeline_version_id: versionAsked(call) ? source.versionId : null,
    pipeline_spec: source.pipelineId ? null : source.text,
    runtime_config: JSON.stringify({
      parameters,
      ...(config.pipelineRoot && { pipeline_root: config.pipelineRoot }),
      ...(call.services.schedules.resources && { resource: true }),
    }),
    service_account: body.text('service_account', 253) || null,
    max_concurrency: maxConcurrency,
    trigger: JSON.stringify(readTrigger(body.object('trigger'))),
    enabled: readMode(body.text('mode')) ? 1 : 0,
    no_catchup: body.flag('no_catchup') ? 1 : 0,
    cursor_at: null,
    next_index: 1,
  }
  const problems = call.services.schedules.check(scheduleOf(row), now).filter((issue) => issue.severity === 'error')
  if (problems.length > 0) throw invalid(problems.map(formatIssue).join('\n'))
  await metadata.db.insertInto('recurring_runs').values(row).execute()
  await makeResource(call, row, {
    experiment: experiment.name,
    pipelineText: source.text,
    parameters,
    pipelineRoot: config.pipelineRoot,
  })
  call.services.schedules.changed()
  return recurringRunJson(row)
}

/** A server that dies in between has answered nothing; the row is then dropped when its resource is missed. */
async function makeResource(call: KfpCall, row: RecurringRunRow, template: RecurringRunTemplate): Promise<void> {
  const { resources } = call.services.schedules
  try {
    await resources?.create(row, template)
  } catch (error) {
    await deleteRow(call.metadata.db, row)
    throw error
  }
}

const deleteRow = async (db: Db, row: RecurringRunRow): Promise<void> => {
  await db.deleteFrom('recurring_runs').where('recurring_run_id', '=', row.recurring_run_id).execute()
}

function versionAsked(call: KfpCall): boolean {
  return Boolean(
    call.body.text('pipeline_version_id') ||
      call.body.object('pipeline_version_reference')?.text('pipeline_version_id'),
  )
}

function readMode(mode: string | undefined): boolean {
  if (mode === 'ENABLE') return true
  if (mode === 'DISABLE') return false
  throw invalid(`mode must be ENABLE or DISABLE, got '${(mode ?? '').slice(0, 40)}'`)
}

async function find(call: KfpCall, verb: Verb): Promise<RecurringRunRow> {
  const id = idOf(call, 'job')
  const { schedules } = call.services
  const read = () =>
    call.metadata.db.selectFrom('recurring_runs').selectAll().where('recurring_run_id', '=', id).executeTakeFirst()
  const known = await read()
  if (!known) throw notFound(`Recurring run ${id} not found`)
  await permit(call, verb, 'jobs', known.namespace)
  await schedules.resources?.refresh(known.namespace)
  const row = schedules.resources ? await read() : known
  if (!row) throw notFound(`Recurring run ${id} was deleted with its resource`)
  return row
}

async function setEnabled(call: KfpCall, enabled: boolean): Promise<Json> {
  const row = await find(call, enabled ? 'enable' : 'disable')
  await call.services.schedules.resources?.setEnabled(row, enabled)
  await call.metadata.db
    .updateTable('recurring_runs')
    .set({ enabled: enabled ? 1 : 0, updated_at: call.metadata.now() })
    .where('recurring_run_id', '=', row.recurring_run_id)
    .execute()
  call.services.schedules.changed()
  return {}
}

const PROPAGATION = ['', 'DELETE_PROPAGATION_POLICY_UNSPECIFIED', 'FOREGROUND', 'BACKGROUND', 'ORPHAN']
const LIVE_STATES = ['PENDING', 'RUNNING', 'PAUSED'] as const

/** Records of runs are kept; ORPHAN also lets those that run go on. */
async function remove(call: KfpCall): Promise<Json> {
  const row = await find(call, 'delete')
  const policy = call.query.text('propagation_policy') ?? ''
  if (!PROPAGATION.includes(policy)) throw invalid(`propagation_policy '${policy.slice(0, 40)}' is unknown`)
  await call.services.schedules.resources?.remove(row, policy === 'ORPHAN')
  await deleteRow(call.metadata.db, row)
  call.services.schedules.changed()
  if (policy === 'ORPHAN') return {}
  const live = await call.metadata.db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .select('runs.run_id')
    .where('pipeline_runs.recurring_run_id', '=', row.recurring_run_id)
    .where('runs.state', 'in', [...LIVE_STATES])
    .execute()
  for (const { run_id } of live) await call.services.executor.cancel(run_id)
  return {}
}

const ONE = '/recurringruns/:job'

export const RECURRING_RUN_ROUTES: readonly KfpRoute[] = [
  { method: 'GET', path: '/recurringruns', handle: list },
  { method: 'POST', path: '/recurringruns', handle: create },
  { method: 'GET', path: ONE, handle: async (call) => recurringRunJson(await find(call, 'get')) },
  { method: 'DELETE', path: ONE, handle: remove },
  { method: 'POST', path: `${ONE}::enable`, handle: (call) => setEnabled(call, true) },
  { method: 'POST', path: `${ONE}::disable`, handle: (call) => setEnabled(call, false) },
]
