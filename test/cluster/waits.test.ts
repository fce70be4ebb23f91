/** Tasks that wait without a pod, on a cluster: each kind, through the kill of the operator; and what they may not see. */
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { definePipeline, t, waitFor } from 'kfp-ts'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { JsonValue } from '../../api/json.ts'
import { CONFIG_MAPS, type KubeObject, PODS, type Resource } from '../../client/kube/resources.ts'
import { compile, printPipelineYaml } from '../../compiler/index.ts'
import type { AnyPipeline } from '../../dsl/index.ts'
import { openMetadata } from '../../store/metadata/database.ts'
import { finished, kube, submit, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { HOST } from './support/server.ts'

const JOBS: Resource = { group: 'batch', version: 'v1', plural: 'jobs' }

const place = usePlace('waits')
const operator = useOperator(place, ['--wait-allow-host', HOST])
let server: Server
let url: string
let status = 503

beforeAll(async () => {
  server = createServer((_request, response) => response.writeHead(status).end('{"state":"done"}'))
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve))
  url = `http://${HOST}:${(server.address() as AddressInfo).port}/state`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

async function start(pipeline: AnyPipeline, args: Record<string, JsonValue> = {}, name?: string) {
  const { document } = await compile(pipeline)
  return await submit(place, printPipelineYaml(document!), { arguments: args, ...(name ? { name } : {}) })
}

const every = { everySeconds: 0.5 }
const first = definePipeline({ name: 'first' }, () => {
  const ready = waitFor.resource({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    name: 'go',
    until: 'object.data.first == "yes"',
  })
  return { ready: ready.outputs.object }
})
const all = definePipeline({ name: 'all', inputs: { url: t.string() } }, ({ url: address }) => {
  const answer = waitFor.http({ url: address, until: 'json.state == "done"', ...every })
  const file = waitFor.object({ uri: '/kfp-store/landing/day.csv', type: t.dataset(), minBytes: 3, ...every })
  const job = waitFor.resource({ apiVersion: 'batch/v1', kind: 'Job', name: 'export', condition: 'Complete' })
  const run = waitFor.run({ run: 'first-run' })
  const alias = waitFor.alias({ model: 'iris', alias: 'champion', atLeast: 2, ...every })
  const last = waitFor.time({ afterSeconds: 1 }).after(answer, file, job, run, alias)
  return {
    ...{ answer: answer.outputs.json, file: file.outputs.artifact, run: run.outputs.outputs },
    ...{ version: alias.outputs.version, last: last.outputs.time },
  }
})

const allPods = async () => (await kube.list(PODS, { namespace: place.namespace })).items
const messageOf = async (name: string) => (await place.runs.get(name)).status?.message ?? ''

test('a run of waits has no pod, outlives its operator, and ends when everything has come', async () => {
  const one = await start(first, {}, 'first-run')
  const two = await start(all, { url })
  await until('it says that it waits', async () => /6 wait|5 wait/.test(await messageOf(two.metadata.name)))
  expect(await messageOf(two.metadata.name)).toMatch(/^0 tasks run, 5 wait without a pod \(root\/wait-for-/)
  await operator.kill('SIGKILL')
  await comeAll()
  await operator.startAgain()
  const done = await finished(place, two)
  expect((await finished(place, one)).status).toMatchObject({ phase: 'Succeeded', podsCreated: 0 })
  expect(done.status).toMatchObject({
    phase: 'Succeeded',
    podsCreated: 0,
    counts: { total: 6, succeeded: 6 },
    outputs: {
      answer: { state: 'done' },
      file: { uri: '/kfp-store/landing/day.csv', type: { schemaTitle: 'system.Dataset' } },
      run: { ready: { data: { first: 'yes' } } },
      version: 2,
    },
  })
  expect((await allPods()).filter(({ metadata }) => metadata.labels?.['pipelines.kfp-ts.dev/run'])).toEqual([])
})

async function comeAll(): Promise<void> {
  status = 200
  await mkdir(join(place.store, 'landing'), { recursive: true })
  await writeFile(join(place.store, 'landing/day.csv'), '1,2,3')
  const metadata = await openMetadata({ url: join(place.store, 'metadata.db') })
  const alias = { namespace: place.namespace, name: 'iris', alias: 'champion', version: 2 }
  await metadata.db.insertInto('model_aliases').values(alias).execute()
  await metadata.close()
  await kube.create(CONFIG_MAPS, place.namespace, { metadata: { name: 'go' }, data: { first: 'yes' } } as KubeObject)
  const securityContext = {
    ...{ runAsNonRoot: true, runAsUser: 65532, allowPrivilegeEscalation: false },
    ...{ capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
  }
  const container = {
    name: 'c',
    image: 'busybox:latest',
    imagePullPolicy: 'IfNotPresent',
    command: ['true'],
    securityContext,
  }
  const template = { spec: { restartPolicy: 'Never', containers: [container] } }
  await kube.create(JOBS, place.namespace, { metadata: { name: 'export' }, spec: { template } } as KubeObject)
}

test('what may not be seen fails at once with what to do, and what does not come with what was seen', async () => {
  const wrong = definePipeline({ name: 'wrong', inputs: { url: t.string() } }, (inputs) => {
    waitFor.http({ taskName: 'outside', url: inputs.url })
  })
  const elsewhere = definePipeline({ name: 'elsewhere' }, () => {
    waitFor.resource({ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', namespace: 'kube-system' })
  })
  const beside = definePipeline({ name: 'beside' }, () => {
    waitFor.object({ uri: '/etc/passwd' })
  })
  const late = definePipeline({ name: 'late' }, () => {
    waitFor.resource({ apiVersion: 'v1', kind: 'ConfigMap', name: 'never', timeoutSeconds: 10 })
  })
  const runs = [start(wrong, { url: 'http://169.254.169.254/' }), start(elsewhere), start(beside), start(late)]
  const messages = await Promise.all(runs.map(async (run) => (await finished(place, await run)).status?.message))
  expect(messages).toEqual([
    'outside: GET http://169.254.169.254/: 169.254.169.254 may not be asked from here: start with --wait-allow-host 169.254.169.254',
    expect.stringContaining('--wait-allow-namespace kube-system'),
    expect.stringContaining('it does not lie on the volume of the store (/kfp-store/)'),
    'wait-for-resource: it waited longer than 10 s; last seen: ConfigMap never does not exist',
  ])
})

test('a run that is canceled while it waits is canceled at once', async () => {
  const run = await start(
    definePipeline({ name: 'endless' }, () => {
      waitFor.resource({ apiVersion: 'v1', kind: 'ConfigMap', name: 'never' })
      waitFor.time({ afterSeconds: 3600 })
    }),
  )
  await until('it waits', async () => /2 wait/.test(await messageOf(run.metadata.name)))
  await place.runs.cancel(run.metadata.name)
  expect((await finished(place, run)).status).toMatchObject({ phase: 'Canceled', podsCreated: 0 })
})
