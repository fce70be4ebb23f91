/** The operator as its image in the cluster, installed by kubectl from manifests/ with its own account: plain file and overlays. */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { stringify } from 'yaml'
import type { PipelineRun } from '../../../client/runs.ts'
import type { TestPostgres } from '../../servers/postgres.ts'
import { type S3Server, startS3Server } from '../../servers/s3-server.ts'
import { branchingPipeline, expectedStarts, prepareMarks, startsOf } from '../support/branching.ts'
import { finished, KUBECONFIG, kubectl, type Place, ROOT, submit, until } from '../support/cluster.ts'
import {
  applyOverlay,
  askAsOperator,
  CLAIM,
  leader,
  NAMESPACE,
  named,
  nodeIn,
  operatorIsGone,
  operatorPods,
  prepareInstallation,
  scaleOperator,
  waitForRollout,
} from '../support/installed.ts'
import { startProbes } from '../support/network-policies.ts'
import { hostAddress, script, startClusterPostgres } from '../support/servers.ts'

const PIPELINE = join(ROOT, 'examples/hybrid/pipeline.ts')
const ITEMS = 2
let place: Place
let folder: string
let accuracy: number

beforeAll(async () => {
  script('operator-image.sh', 'latest', 'next')
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-install-'))
  const local = JSON.parse(kfpTs('run', PIPELINE, '--json', '--root', join(folder, 'local'))) as {
    outputs: { accuracy: number }
  }
  accuracy = local.outputs.accuracy
  kfpTs('compile', PIPELINE, '-o', join(folder, 'hybrid.yaml'))
  place = await prepareInstallation()
})
afterAll(async () => {
  await place?.remove()
  rmSync(folder, { recursive: true, force: true })
})

function kfpTs(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(join(ROOT, 'bin/kfp-ts.js'), args, { encoding: 'utf8', cwd: folder })
  if (status !== 0) throw new Error(`kfp-ts ${args.join(' ')} ended with ${status}: ${stderr}`)
  return stdout
}

/** The hybrid example by kubectl: accuracy as locally and a pod a step; by `kfp-ts submit`: all from the cache. */
async function expectHybrid(name: string): Promise<void> {
  const resource = {
    apiVersion: 'pipelines.kfp-ts.dev/v1alpha1',
    kind: 'PipelineRun',
    metadata: { name, namespace: NAMESPACE },
    spec: { pipelineText: readFileSync(join(folder, 'hybrid.yaml'), 'utf8') },
  }
  writeFileSync(join(folder, 'run.yaml'), stringify(resource))
  kubectl('apply', '-f', join(folder, 'run.yaml'))
  const { status } = await finished(place, named(name), 300)
  expect(status, status?.message).toMatchObject({ phase: 'Succeeded', outputs: { accuracy }, counts: { cached: 0 } })
  const pods = await place.runs.pods(await place.runs.get(name))
  expect(pods).toHaveLength(status!.podsCreated!)
  expect(new Set(pods.map(({ path }) => path)).size).toBe(pods.length)
  expect(kubectl('get', 'plr', '-n', NAMESPACE, name)).toMatch(new RegExp(`${name} +Succeeded +Succeeded +\\d+/\\d+`))
  // Nobody waits for an event to be stored.
  await until('its event is there', async () =>
    /Normal +Succeeded .*kfp-ts/.test(kubectl('describe', 'plr', '-n', NAMESPACE, name)),
  )
  const again = JSON.parse(
    kfpTs('submit', PIPELINE, '--wait', '--json', '--kubeconfig', KUBECONFIG, '-n', NAMESPACE),
  ) as PipelineRun
  expect(again.status).toMatchObject({ phase: 'Succeeded', outputs: { accuracy }, podsCreated: 0 })
}

/** A run that is on its way: its first pod was made. */
async function startBranching(): Promise<PipelineRun> {
  const run = await submit(place, branchingPipeline(ITEMS, CLAIM))
  await until('its first pod was made', async () => (await place.runs.pods(run)).length > 0)
  return run
}

/** What steps of an operator on the volume see of it: the database lies beside it. */
const mounted = (): Place => ({ ...place, store: join(place.store, 'runs') })

async function expectWhole(run: PipelineRun, where: Place): Promise<void> {
  expect((await finished(place, run, 600)).status).toMatchObject({ phase: 'Succeeded', outputs: { last: 'finished' } })
  expect(await startsOf(where, run)).toEqual(expectedStarts(ITEMS))
}

