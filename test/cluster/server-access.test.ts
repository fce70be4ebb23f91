/** Who may do what on the served operator: tokens and rights of a real cluster, and the unmodified clients that carry them. */
import { beforeAll, describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type KubeObject, PODS } from '../../client/kube/resources.ts'
import { KFP_2, MLFLOW_3, pythonEnvironment } from '../python-environment.ts'
import { runScript } from '../servers/run-script.ts'
import { kube, until } from './support/cluster.ts'
import { usePlace, useServedOperator } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import { ALL_RIGHTS, clientOf, HOST, makeAccount, tokenOf } from './support/server.ts'

const KFP = '/apis/v2beta1'
const MLFLOW = '/api/2.0/mlflow'
const ACCOUNTS = { group: '', version: 'v1', plural: 'serviceaccounts' }
const place = usePlace('access')
const foreign = usePlace('foreign')
const operator = useServedOperator(place)
/** Account to token, in the namespace of the operator unless it says otherwise. */
const tokens: Record<string, string> = {}
let runId: string
let experiment: string

beforeAll(async () => {
  await makeAccount(place, 'editor', ALL_RIGHTS)
  await makeAccount(place, 'viewer', { resources: ['experiments', 'runs'], verbs: ['get', 'list', 'readArtifact'] })
  await makeAccount(place, 'nobody')
  await makeAccount(place, 'former', ALL_RIGHTS)
  await makeAccount(foreign, 'editor', ALL_RIGHTS)
  for (const account of ['editor', 'viewer', 'nobody', 'former']) tokens[account] = await tokenOf(place, account)
  tokens['foreign'] = await tokenOf(foreign, 'editor')
  tokens['audience'] = await tokenOf(place, 'editor', ['https://kubernetes.default.svc.cluster.local'])
  tokens['changed'] = `${tokens['editor']!.slice(0, -6)}AAAAAA`
  tokens['forged'] = 'kfpts1.e30.AAAA'
  await kube.delete(ACCOUNTS, place.namespace, 'former')
  const ask = clientOf(operator.url, tokens['editor'])
  const made = await ask('POST', `${KFP}/experiments`, { display_name: 'e', namespace: place.namespace })
  experiment = made.body.experiment_id
  const text = shellPipeline('kept', { say: { script: 'echo for my team only' } })
  const run = await ask('POST', `${KFP}/runs`, {
    display_name: 'r',
    experiment_id: experiment,
    pipeline_spec: parse(text),
  })
  runId = run.body.run_id
  await until('the run is over', async () => {
    const { body } = await ask('GET', `${KFP}/runs/${runId}`)
    return body.state === 'SUCCEEDED'
  })
})

type Request = readonly [method: string, path: string, body?: object]

const requests = (): Record<string, Request> => ({
  'list runs': ['GET', `${KFP}/runs?namespace=${place.namespace}`],
  'get run': ['GET', `${KFP}/runs/${runId}`],
  'retry run': ['POST', `${KFP}/runs/${runId}:retry`],
  'create experiment': ['POST', `${KFP}/experiments`, { display_name: 'e', namespace: place.namespace }],
  artifact: ['GET', `${KFP}/runs/${runId}/nodes/none/artifacts/none:read`],
  'search experiments': ['POST', `${MLFLOW}/experiments/search`, { max_results: 5 }],
  'create tracking run': ['POST', `${MLFLOW}/runs/create`, { experiment_id: experiment }],
  'get tracking run': ['GET', `${MLFLOW}/runs/get?run_id=${runId}`],
  'put file': ['PUT', `/api/2.0/mlflow-artifacts/artifacts/${experiment}/x/artifacts/f`, { a: 1 }],
  'list files': ['GET', `/api/2.0/mlflow-artifacts/artifacts?path=${experiment}`],
  log: ['GET', `/api/v1/runs/${runId}/logs?task=root/say`],
  events: ['GET', `/api/v1/runs/${runId}/events`],
  waiting: ['GET', `/api/v1/runs/${runId}/waiting`],
  cache: ['GET', `/api/v1/runs/${runId}/cache`],
  records: ['GET', '/api/v1/runs'],
  health: ['GET', `${KFP}/healthz`],
})

