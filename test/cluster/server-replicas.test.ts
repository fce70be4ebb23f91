/** The served operator under kill -9 and 50 clients; and two replicas over one Postgres, of which both serve and one leads. */
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { PIPELINE_RUNS } from '../../client/kube/resources.ts'
import { freePort } from '../free-port.ts'
import { startPostgres, type TestPostgres } from '../servers/postgres.ts'
import { kube, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import {
  ALL_RIGHTS,
  clientOf,
  HOST,
  makeAccount,
  makeExperiment,
  type ServedOperator,
  startServedOperator,
  tokenOf,
} from './support/server.ts'

const KFP = '/apis/v2beta1'
const MLFLOW = '/api/2.0/mlflow'
const CLIENTS = 50
const KILLS = Number(process.env['KFP_TS_KILLS'] ?? 2)
/** Batches of metrics that are acknowledged before each kill, and one start of a run at least. */
const BATCHES = Number(process.env['KFP_TS_BATCHES'] ?? 300)
/** Clients that start runs as well. */
const STARTERS = 4

const place = usePlace('replicas')
let token: string

beforeAll(async () => {
  await makeAccount(place, 'editor', ALL_RIGHTS)
  token = await tokenOf(place, 'editor')
})

const quick = parse(shellPipeline('quick', { say: { script: 'echo said' } }))
const slow = parse(shellPipeline('slow', { wait: { script: 'sleep 15' }, after: { script: 'true', after: ['wait'] } }))
const askAt = (url: string) => clientOf(url, token, { 'x-mlflow-workspace': place.namespace })

const startRun = (url: string, experiment: string, pipeline: object) =>
  askAt(url)('POST', `${KFP}/runs`, { display_name: 'r', experiment_id: experiment, pipeline_spec: pipeline })

interface Acknowledged {
  /** Run to the steps whose metric was answered. */
  readonly metrics: Map<string, number[]>
  readonly started: string[]
}

const batchesIn = ({ metrics }: Acknowledged): number =>
  [...metrics.values()].reduce((sum, steps) => sum + steps.length, 0)

/** Works until the server is gone; notes only what was answered. */
async function work(url: string, experiment: string, noted: Acknowledged, starts: boolean, onNoted: () => void) {
  const ask = askAt(url)
  try {
    const created = await ask('POST', `${MLFLOW}/runs/create`, { experiment_id: experiment })
    const id = created.body.run.info.run_id as string
    const steps: number[] = []
    noted.metrics.set(id, steps)
    for (let step = 0; ; step++) {
      const metrics = [{ key: 'm', value: step * 2, timestamp: step, step }]
      const answer = await ask('POST', `${MLFLOW}/runs/log-batch`, { run_id: id, metrics })
      expect(answer.status).toBe(200)
      steps.push(step)
      onNoted()
      if (!starts || step !== 1) continue
      const run = await startRun(url, experiment, quick)
      expect(run.status).toBe(200)
      noted.started.push(run.body.run_id)
      onNoted()
    }
  } catch (error) {
    if ((error as Error).name === 'AssertionError') throw error
  }
}

/** One without leader election must not be left beside the replicas of the next test. */
async function startOperator(port: number): Promise<ServedOperator> {
  const operator = await startServedOperator(place, [], { port })
  onTestFinished(() => operator.kill())
  return operator
}

async function killUnderLoad(operator: ServedOperator, experiment: string, noted: Acknowledged): Promise<void> {
  const [batches, starts] = [batchesIn(noted) + BATCHES, noted.started.length + 1]
  const enough = Promise.withResolvers<void>()
  const onNoted = () => {
    if (batchesIn(noted) >= batches && noted.started.length >= starts) enough.resolve()
  }
  const clients = Promise.all(
    Array.from({ length: CLIENTS }, (_, index) => work(operator.url, experiment, noted, index < STARTERS, onNoted)),
  )
  await Promise.race([enough.promise, clients])
  await operator.kill('SIGKILL')
  await clients
}

test(`${CLIENTS} clients and ${KILLS} kills: nothing that was acknowledged is lost, and every run is carried out once`, async () => {
  const port = await freePort(HOST)
  const noted: Acknowledged = { metrics: new Map(), started: [] }
  let experiment: string | undefined
  for (let round = 0; round < KILLS; round++) {
    const operator = await startOperator(port)
    experiment ??= await makeExperiment(askAt(operator.url), place, 'load')
    await killUnderLoad(operator, experiment, noted)
  }
  const operator = await startOperator(port)
  const ask = askAt(operator.url)
  const lost: string[] = []
  for (const [id, steps] of noted.metrics) {
    const { body } = await ask('GET', `${MLFLOW}/metrics/get-history?run_id=${id}&metric_key=m&max_results=25000`)
    const stored = new Map((body.metrics ?? []).map((m: { step: number; value: number }) => [m.step, m.value]))
    for (const step of steps) if (stored.get(step) !== step * 2) lost.push(`${id} step ${step}`)
  }
  expect(lost).toEqual([])
  expect(noted.metrics.size).toBeGreaterThanOrEqual(CLIENTS)
  expect(noted.started.length).toBeGreaterThan(0)
  for (const id of noted.started) {
    await until(
      `run ${id} is over`,
      async () => (await ask('GET', `${KFP}/runs/${id}`)).body.state === 'SUCCEEDED',
      300,
    )
    const selection = { namespace: place.namespace, labelSelector: `pipelines.kfp-ts.dev/run-id=${id}` }
    expect((await kube.list(PIPELINE_RUNS, selection)).items).toHaveLength(1)
  }
  process.stdout.write(
    `${batchesIn(noted)} batches and ${noted.started.length} runs were acknowledged, none was lost\n`,
  )
})

test('two replicas over one Postgres: both serve; the other one goes on when the leader is killed', async () => {
  const postgres: TestPostgres = await startPostgres(['fsync=off'])
  const shared = ['--database', postgres.url, '--leader-election', '--lease-namespace', place.namespace]
  const replicas: ServedOperator[] = []
  try {
    const leader = await startServedOperator(place, shared)
    replicas.push(leader)
    await until('the first one leads', async () => leader.log().includes('this replica leads'))
    const other = await startServedOperator(place, shared)
    replicas.push(other)
    const ready = other.metricsUrl.replace('/metrics', '/readyz')
    expect((await fetch(ready)).status).toBe(200)
    expect(other.log()).not.toContain('this replica leads')
    const experiment = await makeExperiment(askAt(other.url), place, 'both')
    const made = await startRun(other.url, experiment, slow)
    expect(made.status).toBe(200)
    const id: string = made.body.run_id
    const stateAt = async (url: string) => (await askAt(url)('GET', `${KFP}/runs/${id}`)).body.state
    const events = await fetch(`${other.url}/api/v1/runs/${id}/events`, {
      headers: { authorization: `Bearer ${token}`, 'x-mlflow-workspace': place.namespace },
    })
    await until('the step runs', async () => {
      const { body } = await askAt(other.url)('GET', `/api/v1/runs/${id}`)
      return body.tasks.some((task: { state: string }) => task.state === 'RUNNING')
    })
    expect(await stateAt(leader.url)).toBe('RUNNING')
    await leader.kill('SIGKILL')
    await until('the other leads', async () => other.log().includes('this replica leads'))
    await until('the run is over', async () => (await stateAt(other.url)) === 'SUCCEEDED', 300)
    // The stream was opened before the change of leader and ends with the run.
    const told = [...(await events.text()).matchAll(/^data: (.*)$/gm)].map((match) => JSON.parse(match[1]!).state)
    expect(told.at(-1)).toBe('SUCCEEDED')
    expect(told.length).toBeGreaterThan(1)
  } finally {
    for (const replica of replicas) await replica.kill()
    await postgres.stop()
  }
})