describe('kubectl apply -f manifests/install.yaml', () => {
  test('gives an operator that is ready, cannot write to its image and may be disrupted', async () => {
    kubectl('apply', '-f', join(ROOT, 'manifests/install.yaml'))
    waitForRollout()
    await until('the operator made the folder of its store', async () => existsSync(mounted().store))
    for (const where of [place, mounted()]) await prepareMarks(where)
    expect(readdirSync(mounted().store)).not.toContain('database')
    expect(readdirSync(join(place.store, 'database'))).toContain('metadata.db')
    const [pod] = operatorPods()
    const tried = nodeIn(
      pod!.name,
      `try { fs.writeFileSync('/app/x', '') } catch (error) { console.log(process.getuid(), error.code) }`,
    )
    expect(tried.trim()).toBe('65532 EROFS')
    await until('the budget allows one disruption', async () =>
      /kfp-ts-operator +N\/A +1 +1 /.test(kubectl('get', 'pdb', '-n', NAMESPACE)),
    )
  })

  test('runs the hybrid example: same accuracy, a pod a step, then all from the cache', async () => {
    await expectHybrid('hybrid')
  })

  test('is let do with its own token what it needs, and nothing beyond its namespace', async () => {
    const allowed = ['pods', 'configmaps/none', 'events'].map((path) => `/api/v1/namespaces/${NAMESPACE}/${path}`)
    const refused = [
      { method: 'GET', path: `/api/v1/namespaces/${NAMESPACE}/secrets` },
      { method: 'GET', path: '/api/v1/namespaces/kube-system/pods' },
      { method: 'GET', path: '/api/v1/nodes' },
      { method: 'GET', path: '/api/v1/secrets' },
      { method: 'GET', path: '/apis/pipelines.kfp-ts.dev/v1alpha1/pipelineruns' },
      { method: 'POST', path: '/api/v1/namespaces/kube-system/pods' },
      { method: 'POST', path: `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/pipeline-runner/token` },
      { method: 'POST', path: `/api/v1/namespaces/${NAMESPACE}/pods/x/exec?command=sh` },
      { method: 'POST', path: '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings' },
      { method: 'DELETE', path: '/api/v1/namespaces/default' },
    ]
    const [pod] = operatorPods()
    const codes = askAsOperator(pod!.name, [...allowed.map((path) => ({ method: 'GET', path })), ...refused])
    expect(codes).toEqual([200, 404, 200, ...refused.map(() => 403)])
    expect(kubectl('logs', '-n', NAMESPACE, pod!.name)).not.toMatch(/forbidden/i)
  })

  test('tells its numbers to who scrapes its Service', async () => {
    const [pod] = operatorPods()
    const text = await (await fetch(`http://${pod!.ip}:8080/metrics`)).text()
    const runs = await place.runs.list()
    const made = runs.reduce((sum, { status }) => sum + (status?.podsCreated ?? 0), 0)
    expect(text).toMatch(new RegExp(`^kfp_ts_operator_pods_created_total ${made}$`, 'm'))
    expect((await fetch(`http://${pod!.ip}:8080/readyz`)).status).toBe(200)
    expect((await fetch(`http://${pod!.ip}:8080/healthz`)).status).toBe(200)
  })

  test('is reached, as its steps are, by those that its NetworkPolicies name', async () => {
    const policies = join(ROOT, 'manifests/base/network-policy.yaml')
    kubectl('delete', '-f', policies)
    const probes = await startProbes(place, operatorPods()[0]!)
    onTestFinished(probes.stop)
    const areRefused = (connections: readonly string[]) =>
      until(`refused are exactly: ${connections}`, async () => {
        const refused = probes.refused()
        if (String(refused) === String([...connections].sort())) return true
        throw new Error(`refused are ${refused}`)
      })
    await areRefused([])
    kubectl('apply', '-f', policies)
    await areRefused([
      ...['step -> metrics', 'stranger -> metrics', 'disguised -> metrics'],
      ...['stranger -> step', 'prometheus -> step', 'disguised -> step', 'operator -> step'],
    ])
    // Neither the kubelet's probes nor its own calls to the API server are in the way.
    expect(operatorPods()).toHaveLength(1)
    waitForRollout()
  })
})

describe('the overlay volume-sqlite', () => {
  test('is upgraded while a run goes on: nothing is lost, nothing runs twice', async () => {
    const run = await startBranching()
    applyOverlay('volume-sqlite', 'next')
    waitForRollout()
    expect(operatorPods().map(({ image }) => image)).toEqual(['kfp-ts:next'])
    await expectWhole(run, mounted())
  })

  test('is backed up in the middle of a run, loses its volume, is restored, and goes on', async () => {
    const run = await startBranching()
    scaleOperator(0)
    await operatorIsGone()
    await until('every step is over', async () =>
      (await place.runs.pods(run)).every(({ phase }) => phase === 'Succeeded' || phase === 'Failed'),
    )
    const backup = join(folder, 'backup')
    cpSync(place.store, backup, { recursive: true, preserveTimestamps: true })
    for (const name of readdirSync(place.store)) rmSync(join(place.store, name), { recursive: true })
    spawnSync('cp', ['-a', `${backup}/.`, place.store])
    spawnSync('chown', ['-R', '65532:65532', place.store])
    scaleOperator(1)
    waitForRollout()
    await expectWhole(run, mounted())
    // What the cache knew before is known again.
    const again = JSON.parse(
      kfpTs('submit', PIPELINE, '--wait', '--json', '--kubeconfig', KUBECONFIG, '-n', NAMESPACE),
    ) as PipelineRun
    expect(again.status).toMatchObject({ phase: 'Succeeded', podsCreated: 0 })
  })
})

