/** The operator installed in the cluster from manifests/, as a person would do it: kustomize overlays, rollout, clean-up. */
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { stringify } from 'yaml'
import type { KubeObject } from '../../../client/kube/resources.ts'
import { isNotFound } from '../../../client/kube/transport.ts'
import { createRunsClient, type PipelineRun } from '../../../client/runs.ts'
import { kube, kubectl, NAMESPACES, type Place, ROOT, STATE, until, VOLUMES } from './cluster.ts'

export const NAMESPACE = 'kfp-ts'
export const CLAIM = 'kfp-ts-store'
const DEPLOYMENT = 'deployment/kfp-ts-operator'
/** The user of the operator and of steps. */
const USER = 65532

/** What tests that were broken off left of an installation goes; one before them may still be on its way out. */
export async function removeLeftovers(): Promise<void> {
  kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found', '--wait=false')
  await until(
    'an earlier installation is gone',
    async () => kube.get(NAMESPACES, undefined, NAMESPACE).then(() => false, isNotFound),
    300,
  )
  kubectl('delete', 'pv', CLAIM, '--ignore-not-found')
}

/** A volume for the claim of the manifests, which names no class, and the namespace's runs. */
export async function prepareInstallation(): Promise<Place> {
  await removeLeftovers()
  const store = join(STATE, 'volumes', NAMESPACE)
  rmSync(store, { recursive: true, force: true })
  mkdirSync(store, { recursive: true })
  chownSync(store, USER, USER)
  await kube.create(VOLUMES, undefined, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: CLAIM },
    spec: {
      capacity: { storage: '20Gi' },
      accessModes: ['ReadWriteMany'],
      hostPath: { path: store },
      claimRef: { namespace: NAMESPACE, name: CLAIM },
      persistentVolumeReclaimPolicy: 'Retain',
    },
  } as KubeObject)
  return {
    namespace: NAMESPACE,
    store,
    runs: createRunsClient(kube, NAMESPACE),
    async remove() {
      kubectl('delete', 'plr', '--all', '-n', NAMESPACE, '--ignore-not-found')
      // The kinds stay: other tests use them.
      for (const name of ['rbac', 'operator', 'store-claim', 'network-policy', 'disruption-budget']) {
        kubectl('delete', '-f', join(ROOT, `manifests/base/${name}.yaml`), '--ignore-not-found')
      }
      kubectl('delete', 'namespace', NAMESPACE, '--ignore-not-found')
      kubectl('delete', 'pv', CLAIM, '--ignore-not-found')
      rmSync(store, { recursive: true, force: true })
    },
  }
}

/** `kubectl apply -k` of an overlay of one's own on top of one of ours. */
export function applyOverlay(
  name: string,
  tag: string,
  { patch = [], components = [] }: { patch?: readonly object[]; components?: readonly string[] } = {},
): void {
  const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-overlay-'))
  const target = { kind: 'Deployment', name: 'kfp-ts-operator' }
  const overlay = {
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: [relative(folder, join(ROOT, 'manifests/overlays', name))],
    components: components.map((component) => relative(folder, join(ROOT, 'manifests/components', component))),
    images: [{ name: 'kfp-ts', newTag: tag }],
    ...(patch.length > 0 ? { patches: [{ target, patch: stringify(patch) }] } : {}),
  }
  writeFileSync(join(folder, 'kustomization.yaml'), stringify(overlay))
  kubectl('apply', '-k', folder)
  rmSync(folder, { recursive: true, force: true })
}

export function waitForRollout(): void {
  kubectl('rollout', 'status', DEPLOYMENT, '-n', NAMESPACE, '--timeout=600s')
}

export function scaleOperator(replicas: number): void {
  kubectl('scale', DEPLOYMENT, '-n', NAMESPACE, `--replicas=${replicas}`)
}

export interface OperatorPod {
  readonly name: string
  readonly ip: string
  readonly image: string
}

interface ListedPod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string }
  readonly spec: { readonly containers: readonly { readonly image: string }[] }
  readonly status: { readonly podIP?: string }
}

function listOperatorPods(): ListedPod[] {
  const text = kubectl('get', 'pods', '-n', NAMESPACE, '-l', 'app.kubernetes.io/name=kfp-ts-operator', '-o', 'json')
  return (JSON.parse(text) as { items: ListedPod[] }).items
}

/** Pods of the operator that are there, deleted ones not among them. */
export function operatorPods(): OperatorPod[] {
  return listOperatorPods()
    .filter(({ metadata }) => !metadata.deletionTimestamp)
    .map(({ metadata, spec, status }) => ({
      name: metadata.name,
      ip: status.podIP ?? '',
      image: spec.containers[0]!.image,
    }))
}

/** Until no process of the operator is left: the pod of one that still closes its database is there, deleted. */
export async function operatorIsGone(): Promise<void> {
  await until('the operator is gone', async () => listOperatorPods().length === 0)
}

/** The pod that holds the lease. */
export async function leader(): Promise<string> {
  return await until('a replica leads', async () => {
    const holder = kubectl('get', 'lease', 'kfp-ts-operator', '-n', NAMESPACE, '-o', 'jsonpath={.spec.holderIdentity}')
    return operatorPods().find(({ name }) => holder.startsWith(name))?.name
  })
}

/** What a program that runs in a pod of the operator prints. */
export function nodeIn(pod: string, program: string): string {
  return kubectl('exec', '-n', NAMESPACE, pod, '--', 'node', '-e', program)
}

/** Status codes that the API server answers to the pod's own account, in the order of the requests. */
export function askAsOperator(pod: string, requests: readonly { method: string; path: string }[]): number[] {
  const program = `
    const folder = '/var/run/secrets/kubernetes.io/serviceaccount/'
    const read = (name) => fs.readFileSync(folder + name)
    const ask = ({ method, path }) => new Promise((resolve, reject) => {
      const headers = { authorization: 'Bearer ' + read('token'), 'content-type': 'application/json' }
      const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
      https.request({ host, port, method, path, headers, ca: read('ca.crt') }, (answer) => {
        answer.resume().on('end', () => resolve(answer.statusCode))
      }).on('error', reject).end(method === 'GET' ? undefined : '{}')
    })
    Promise.all(${JSON.stringify(requests)}.map(ask)).then((codes) => console.log(JSON.stringify(codes)))`
  return JSON.parse(nodeIn(pod, program)) as number[]
}

export const named = (name: string): PipelineRun => ({ metadata: { name } }) as PipelineRun
