/** What cluster tests stand on: a client, a namespace of their own with a store volume, and operator processes to start and kill. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chmod, mkdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import type { JsonValue } from '../../../api/json.ts'
import type { PipelineRunSpec } from '../../../api/pipeline-run.ts'
import { createKubeClient, type KubeClient } from '../../../client/kube/client.ts'
import { createHttpsTransport } from '../../../client/kube/https-transport.ts'
import { loadKubeAccess } from '../../../client/kube/kubeconfig.ts'
import { type KubeObject, PIPELINE_RUNS, PODS, type Resource, VOLUME_CLAIMS } from '../../../client/kube/resources.ts'
import { throttle } from '../../../client/kube/throttle.ts'
import { isAlreadyExists } from '../../../client/kube/transport.ts'
import { createRunsClient, type PipelineRun, type RunsClient } from '../../../client/runs.ts'

export const ROOT = resolve(import.meta.dirname, '../../..')
export const STATE = process.env['KFP_TS_CLUSTER_STATE'] ?? '/tmp/kfp-ts-cluster'
export const KUBECONFIG = join(STATE, 'kubeconfig')
const KUBECTL = join(
  process.env['XDG_CACHE_HOME'] ?? join(process.env['HOME'] ?? '/root', '.cache'),
  'kfp-ts/cluster/bin/kubectl',
)

export const NAMESPACES: Resource = { group: '', version: 'v1', plural: 'namespaces' }
export const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets' }
export const VOLUMES: Resource = { group: '', version: 'v1', plural: 'persistentvolumes' }
const CRDS: Resource = { group: 'apiextensions.k8s.io', version: 'v1', plural: 'customresourcedefinitions' }

export const kube: KubeClient = createKubeClient(
  throttle(createHttpsTransport(loadKubeAccess({ kubeconfig: requireCluster() }))),
)

function requireCluster(): string {
  if (existsSync(KUBECONFIG)) return KUBECONFIG
  throw new Error(`there is no cluster (${KUBECONFIG} is missing): run "make cluster-up" first`)
}

/** Output of kubectl; throws with its message when it fails. */
export function kubectl(...args: string[]): string {
  const program = existsSync(KUBECTL) ? KUBECTL : 'kubectl'
  const { status, stdout, stderr } = spawnSync(program, ['--kubeconfig', KUBECONFIG, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`kubectl ${args.join(' ')}: ${stderr}`)
  return stdout
}

export async function installCrds(): Promise<void> {
  for (const kind of ['pipelineruns', 'pipelines', 'scheduledruns', 'backfills', 'modeldeployments']) {
    const crd = parse(await readFile(join(ROOT, `manifests/base/crds/${kind}.yaml`), 'utf8')) as KubeObject
    await kube.create(CRDS, undefined, crd).catch(async (error) => {
      if (!isAlreadyExists(error)) throw error
      await kube.patch(CRDS, undefined, crd.metadata.name, crd)
    })
  }
  await until('the CRDs are served', async () => {
    kubectl('get', 'pipelineruns,pipelines,scheduledruns,backfills,modeldeployments', '-n', 'default')
    return true
  })
}

/**
 * Polls for tests: a condition that throws counts as not yet. When the time is over there is one more look, for this
 * process may have stood still.
 */
export async function until<T>(
  what: string,
  condition: () => Promise<T | undefined | false>,
  seconds = 120,
): Promise<T> {
  const deadline = Date.now() + seconds * 1000
  let last: unknown
  for (;;) {
    const isLastLook = Date.now() >= deadline
    try {
      const value = await condition()
      if (value) return value
    } catch (error) {
      last = error
    }
    if (isLastLook) throw new Error(`not in ${seconds} s: ${what}${last ? ` (${last})` : ''}`)
    await delay(50)
  }
}

/** A namespace that enforces the restricted profile, with the claim `store` on a directory of this machine. */
export interface Place {
  readonly namespace: string
  /** The store's directory. */
  readonly store: string
  readonly runs: RunsClient
  /** Takes away what was made of it, also when that was not all. */
  remove(): Promise<void>
}

/** Tells the namespaces of one run of the tests from those of others on the same cluster. */
export const TEST_RUN = { label: 'kfp-ts.dev/test-run', variable: 'KFP_TS_TEST_RUN' } as const

/** A place with a name of its own, of which nothing is in the cluster before it is made. */
export function planPlace(name: string): Place & { make(): Promise<void> } {
  const namespace = `t-${name}-${randomBytes(3).toString('hex')}`
  const store = join(STATE, 'volumes', namespace)
  return {
    namespace,
    store,
    runs: createRunsClient(kube, namespace),
    make: () => makeNamespace(namespace, store),
    remove: () => removeNamespace(namespace, store),
  }
}

export async function makePlace(name: string): Promise<Place> {
  const place = planPlace(name)
  await place.make()
  return place
}

async function makeNamespace(namespace: string, store: string): Promise<void> {
  await mkdir(store, { recursive: true })
  await chmod(store, 0o755)
  await kube.create(NAMESPACES, undefined, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespace,
      labels: {
        'pod-security.kubernetes.io/enforce': 'restricted',
        [TEST_RUN.label]: process.env[TEST_RUN.variable] ?? '',
      },
    },
  })
  await makeVolume(namespace, 'store', store)
  await until('the default service account', async () =>
    kube.get({ group: '', version: 'v1', plural: 'serviceaccounts' }, namespace, 'default'),
  )
  await until('the claim is bound', async () => {
    const claim = await kube.get<KubeObject & { status?: { phase?: string } }>(VOLUME_CLAIMS, namespace, 'store')
    return claim.status?.phase === 'Bound'
  })
}