describe('the overlay postgres-s3', () => {
  let postgres: TestPostgres
  let s3: S3Server
  beforeAll(async () => {
    postgres = await startClusterPostgres()
    s3 = await startS3Server(hostAddress())
    kubectl('apply', '-f', join(import.meta.dirname, '../support/service-monitor-crd.yaml'))
    const { endpoint, credentials } = s3.settings
    const secret = (name: string, values: Record<string, string>) =>
      kubectl(
        ...['create', 'secret', 'generic', name, '-n', NAMESPACE],
        ...Object.entries(values).map(([key, value]) => `--from-literal=${key}=${value}`),
      )
    secret('kfp-ts-database', { url: postgres.url })
    secret('kfp-ts-s3', {
      AWS_ACCESS_KEY_ID: credentials!.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials!.secretAccessKey,
    })
    const option = '/spec/template/spec/containers/0/args'
    applyOverlay('postgres-s3', 'latest', {
      components: ['service-monitor'],
      patch: [
        { op: 'replace', path: `${option}/2`, value: `--object-store=s3://${s3.bucket}/kfp-ts` },
        { op: 'add', path: `${option}/-`, value: `--s3-endpoint=${endpoint}` },
      ],
    })
    waitForRollout()
  })
  afterAll(async () => {
    scaleOperator(0)
    kubectl('delete', '-f', join(import.meta.dirname, '../support/service-monitor-crd.yaml'), '--ignore-not-found')
    await postgres?.stop()
    await s3?.stop()
  })

  test('has two replicas, of which one leads, and runs the hybrid example', async () => {
    expect(operatorPods()).toHaveLength(2)
    await leader()
    await expectHybrid('hybrid-s3')
  })

  // How soon, ../replicas.test.ts says.
  test('goes on when its leader is killed, and through a rolling restart', async () => {
    const run = await startBranching()
    const first = await leader()
    kubectl('delete', 'pod', first, '-n', NAMESPACE, '--grace-period=0', '--force')
    await until('the other leads', async () => (await leader()) !== first)
    kubectl('rollout', 'restart', 'deployment/kfp-ts-operator', '-n', NAMESPACE)
    waitForRollout()
    await expectWhole(run, place)
  })

  test("gives the ServiceMonitor a Service and a port that are there, and secrets to none of its steps' pods", async () => {
    const monitor = JSON.parse(kubectl('get', 'servicemonitors', 'kfp-ts-operator', '-n', NAMESPACE, '-o', 'json')) as {
      spec: { selector: { matchLabels: Record<string, string> }; endpoints: { port: string; path: string }[] }
    }
    const labels = Object.entries(monitor.spec.selector.matchLabels).map(([key, value]) => `${key}=${value}`)
    const service = kubectl('get', 'services', '-n', NAMESPACE, '-l', labels.join(','), '-o', 'name').trim()
    const [endpoint] = monitor.spec.endpoints
    // Those of the restart before may still be listed, on their way out.
    const addresses = await until('both replicas are listed as ready', async () => {
      const ready = readyAddresses(service.replace('service/', ''), endpoint!.port)
      return ready.length === 2 && ready
    })
    for (const address of addresses) {
      const text = await (await fetch(`http://${address}${endpoint!.path}`)).text()
      expect(text).toMatch(/^kfp_ts_operator_leader [01]$/m)
    }
  })
})

interface Slice {
  /** Both are null in one that is empty. */
  readonly ports: readonly { readonly name: string; readonly port: number }[] | null
  readonly endpoints:
    | readonly { readonly addresses: readonly string[]; readonly conditions: { ready?: boolean } }[]
    | null
}

/** `HOST:PORT` of the ready endpoints behind a port of a Service. */
function readyAddresses(service: string, portName: string): string[] {
  const selector = `kubernetes.io/service-name=${service}`
  const text = kubectl('get', 'endpointslices', '-n', NAMESPACE, '-o', 'json', '-l', selector)
  return (JSON.parse(text) as { items: Slice[] }).items.flatMap(({ ports, endpoints }) => {
    const port = ports?.find(({ name }) => name === portName)?.port
    const ready = endpoints?.filter(({ conditions }) => conditions.ready) ?? []
    return ready.map(({ addresses }) => `${addresses[0]}:${port}`)
  })
}
