/** MLflow's run endpoints. Before: index.ts. After: store/metadata. */
import { randomUUID } from 'node:crypto'
import type { Transaction } from 'kysely'
import { logDatasets, logRunModels } from '../../store/metadata/datasets.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { parseExperimentId, requireActive } from '../../store/metadata/experiments.ts'
import { loadRunData } from '../../store/metadata/run-data.ts'
import { searchRuns } from '../../store/metadata/run-search.ts'
import {
  getRun,
  insertRun,
  requireActiveRun,
  setRunLifecycle,
  updateRun,
  upsertTags,
} from '../../store/metadata/runs.ts'
import type { RunRow, Tables } from '../../store/metadata/tables.ts'
import { experimentFor } from './experiment-scope.ts'
import { type Fields, MAX_TAG_LENGTH } from './fields.ts'
import { pageLimit, searchScope, viewStages } from './paging.ts'
import type { Call, Route } from './route.ts'
import { randomRunName } from './run-names.ts'
import { runIdOf, withRun } from './run-scope.ts'
import { parseFilter, parseOrder } from './search-grammar.ts'
import { RUN_VOCABULARY } from './vocabularies.ts'
import { type Json, runInfoJson, runJson, STATE_OF_STATUS } from './wire.ts'

async function create({ services, caller, fields }: Call): Promise<Json> {
  const { metadata } = services
  const tags = fields.pairs('tags', MAX_TAG_LENGTH, 'cut')
  const tagged = new Map(tags.map((tag) => [tag.key, tag.value]))
  const named = fields.text('run_name', 1000) || tagged.get('mlflow.runName')
  if (fields.text('run_name') && tagged.has('mlflow.runName') && tagged.get('mlflow.runName') !== named) {
    throw invalid("Both 'run_name' argument and 'mlflow.runName' tag are specified, but with different values")
  }
  const name = named || randomRunName()
  const now = metadata.now()
  const runId = randomUUID().replaceAll('-', '')
  const run = await metadata.transaction(async (db) => {
    const experiment = await experimentFor(db, caller, fields.text('experiment_id') ?? '', now)
    requireActive(experiment)
    const parentRunId = caller.runScope ?? tagged.get('mlflow.parentRunId')
    return await insertRun(db, {
      runId,
      experimentId: experiment.experiment_id,
      namespace: caller.namespace,
      kind: 'tracking',
      name,
      userId: fields.text('user_id', 256) || caller.actor,
      state: 'RUNNING',
      startTime: fields.integer('start_time') ?? now,
      artifactUri: `${experiment.artifact_location}/${runId}/artifacts`,
      parentRunId,
      tags: [...tags, { key: 'mlflow.runName', value: name }],
      now,
    })
  })
  // A new run has no outputs yet, and MLflow leaves them out here alone.
  const { outputs: _, ...created } = await fullRun(services.metadata.db, run)
  return { run: created }
}

async function fullRun(db: Parameters<typeof loadRunData>[0], row: RunRow): Promise<Json> {
  const data = await loadRunData(db, [row.run_id])
  return runJson(row, data.get(row.run_id)!)
}

async function get({ services, caller, fields }: Call): Promise<Json> {
  const row = await getRun(services.metadata.db, runIdOf(fields), caller.reads)
  return { run: await fullRun(services.metadata.db, row) }
}

/** The engine alone decides the state of pipeline runs and tasks: a step's `end_run` must not end its task. */
const update = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  const status = fields.text('status')
  const state = status ? STATE_OF_STATUS[status] : undefined
  if (status && !state) throw invalid(`Invalid status '${status.slice(0, 60)}'`)
  const endTime = fields.integer('end_time')
  const name = fields.text('run_name', 1000)
  const change: Partial<RunRow> = {}
  if (row.kind === 'tracking') {
    if (state) change.state = state
    if (endTime !== undefined) change.end_time = endTime
    else if (state === 'RUNNING' || state === 'PENDING') change.end_time = null
  }
  if (name) {
    change.name = name
    await upsertTags(db, row.run_id, [{ key: 'mlflow.runName', value: name }])
  }
  await updateRun(db, row.run_id, change)
  return { run_info: runInfoJson({ ...row, ...change }) }
})