async function removeNamespace(namespace: string, store: string): Promise<void> {
  // Before the namespace, whose own deletion begins only after five seconds: nobody waits for it here, global-setup.ts does.
  for (const resource of [PIPELINE_RUNS, PODS, VOLUME_CLAIMS]) {
    await kube.deleteCollection(resource, { namespace }, { gracePeriodSeconds: 0 }).catch(() => {})
  }
  try {
    await until('its pods are gone', async () => (await kube.list(PODS, { namespace })).items.length === 0, 300)
  } finally {
    await kube.delete(NAMESPACES, undefined, namespace).catch(() => {})
    await kube.delete(VOLUMES, undefined, `${namespace}-store`).catch(() => {})
    await rm(store, { recursive: true, force: true })
  }
}

/** A claim bound to a directory: what a shared volume of a real cluster would be. */
export async function makeVolume(namespace: string, claim: string, path: string): Promise<void> {
  const size = { storage: '10Gi' }
  await kube.create(VOLUMES, undefined, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `${namespace}-${claim}` },
    spec: {
      capacity: size,
      accessModes: ['ReadWriteMany'],
      storageClassName: 'kfp-ts-test',
      hostPath: { path },
      claimRef: { namespace, name: claim },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  } as KubeObject)
  await kube.create(VOLUME_CLAIMS, namespace, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: claim, namespace },
    spec: {
      accessModes: ['ReadWriteMany'],
      storageClassName: 'kfp-ts-test',
      volumeName: `${namespace}-${claim}`,
      resources: { requests: size },
    },
  } as KubeObject)
}

/** An operator as its own process, as a cluster would run it. */
export interface OperatorProcess {
  readonly pid: number
  readonly metricsUrl: string
  log(): string
  kill(signal?: NodeJS.Signals): Promise<void>
}

export async function startOperatorProcess(
  place: Place,
  extra: readonly string[] = [],
  environment: Readonly<Record<string, string>> = {},
  program: readonly [string, ...string[]] = [join(ROOT, 'bin/kfp-ts.js')],
): Promise<OperatorProcess> {
  const [file, ...first] = program
  const child: ChildProcess = spawn(
    file,
    [
      ...first,
      'operator',
      '--kubeconfig',
      KUBECONFIG,
      '--namespace',
      place.namespace,
      '--store',
      place.store,
      ...(extra.includes('--object-store') ? [] : ['--volume-claim', 'store']),
      ...extra,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...environment } },
  )
  let text = ''
  child.stderr?.on('data', (chunk) => {
    text = (text + chunk).slice(-200_000)
  })
  const ended = new Promise<void>((done) => child.once('exit', () => done()))
  const kill = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    await ended
  }
  const started = await until('the operator started', async () => {
    if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text}`)
    return /"health":"([^"]+)"/.exec(text)?.[1]
  }).catch(async (error) => {
    await kill('SIGKILL')
    throw error
  })
  return { pid: child.pid!, metricsUrl: `${started}/metrics`, log: () => text, kill }
}

export interface Submission {
  readonly place: Place
  readonly run: PipelineRun
}

/** What the test around a call of `submit` submitted: each test has its own, also one with others beside it. */
export const submissions = new AsyncLocalStorage<Submission[]>()

/** Starts a pipeline text; the name is made by the cluster. */
export async function submit(
  place: Place,
  pipelineText: string,
  options: { arguments?: Record<string, JsonValue>; spec?: Partial<PipelineRunSpec>; name?: string } = {},
): Promise<PipelineRun> {
  const pipelineName = /^pipelineInfo:\n(?: +.*\n)*? +name: (\S+)/m.exec(pipelineText)?.[1] ?? 'run'
  const run = await place.runs.create({ pipelineText, pipelineName, ...options })
  submissions.getStore()?.push({ place, run })
  return run
}

export async function finished(place: Place, run: PipelineRun, seconds = 300): Promise<PipelineRun> {
  return await place.runs.wait(run.metadata.name, { timeoutMillis: seconds * 1000 })
}
