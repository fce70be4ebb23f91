/** The served operator against hostile requests, of callers with and without rights: it answers, shows nothing foreign, goes on working. */
import { readFileSync, writeFileSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type Hostile, send, storm } from '../servers/hostile.ts'
import { finished, submit, until } from './support/cluster.ts'
import { usePlace, useServedOperator } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import { ALL_RIGHTS, clientOf, makeAccount, tokenOf } from './support/server.ts'

const KFP = '/apis/v2beta1'
const REQUESTS = Number(process.env['KFP_TS_HOSTILE_REQUESTS'] ?? 2_000)
const SECRET = 'top-secret-of-another-namespace'
const place = usePlace('hostile')
const foreign = usePlace('hostile-foreign')
const operator = useServedOperator(place)
let token: string
let foreignToken: string

beforeAll(async () => {
  await makeAccount(place, 'editor', ALL_RIGHTS)
  await makeAccount(foreign, 'editor', ALL_RIGHTS)
  token = await tokenOf(place, 'editor')
  foreignToken = await tokenOf(foreign, 'editor')
  writeFileSync(`${place.store}/secret.txt`, SECRET)
  const ask = clientOf(operator.url, foreignToken, { 'x-mlflow-workspace': foreign.namespace })
  await ask('POST', `${KFP}/experiments`, { display_name: SECRET, namespace: foreign.namespace })
  await ask('POST', '/api/2.0/mlflow/runs/create', { tags: [{ key: 'note', value: SECRET }] })
  await ask('POST', '/api/2.0/mlflow/registered-models/create', { name: SECRET })
})

test(`${REQUESTS} requests get an answer below 500 and nothing of another namespace; the operator goes on`, async () => {
  const headersOf = (hostile: Hostile): Record<string, string> => {
    const workspace = { 'x-mlflow-workspace': hostile.number(4) === 0 ? foreign.namespace : place.namespace }
    switch (hostile.number(10)) {
      case 0:
        return workspace
      case 1:
        return { authorization: hostile.pick(['Bearer x', 'Bearer kfpts1.e30.x', 'Basic YTpi', 'Bearer', token]) }
      case 2:
        return { 'x-kfp-ts-authorization': `Bearer ${token}`, ...workspace }
      default:
        return { authorization: `Bearer ${token}`, ...workspace }
    }
  }
  const { answered, failures, statuses } = await storm({
    url: operator.url,
    requests: REQUESTS,
    seed: 7,
    secrets: /top-secret|root:x:0/,
    headersOf,
  })
  expect(failures.slice(0, 5)).toEqual([])
  expect(answered).toBe(REQUESTS)
  process.stdout.write(`${answered} requests: ${JSON.stringify(statuses)}\n`)
  const run = await finished(place, await submit(place, shellPipeline('after', { say: { script: 'true' } })))
  expect(run.status?.phase).toBe('Succeeded')
})

test('pages of other sites are refused, also with a good token', async () => {
  const headers = { authorization: `Bearer ${token}`, 'x-mlflow-workspace': place.namespace }
  const request = { method: 'POST', path: '/api/2.0/mlflow/experiments/search' }
  for (const page of [{ origin: 'https://evil.example' }, { origin: 'null' }, { 'sec-fetch-site': 'cross-site' }]) {
    expect([page, (await send(operator.url, { ...request, headers: { ...headers, ...page } })).status]).toEqual([
      page,
      403,
    ])
  }
})

test('an artifact that a run names outside of its store is not read', async () => {
  const ask = clientOf(operator.url, token, { 'x-mlflow-workspace': place.namespace })
  const made = await ask('POST', `${KFP}/experiments`, { display_name: 'artifacts', namespace: place.namespace })
  const imported = (uri: string) =>
    parse(`
pipelineInfo: {name: imported}
schemaVersion: 2.1.0
sdkVersion: kfp-2.14.3
deploymentSpec:
  executors:
    exec-get: {importer: {artifactUri: {constant: "${uri}"}, typeSchema: {schemaTitle: system.Artifact, schemaVersion: 0.0.1}}}
components:
  comp-get:
    executorLabel: exec-get
    outputDefinitions: {artifacts: {artifact: {artifactType: {schemaTitle: system.Artifact, schemaVersion: 0.0.1}}}}
root:
  dag:
    tasks:
      get: {taskInfo: {name: get}, componentRef: {name: comp-get}}
`)
  for (const uri of [
    '/kfp-store/secret.txt',
    '/kfp-store/artifacts/../secret.txt',
    '/etc/passwd',
    'file:///etc/passwd',
  ]) {
    const run = await ask('POST', `${KFP}/runs`, {
      display_name: 'r',
      experiment_id: made.body.experiment_id,
      pipeline_spec: imported(uri),
    })
    expect(run.status).toBe(200)
    for (let state = ''; state !== 'SUCCEEDED'; ) {
      state = (await ask('GET', `${KFP}/runs/${run.body.run_id}`)).body.state
      expect(state).not.toBe('FAILED')
    }
    const { body } = await ask('GET', `/api/v1/runs/${run.body.run_id}`)
    const node = body.tasks[0].runId
    const read = await ask('GET', `${KFP}/runs/${run.body.run_id}/nodes/${node}/artifacts/artifact:read`)
    expect([uri, read.status]).toEqual([uri, 404])
  }
})

test('changes are in the audit log with who made them; no token is in any log', async () => {
  const readLines = (): string[] => {
    const database = new DatabaseSync(`${place.store}/metadata.db`, { readOnly: true })
    const rows = database.prepare('select actor, method, path, status from audit_log').all()
    database.close()
    return rows.map(({ actor, method, path, status }) => `${actor} ${method} ${path} ${status}`)
  }
  const wanted = `system:serviceaccount:${place.namespace}:editor POST ${KFP}/runs 200`
  // Lines are written together, a moment after the answers.
  await until('the change is in the audit log', async () => readLines().includes(wanted))
  const lines = readLines()
  expect(lines.filter((line) => line.startsWith('unknown'))).toEqual([])
  const written = operator.log() + readFileSync(`${place.store}/metadata.db`, 'latin1')
  for (const secret of [token, foreignToken]) expect(written).not.toContain(secret)
})