/** What each may: the statuses of the requests above, in their order. */
const EXPECTED: Record<string, readonly number[]> = {
  editor: [200, 200, 400, 409, 404, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
  viewer: [200, 200, 403, 403, 404, 200, 403, 200, 403, 200, 200, 200, 200, 200, 200, 200],
  nobody: [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200],
  foreign: [403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 403, 200],
  former: [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 200],
  audience: [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 200],
  changed: [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 200],
  forged: [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 200],
  none: [401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401, 200],
}

test.each(Object.keys(EXPECTED))('%s gets what its rights give', async (who) => {
  const ask = clientOf(operator.url, tokens[who], { 'x-mlflow-workspace': place.namespace })
  const found: Record<string, number> = {}
  for (const [name, [method, path, body]] of Object.entries(requests())) {
    const answer = await ask(method, path, body)
    found[name] = answer.status
    if (answer.status >= 400) expect(JSON.stringify(answer.body)).not.toContain('for my team only')
  }
  const names = Object.keys(requests())
  expect(found).toEqual(Object.fromEntries(names.map((name, index) => [name, EXPECTED[who]![index]])))
})

test('an editor of another namespace finds nothing of this one in its own workspace', async () => {
  const ask = clientOf(operator.url, tokens['foreign'], { 'x-mlflow-workspace': foreign.namespace })
  for (const [method, path] of [
    requests()['get tracking run']!,
    requests()['log']!,
    requests()['events']!,
    requests()['waiting']!,
    requests()['cache']!,
    requests()['list files']!,
  ]) {
    expect([path, (await ask(method, path)).status]).toEqual([path, 404])
  }
})

test('records of runs are listed of the own workspace only', async () => {
  const listed = async (who: string, { namespace }: { readonly namespace: string }) => {
    const ask = clientOf(operator.url, tokens[who], { 'x-mlflow-workspace': namespace })
    return (await ask('GET', '/api/v1/runs?limit=200')).body.runs.map((run: { runId: string }) => run.runId)
  }
  expect(await listed('viewer', place)).toContain(runId)
  expect(await listed('foreign', foreign)).toEqual([])
})

test('a namespace that the operator does not serve is told so', async () => {
  const ask = clientOf(operator.url, tokens['foreign'])
  const made = await ask('POST', `${KFP}/experiments`, { display_name: 'e', namespace: foreign.namespace })
  const run = await ask('POST', `${KFP}/runs`, {
    display_name: 'r',
    experiment_id: made.body.experiment_id,
    pipeline_spec: parse(shellPipeline('x', { say: { script: 'true' } })),
  })
  expect(run.status).toBe(400)
  expect(run.body.message).toContain(`No operator carries out runs of namespace '${foreign.namespace}'`)
})

test("through the API server's service proxy, with the token in the header that it lets through", async () => {
  await forwardFromPod(new URL(operator.url).port)
  const path = `/api/v1/namespaces/${place.namespace}/services/server:http/proxy${KFP}/runs/${runId}`
  const headers = { 'x-kfp-ts-authorization': `Bearer ${tokens['editor']}` }
  const shown = await until('the proxy knows the service', async () => kube.raw({ method: 'GET', path, headers }))
  expect(JSON.parse(shown).run_id).toBe(runId)
  await expect(kube.raw({ method: 'GET', path })).rejects.toThrow('401')
})

/** The API server proxies to pods only: one that hands every connection on to the operator's process on this machine. */
async function forwardFromPod(port: string): Promise<void> {
  const program = [
    'import asyncio',
    'async def copy(source, target):',
    '    while data := await source.read(65536):',
    '        target.write(data)',
    '        await target.drain()',
    '    target.close()',
    'async def serve(reader, writer):',
    `    there, back = await asyncio.open_connection("${HOST}", ${port})`,
    '    await asyncio.gather(copy(reader, back), copy(there, writer))',
    'async def main():',
    '    await (await asyncio.start_server(serve, "0.0.0.0", 8080)).serve_forever()',
    'asyncio.run(main())',
  ].join('\n')
  const labels = { app: 'forward' }
  const securityContext = {
    allowPrivilegeEscalation: false,
    capabilities: { drop: ['ALL'] },
    runAsNonRoot: true,
    runAsUser: 65532,
    seccompProfile: { type: 'RuntimeDefault' },
  }
  const command = ['python3', '-c', program]
  await kube.create(PODS, place.namespace, {
    metadata: { name: 'forward', labels },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: 'python:3.11', imagePullPolicy: 'IfNotPresent', command, securityContext }],
    },
  } as KubeObject)
  await kube.create({ group: '', version: 'v1', plural: 'services' }, place.namespace, {
    metadata: { name: 'server' },
    spec: { selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
  } as KubeObject)
}

describe('unmodified clients', () => {
  test('kfp, with existing_token', async () => {
    const args = [operator.url, tokens['editor']!, place.namespace, foreign.namespace]
    expect(await runScript(await pythonEnvironment(KFP_2), 'kfp_cluster_flow.py', args)).toContain('passed')
  })

  test('mlflow, with MLFLOW_TRACKING_TOKEN and MLFLOW_WORKSPACE', async () => {
    const env = {
      MLFLOW_TRACKING_URI: operator.url,
      MLFLOW_TRACKING_TOKEN: tokens['editor']!,
      MLFLOW_WORKSPACE: place.namespace,
    }
    const python = await pythonEnvironment(MLFLOW_3)
    expect(await runScript(python, 'mlflow_environment_flow.py', [foreign.namespace], env)).toContain('passed')
  })
})
