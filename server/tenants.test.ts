/** Two workspaces of one server, and the token of a step: what ids of others open, and what they don't. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { insertPipelineRun } from '../store/metadata/pipeline-runs.ts'
import type { RunningServer } from './start.ts'
import { serveSmall, twoTeams, WORKSPACES } from './testing/small-server.ts'

const PIPELINE_RUN = '22222222-2222-4222-8222-222222222222'
const MLFLOW = '/api/2.0/mlflow'
const FILES = '/api/2.0/mlflow-artifacts/artifacts'

let server: RunningServer
/** Of Alice. */
let experiment: string
let run: string

beforeAll(async () => {
  server = await serveSmall({ access: twoTeams })
  experiment = (await alice('POST', `${MLFLOW}/experiments/create`, { name: 'secret' })).body.experiment_id
  run = await newRun(alice)
  const params = [{ key: 'password', value: 'hunter2' }]
  await alice('POST', `${MLFLOW}/runs/log-batch`, { run_id: run, params })
})
afterAll(async () => {
  await server.close()
})

/** Requests with a bearer token. */
function as(token: string) {
  return async (method: string, path: string, body?: object) => {
    const headers = {
      authorization: `Bearer ${token}`,
      ...(WORKSPACES[token] && { 'x-mlflow-workspace': WORKSPACES[token] }),
      ...(body && { 'content-type': 'application/json' }),
    }
    const answer = await fetch(`${server.url}${path}`, { method, headers, ...(body && { body: JSON.stringify(body) }) })
    return { status: answer.status, body: JSON.parse(await answer.text()) }
  }
}
const alice = as('alice')
const bob = as('bob')
type Ask = typeof alice

async function newRun(ask: Ask, fields: object = {}): Promise<string> {
  return (await ask('POST', `${MLFLOW}/runs/create`, { experiment_id: experiment, ...fields })).body.run.info.run_id
}
async function newModel(ask: Ask, fields: object): Promise<string> {
  return (await ask('POST', `${MLFLOW}/logged-models`, { experiment_id: experiment, ...fields })).body.model.info
    .model_id
}

describe('the token of a step', () => {
  let step: Ask
  let nested: string
  let other: string

  beforeAll(async () => {
    step = as(server.services.tokens.issue(run, 'team-a', 60_000))
    nested = await newRun(step)
    other = await newRun(alice)
    await alice('PUT', `${FILES}/${experiment}/${other}/artifacts/model.json`, { good: true })
  })
  const put = async (ask: Ask, place: string) => (await ask('PUT', `${FILES}/${experiment}/${place}`, { a: 1 })).status

  test('writes files of its run, of the runs below and of the models that they log', async () => {
    const models = [await newModel(step, {}), await newModel(step, { source_run_id: nested })]
    for (const id of [run, nested, ...models.map((model) => `models/${model}`)])
      expect([id, await put(step, `${id}/artifacts/model/MLmodel`)]).toEqual([id, 200])
  })

  test('writes no other file, and removes none', async () => {
    const foreignModel = await newModel(alice, { source_run_id: other })
    const places = ['x', other, `${other}/artifacts/${run}`, run, `models/${foreignModel}/artifacts`]
    for (const place of places) expect([place, await put(step, `${place}/model.json`)]).toEqual([place, 403])
    expect(await put(alice, `models/${foreignModel}/artifacts/model.json`)).toBe(200)
    expect((await step('DELETE', `${FILES}/${experiment}`)).status).toBe(403)
    expect((await step('DELETE', `${FILES}/${experiment}/${run}/artifacts/model/MLmodel`)).status).toBe(403)
    const read = await step('GET', `${FILES}/${experiment}/${other}/artifacts/model.json`)
    expect(read).toEqual({ status: 200, body: { good: true } })
  })

  test('takes no model for that of another run', async () => {
    const body = { experiment_id: experiment, source_run_id: other }
    expect((await step('POST', `${MLFLOW}/logged-models`, body)).status).toBe(403)
  })

  test('makes experiments, and changes none', async () => {
    expect((await step('POST', `${MLFLOW}/experiments/create`, { name: 'of a step' })).status).toBe(200)
    const changes = [
      ['update', { new_name: 'owned' }],
      ['restore', {}],
      ['set-experiment-tag', { key: 'k', value: 'v' }],
      ['delete-experiment-tag', { key: 'k' }],
    ] as const
    for (const [change, fields] of changes) {
      const answer = await step('POST', `${MLFLOW}/experiments/${change}`, { experiment_id: experiment, ...fields })
      expect([change, answer.status]).toEqual([change, 403])
    }
  })

  test('starts no schedule', async () => {
    expect((await step('POST', '/api/v1/schedules/nightly/run', {})).status).toBe(403)
    expect((await step('POST', '/api/v1/schedules/nightly/webhook?namespace=team-a', {})).status).toBe(403)
  })
})

