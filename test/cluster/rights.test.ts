/** What the operator's account may and may not do, tried for real under its name. */
import { readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { KubeObject, Resource } from '../../client/kube/resources.ts'
import { mayDo } from './support/access.ts'
import { kube, kubectl, ROOT, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { removeLeftovers } from './support/installed.ts'

const OPERATOR = 'system:serviceaccount:kfp-ts:kfp-ts-operator'
const STEP = 'system:serviceaccount:kfp-ts:pipeline-runner'
const POD = (spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tried' }, spec })
const CLUSTER_ROLES: Resource = { group: 'rbac.authorization.k8s.io', version: 'v1', plural: 'clusterroles' }
const place = usePlace('rights')
let manifest: string

beforeAll(async () => {
  const rbac = await readFile(join(ROOT, 'manifests/base/rbac.yaml'), 'utf8')
  manifest = join(tmpdir(), `kfp-ts-rbac-${process.pid}.yaml`)
  await writeFile(manifest, rbac)
  await removeLeftovers()
  kubectl('create', 'namespace', 'kfp-ts')
  kubectl('apply', '-f', manifest)
})
afterAll(async () => {
  kubectl('delete', '-f', manifest, '--ignore-not-found')
  kubectl('delete', 'namespace', 'kfp-ts', '--ignore-not-found', '--wait=false')
  await rm(manifest, { force: true })
})

const as = (account: string, ...args: string[]): string => kubectl('--as', account, ...args)

describe('the operator is refused', () => {
  test.each([
    ['Secrets of its namespace', ['get', 'secrets', '-n', 'kfp-ts']],
    ['Secrets elsewhere', ['get', 'secrets', '-A']],
    ['changes of Secrets', ['annotate', 'secret', 'another', 'a=b', '-n', 'kfp-ts']],
    ['ConfigMaps that nobody named', ['get', 'configmaps', '-n', 'kfp-ts']],
    ['nodes', ['get', 'nodes']],
    ['namespaces', ['get', 'namespaces']],
    ['workloads elsewhere', ['get', 'deployments', '-A']],
    ['other workloads', ['get', 'daemonsets', '-A']],
    ['what it made, once made', ['delete', 'deployment', 'iris', '-n', 'kfp-ts']],
    ['other leases', ['get', 'lease', 'another', '-n', 'kfp-ts']],
    ['leases elsewhere', ['get', 'leases', '-n', 'kube-system']],
    ['roles', ['create', 'clusterrole', 'mine', '--verb=get', '--resource=secrets']],
    ['service account tokens', ['create', 'token', 'pipeline-runner', '-n', 'kfp-ts']],
    ['runs of other namespaces', ['get', 'pipelineruns', '-n', 'default']],
    ['pods of other namespaces', ['get', 'pods', '-n', 'kube-system']],
    ['pods in other namespaces', ['run', 'mine', '--image=busybox:latest', '-n', 'kube-system']],
    ['its own rights', ['delete', 'clusterrole', 'kfp-ts-operator']],
  ])('%s', (_what, command) => {
    expect(() => as(OPERATOR, ...command)).toThrow(/[Ff]orbidden/)
  })
  test('commands in pods', () => {
    expect(() =>
      as(OPERATOR, 'create', '--raw', '/api/v1/namespaces/kfp-ts/pods/x/exec?command=sh', '-f', '/dev/null'),
    ).toThrow(/[Ff]orbidden/)
  })
})

test.each([
  ['list', 'pipelineruns'],
  ['patch', 'pipelineruns/status'],
  ['create', 'pods'],
  ['delete', 'pods'],
  ['get', 'pods/log'],
  ['create', 'events'],
  ['create', 'secrets'],
  ['watch', 'configmaps/semaphore-config'],
])('the operator may %s %s', (verb, resource) => {
  expect(as(OPERATOR, 'auth', 'can-i', verb, resource, '-n', 'kfp-ts').trim()).toBe('yes')
})

test('the operator may list the ConfigMap of semaphores, as it does', () => {
  const path = '/api/v1/namespaces/kfp-ts/configmaps?fieldSelector=metadata.name%3D'
  expect(as(OPERATOR, 'get', '--raw', `${path}semaphore-config`)).toContain('ConfigMapList')
  expect(() => as(OPERATOR, 'get', '--raw', `${path}another`)).toThrow(/[Ff]orbidden/)
})

test('the operator may watch what roles with the label of waits let it, and nothing else', async () => {
  const may = () => as(OPERATOR, 'auth', 'can-i', 'watch', 'jobs.batch', '-n', place.namespace)
  expect(may).toThrow()
  const labels = { 'pipelines.kfp-ts.dev/aggregate-to-waits': 'true' }
  const rules = [{ apiGroups: ['batch'], resources: ['jobs'], verbs: ['get', 'list', 'watch'] }]
  const name = `waits-${place.namespace}`
  await kube.create(CLUSTER_ROLES, undefined, { metadata: { name, labels }, rules } as KubeObject)
  try {
    await until('the right is there', async () => may().trim() === 'yes')
  } finally {
    await kube.delete(CLUSTER_ROLES, undefined, name)
  }
})

test('a viewer may get a token of the account that reads runs, and of no other; the role view of the cluster gives none', async () => {
  const may = (user: string, account: string) =>
    as(user, 'create', 'token', account, '-n', 'kfp-ts', '--audience', 'pipelines.kubeflow.org')
  for (const [user, role] of [
    ['vera', 'kfp-ts-viewer'],
    ['viktor', 'view'],
  ] as const)
    kubectl('create', 'rolebinding', user, '-n', 'kfp-ts', `--clusterrole=${role}`, `--user=${user}`)
  await until('the right is there', async () => may('vera', 'kfp-ts-reader') !== '')
  expect(() => may('vera', 'pipeline-runner')).toThrow(/[Ff]orbidden/)
  expect(() => may('vera', 'kfp-ts-operator')).toThrow(/[Ff]orbidden/)
  expect(() => may('viktor', 'kfp-ts-reader')).toThrow(/[Ff]orbidden/)
  const can = (verb: string, group: string, resource: string): Promise<boolean> =>
    mayDo('kfp-ts:kfp-ts-reader', { namespace: 'kfp-ts', verb, group, resource })
  expect(await can('get', 'pipelines.kubeflow.org', 'runs')).toBe(true)
  expect(await can('delete', 'pipelines.kubeflow.org', 'runs')).toBe(false)
  expect(await can('get', 'pipelines.kfp-ts.dev', 'pipelineruns')).toBe(false)
  expect(await can('get', '', 'pods')).toBe(false)
})

test.each(['pods', 'secrets', 'pipelineruns', 'configmaps'])('a step may not even list %s', (resource) => {
  expect(() => as(STEP, 'get', resource, '-n', 'kfp-ts')).toThrow(/[Ff]orbidden/)
})

test.each([
  ['a host directory', { volumes: [{ name: 'h', hostPath: { path: '/' } }] }],
  ['the host network', { hostNetwork: true }],
])('the namespace refuses pods with %s, whoever makes them', async (_what, extra) => {
  const file = join(tmpdir(), `kfp-ts-pod-${process.pid}.json`)
  await writeFile(file, JSON.stringify(POD({ containers: [{ name: 'x', image: 'busybox:latest' }], ...extra })))
  expect(() => kubectl('create', '-n', place.namespace, '-f', file)).toThrow(/violates PodSecurity/)
  await rm(file, { force: true })
})

test.each(['volume-sqlite', 'postgres-s3'])('an API server takes the overlay %s as it is, new', (name) => {
  expect(kubectl('apply', '-k', join(ROOT, 'manifests/overlays', name), '--dry-run=server')).toMatch(
    /deployment\.apps\/kfp-ts-operator created/,
  )
})
