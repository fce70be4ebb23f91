/** A model of the registry served by the cluster: deployed by a pipeline's step, changed and rolled back under load, gone with its owner. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import { MODEL_DEPLOYMENTS, PODS, type Resource } from '../../client/kube/resources.ts'
import { ModelRegistry } from '../../client/model-registry.ts'
import { compile, printPipelineYaml } from '../../compiler/index.ts'
import { deployModel, parseCsv, printModel, trainClassifier } from '../../components/index.ts'
import { DEPLOYMENTS, type ModelDeployment, SERVICES } from '../../operator/serving/model-objects.ts'
import { finished, kube, ROOT, submit, until } from './support/cluster.ts'
import { usePlace, useServedOperator } from './support/fixtures.ts'
import { ALL_RIGHTS, makeAccount, tokenOf } from './support/server.ts'
import { script } from './support/servers.ts'

const ENDPOINT_SLICES: Resource = { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices' }
const NAME = 'tumours'
const TARGET = 'diagnosis'
const place = usePlace('serving')
beforeAll(() => {
  script('serving-image.sh')
})
const operator = useServedOperator(place, ['--serving-image', 'kfp-ts-serving:test'])
let registry: ModelRegistry
const sample: { first?: object; truth?: string } = {}

beforeAll(async () => {
  await makeAccount(place, 'ada', ALL_RIGHTS)
  const connection = { url: operator.url, token: await tokenOf(place, 'ada'), workspace: place.namespace }
  registry = new ModelRegistry(connection)
})

/** Two versions that answer alike; what counts is which of them does. */
async function registerTwo(): Promise<void> {
  const table = parseCsv(await readFile(join(ROOT, 'examples/data/breast-cancer.csv'), 'utf8'))
  const { [TARGET]: truth, ...first } = Object.fromEntries(table.columns.map((name, at) => [name, table.rows[0]![at]!]))
  Object.assign(sample, { first, truth })
  const experiment = await registry.experiment('serving')
  for (const trees of [3, 9]) {
    const run = await registry.createRun(experiment, `${trees} trees`)
    await registry.upload(run, 'model/model.json', printModel(trainClassifier(table, TARGET, { trees, seed: 1 })))
    await registry.register(NAME, `${run.artifactUri}/model`, run.runId)
  }
}

const status = async () =>
  (await kube.get<ModelDeployment>(MODEL_DEPLOYMENTS, place.namespace, 'tumours-champion')).status ?? {}
const served = (version: string) =>
  until(`version ${version} is served`, async () => (await status()).servedVersion === version, 300)

interface Slice {
  readonly metadata: { readonly name: string }
  /** Both are null in one that is empty. */
  readonly endpoints:
    | readonly { readonly addresses: readonly string[]; readonly conditions: { ready?: boolean } }[]
    | null
  readonly ports: readonly { readonly port: number }[] | null
}

async function readyAddresses(): Promise<string[]> {
  const labelSelector = 'kubernetes.io/service-name=tumours-champion'
  const { items } = await kube.list<Slice>(ENDPOINT_SLICES, { namespace: place.namespace, labelSelector })
  return items.flatMap(({ endpoints, ports }) => {
    const ready = endpoints?.filter(({ conditions }) => conditions.ready) ?? []
    return ready.map((one) => `${one.addresses[0]}:${ports?.[0]?.port}`)
  })
}

/** Addresses that a client of the Service is sent to, kept up to date as kube-proxy keeps its rules. */
function followService() {
  let addresses: string[] = []
  let stopped = false
  const done = (async () => {
    while (!stopped) {
      // kube-proxy, too, goes on with what it knows when it can't ask.
      addresses = await readyAddresses().catch(() => addresses)
      await delay(200)
    }
  })()
  return {
    pick: () => addresses[Math.floor(Math.random() * addresses.length)],
    stop: async () => {
      stopped = true
      await done
    },
  }
}

async function predict(address: string): Promise<{ version: string; label: string }> {
  const response = await fetch(`http://${address}/v1/models/${NAME}:predict`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ instances: [sample.first] }),
  })
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`)
  const { predictions } = (await response.json()) as { predictions: { prediction: string }[] }
  return { version: response.headers.get('x-model-version') ?? '', label: predictions[0]!.prediction }
}

/** Clients without a pause; every answer is kept. */
function load(pick: () => string | undefined, clients = 4) {
  const versions: string[] = []
  const failures: string[] = []
  let stopped = false
  const work = Array.from({ length: clients }, async () => {
    while (!stopped) {
      try {
        versions.push((await predict(pick()!)).version)
      } catch (error) {
        failures.push(`${error} ${(error as Error).cause ?? ''}`)
      }
      await delay(5)
    }
  })
  return {
    versions,
    failures,
    stop: async () => {
      stopped = true
      await Promise.all(work)
    },
  }
}

test('a step deploys the alias; it moves and goes back under load without a failed request', async () => {
  await registerTwo()
  await registry.setAlias(NAME, 'champion', '1')

  const { document } = await compile(deployModel)
  const run = await submit(place, printPipelineYaml(document!), {
    arguments: { name: NAME, replicas: 2, wait_seconds: 600 },
  })
  const { status: ended } = await finished(place, run, 900)
  expect(ended).toMatchObject({ phase: 'Succeeded' })
  expect(await status()).toMatchObject({
    servedVersion: '1',
    readyReplicas: 2,
    url: `http://tumours-champion.${place.namespace}.svc`,
  })

  const service = followService()
  await until('the Service has two endpoints', async () => service.pick() !== undefined)
  expect(await predict(service.pick()!)).toEqual({ version: '1', label: sample.truth })
  const requests = load(service.pick)
  const { versions, failures } = requests
  const answers = (version: string) =>
    until(`only version ${version} answers`, async () => versions.slice(-20).every((one) => one === version))
  try {
    await until('version 1 answers', async () => versions.length > 0)
    await registry.setAlias(NAME, 'champion', '2', 'better')
    await served('2')
    await answers('2')
    await registry.rollback(NAME, 'champion', 'not better after all')
    await served('1')
    await answers('1')
  } finally {
    await requests.stop()
    await service.stop()
  }
  expect(failures).toEqual([])
  expect(versions[0]).toBe('1')
  console.log(`${versions.length} requests during two changes, none failed`)
})

test('what was made for it goes with it; its pods held no token', async () => {
  const labelSelector = 'pipelines.kfp-ts.dev/model-deployment=tumours-champion'
  const { items } = await kube.list<{ metadata: { name: string }; spec: object }>(PODS, {
    namespace: place.namespace,
    labelSelector,
  })
  expect(items.length).toBeGreaterThan(0)
  for (const { spec } of items) {
    expect(spec).toMatchObject({ automountServiceAccountToken: false })
    expect(JSON.stringify(spec)).not.toContain('serviceAccountToken')
  }
  await kube.delete(MODEL_DEPLOYMENTS, place.namespace, 'tumours-champion')
  const gone = (resource: Resource) =>
    until(
      `${resource.plural} are gone`,
      async () => (await kube.list(resource, { namespace: place.namespace, labelSelector })).items.length === 0,
      300,
    )
  await Promise.all([DEPLOYMENTS, SERVICES, PODS].map(gone))
})