const remove = withRun(async (_call, row, db) => {
  await setRunLifecycle(db, row.run_id, 'deleted')
  return {}
})

const restore = withRun(async (_call, row, db) => {
  await setRunLifecycle(db, row.run_id, 'active')
  return {}
})

async function search({ services, caller, fields }: Call): Promise<Json> {
  const orderText = fields.texts('order_by')
  const idText = fields.texts('experiment_ids')
  const conditions = parseFilter(fields.text('filter'), RUN_VOCABULARY)
  const order = parseOrder(orderText, RUN_VOCABULARY)
  const limit = pageLimit(fields, 1000, 50_000)
  const stages = viewStages(fields.text('run_view_type'))
  const experimentIds = idText.map(parseExperimentId).filter((id) => id !== undefined)
  if (experimentIds.length === 0) return {}
  const { runs, nextPageToken } = await searchRuns(services.metadata, {
    namespace: caller.reads,
    experimentIds,
    conditions,
    order,
    stages,
    limit,
    pageToken: fields.text('page_token') || undefined,
    scope: searchScope('runs', fields, ['filter', 'run_view_type'], orderText, idText),
  })
  const ids = runs.map((run) => run.run_id)
  const data = await loadRunData(services.metadata.db, ids)
  const found = runs.map((run) => runJson(run, data.get(run.run_id)!))
  return { ...(found.length > 0 && { runs: found }), ...(nextPageToken && { next_page_token: nextPageToken }) }
}

const logInputs = withRun(async ({ fields }, row, db) => {
  requireActiveRun(row)
  const uses = fields.objects('datasets').map(readDataset)
  const models = fields.objects('models').map((model) => ({ modelId: model.required('model_id', 100), step: 0 }))
  await logDatasets(db, row, uses)
  await logRunModels(db, row.run_id, 'input', models)
  return {}
})

function readDataset(use: Fields) {
  const dataset = use.object('dataset')
  if (!dataset) throw invalid("Missing value for required parameter 'dataset'.")
  return {
    dataset: {
      name: dataset.required('name', 500),
      digest: dataset.required('digest', 36),
      source_type: dataset.required('source_type', 36),
      source: dataset.required('source', 65_535),
      schema: dataset.text('schema', 1_048_575) ?? null,
      profile: dataset.text('profile', 16_777_215) ?? null,
    },
    tags: use.pairs('tags', MAX_TAG_LENGTH),
  }
}

const outputs = withRun(async ({ fields }, row, db: Transaction<Tables>) => {
  requireActiveRun(row)
  const models = fields.objects('models').map((model) => ({
    modelId: model.required('model_id', 100),
    step: model.integer('step') ?? 0,
  }))
  await logRunModels(db, row.run_id, 'output', models)
  return {}
})

export const RUN_ROUTES: readonly Route[] = [
  { method: 'POST', path: 'runs/create', verb: 'create', resource: 'runs', handle: create },
  { method: 'GET', path: 'runs/get', verb: 'get', resource: 'runs', handle: get },
  { method: 'POST', path: 'runs/update', verb: 'update', resource: 'runs', handle: update },
  { method: 'POST', path: 'runs/delete', verb: 'delete', resource: 'runs', handle: remove },
  { method: 'POST', path: 'runs/restore', verb: 'update', resource: 'runs', handle: restore },
  { method: 'POST', path: 'runs/search', verb: 'list', resource: 'runs', handle: search },
  { method: 'POST', path: 'runs/log-inputs', verb: 'update', resource: 'runs', handle: logInputs },
  { method: 'POST', path: 'runs/outputs', verb: 'update', resource: 'runs', handle: outputs },
]