describe('another workspace', () => {
  let theirs: string

  beforeAll(async () => {
    theirs = (await bob('POST', `${MLFLOW}/experiments/create`, { name: 'e' })).body.experiment_id
    await bob('POST', `${MLFLOW}/registered-models/create`, { name: 'm' })
  })
  const lineage = async (version: string) => (await bob('GET', `/api/v1/models/m/versions/${version}/lineage`)).body
  const register = async (fields: object) =>
    (await bob('POST', `${MLFLOW}/model-versions/create`, { name: 'm', source: 's3://b/m', ...fields })).body
      .model_version.version as string

  test('makes no model of a foreign run', async () => {
    const model = { experiment_id: theirs, source_run_id: run }
    expect((await bob('POST', `${MLFLOW}/logged-models`, model)).status).toBe(404)
  })

  test('is not told of a foreign run by the lineage of a version that names it', async () => {
    const version = await register({})
    const { db } = server.services.metadata
    await db.updateTable('model_versions').set({ run_id: run }).where('namespace', '=', 'team-b').execute()
    expect(await lineage(version)).toMatchObject({ params: {}, metrics: {} })
    expect(await lineage(version)).not.toHaveProperty('run')
  })

  test('is not told of a foreign pipeline by the lineage of a run that calls it its parent', async () => {
    const { metadata } = server.services
    await metadata.transaction((db) =>
      insertPipelineRun(
        db,
        {
          runId: PIPELINE_RUN,
          experimentId: Number(experiment),
          namespace: 'team-a',
          kind: 'pipeline',
          name: 'r',
          userId: '',
          state: 'RUNNING',
          startTime: 1,
          artifactUri: '',
          now: 1,
        },
        {
          pipeline_name: 'secret',
          pipeline_id: null,
          pipeline_version_id: null,
          pipeline_spec: '{}',
          runtime_config: '{}',
          service_account: null,
          recurring_run_id: null,
          scheduled_at: 1,
          plugins_input: null,
        },
        {},
      ),
    )
    const tags = [{ key: 'mlflow.parentRunId', value: PIPELINE_RUN }]
    const own = await newRun(bob, { experiment_id: theirs, tags })
    expect(await lineage(await register({ run_id: own }))).not.toHaveProperty('pipeline')
  })

  test('measures no foreign model', async () => {
    const model = await newModel(alice, { source_run_id: run })
    const metric = { key: 'acc', value: 0.9, timestamp: 1, step: 0, model_id: model }
    const own = await newRun(bob, { experiment_id: theirs })
    await bob('POST', `${MLFLOW}/runs/log-metric`, { run_id: own, ...metric, value: 0.1 })
    await alice('POST', `${MLFLOW}/runs/log-metric`, { run_id: run, ...metric })
    const { data } = (await alice('GET', `${MLFLOW}/logged-models/${model}`)).body.model
    expect(data.metrics).toMatchObject([{ key: 'acc', value: 0.9, run_id: run }])
    expect(data.metrics).toHaveLength(1)
  })
})
