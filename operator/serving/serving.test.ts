/** ModelDeployments against an API server in memory: what is applied, when it changes, what is reported. */
import { afterEach, describe, expect, test, vi } from 'vitest'
import { MODEL_DEPLOYMENTS, PODS } from '../../client/kube/resources.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { buildServing, serviceName } from './build-serving.ts'
import type { FoundModel } from './find-model.ts'
import { DEPLOYMENTS, INFERENCE_SERVICES, type ModelDeployment, SERVICES } from './model-objects.ts'
import { type ServingController, startServingController } from './serving-controller.ts'

const deployment = (spec: Partial<ModelDeployment['spec']> = {}): ModelDeployment => ({
  metadata: { name: 'iris', namespace: 'ml', uid: 'u-1', generation: 1 },
  spec: { model: 'iris', alias: 'champion', ...spec },
})
const settings = {
  pods: { store: { claimName: 'store' }, mountPath: '/kfp-store' },
  servingImage: 'kfp-ts:1',
  serviceAccountName: 'runner',
}
const place = { subPath: 'artifacts/0/r/artifacts/model', fileName: 'model.json' }

describe('what serves a version', () => {
  const built = (spec = {}, where: Parameters<typeof buildServing>[0]['place'] = place, pods = settings.pods) =>
    buildServing({
      deployment: deployment(spec),
      version: '3',
      place: where,
      settings: { ...settings, pods: pods as typeof settings.pods },
    })

  test('on a volume: the folder of the model alone, read-only, no token, the new before the old', () => {
    const [service, workload] = built({ replicas: 3 })
    expect(service).toMatchObject({ resource: SERVICES, object: { spec: { ports: [{ port: 80 }] } } })
    expect(workload!.object).toMatchObject({
      kind: 'Deployment',
      metadata: { ownerReferences: [{ kind: 'ModelDeployment', uid: 'u-1', controller: true }] },
      spec: {
        replicas: 3,
        strategy: { rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: { annotations: { 'pipelines.kfp-ts.dev/model-version': '3' } },
          spec: {
            automountServiceAccountToken: false,
            volumes: [{ persistentVolumeClaim: { claimName: 'store' } }],
            containers: [
              {
                image: 'kfp-ts:1',
                args: expect.arrayContaining(['/model/model.json', '--model-version', '3']),
                volumeMounts: [{ mountPath: '/model', subPath: place.subPath, readOnly: true }],
                securityContext: { readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
                readinessProbe: { httpGet: { path: '/ready' } },
              },
            ],
          },
        },
      },
    })
  })

  test('on an object store: the URI, with the credentials of the store', () => {
    const objects = { launcherImage: 'l', secretName: 's3', endpoint: 'http://s3' }
    const [, workload] = built({}, { uri: 's3://b/m.onnx' }, { store: { objects }, mountPath: '/x' } as never)
    const [container] = (workload!.object as unknown as { spec: { template: { spec: { containers: object[] } } } }).spec
      .template.spec.containers
    expect(container).toMatchObject({ args: expect.arrayContaining(['s3://b/m.onnx']) })
    expect(JSON.stringify(container)).toContain('AWS_SECRET_ACCESS_KEY')
    expect(container).not.toHaveProperty('volumeMounts')
  })

  test('KServe gets the same pod as its predictor', () => {
    expect(built({ format: 'KServe', replicas: 0 })).toMatchObject([
      {
        resource: INFERENCE_SERVICES,
        object: { spec: { predictor: { minReplicas: 0, containers: [{ name: 'kserve-container' }] } } },
      },
    ])
  })

  test.each([
    ['iris-champion', 'iris-champion'],
    ['1.iris.v2', 'iris-v2'],
    ['9', 'model'],
    ['a'.repeat(70), 'a'.repeat(63)],
  ])('the Service of %s is %s', (name, wanted) => {
    expect(serviceName(name)).toBe(wanted)
  })
})

describe('the controller', () => {
  let controller: ServingController | undefined
  afterEach(async () => {
    await controller?.stop()
  })

  function start(found: () => FoundModel, object = deployment()) {
    const cluster = new FakeCluster()
    cluster.apply(MODEL_DEPLOYMENTS, object as never)
    let change = 1
    controller = startServingController({
      kube: cluster.client,
      finder: { find: async () => found(), lastChange: async () => change },
      settings,
      log: () => {},
      pollMillis: 5,
    })
    const status = () => (cluster.find(MODEL_DEPLOYMENTS, 'iris') as unknown as ModelDeployment).status
    const ready = () => status()?.conditions?.find(({ type }) => type === 'Ready')
    const rolledOut = () => {
      const seen = cluster.find(DEPLOYMENTS, 'iris')!
      const replicas = 2
      cluster.apply(DEPLOYMENTS, {
        ...seen,
        status: {
          observedGeneration: seen.metadata.generation,
          replicas,
          updatedReplicas: replicas,
          readyReplicas: replicas,
          availableReplicas: replicas,
        },
      })
    }
    return { cluster, status, ready, rolledOut, aliasMoved: () => (change += 1) }
  }

  test('follows the alias, reports when the change is complete, and is quiet then', async () => {
    let version = '1'
    const { cluster, status, ready, rolledOut, aliasMoved } = start(() => ({ version, place }))
    await vi.waitFor(() => expect(cluster.find(DEPLOYMENTS, 'iris')).toBeDefined())
    await vi.waitFor(() => expect(ready()).toMatchObject({ status: 'False', reason: 'Progressing' }))
    rolledOut()
    await vi.waitFor(() => expect(status()).toMatchObject({ servedVersion: '1', url: 'http://iris.ml.svc' }))
    version = '2'
    aliasMoved()
    await vi.waitFor(() => expect(status()).toMatchObject({ version: '2', servedVersion: '1' }))
    const lastState = { terminated: { exitCode: 2, message: 'error: the model file is damaged' } }
    const status2 = { containerStatuses: [{ name: 'kserve-container', lastState }] }
    cluster.apply(PODS, { metadata: { name: 'iris-1', namespace: 'ml', uid: 'p' }, status: status2 } as never)
    aliasMoved()
    await vi.waitFor(() =>
      expect(ready()).toMatchObject({ status: 'False', message: expect.stringMatching(/^0 of 2.*iris-1.*damaged/) }),
    )
    rolledOut()
    await vi.waitFor(() => expect(status()).toMatchObject({ version: '2', servedVersion: '2' }))
    const calls = cluster.calls.length
    await new Promise((resolve) => setTimeout(resolve, 60))
    expect(cluster.calls).toHaveLength(calls)
  })

  test('a version that can not be served leaves the old one at work and says why', async () => {
    let found: FoundModel = { version: '1', place }
    const { cluster, status, ready, rolledOut, aliasMoved } = start(() => found)
    await vi.waitFor(() => expect(cluster.find(DEPLOYMENTS, 'iris')).toBeDefined())
    rolledOut()
    await vi.waitFor(() => expect(ready()?.status).toBe('True'))
    found = { version: '2', reason: 'NotServable', message: 'version 2 of iris holds no model file' }
    aliasMoved()
    await vi.waitFor(() =>
      expect(status()?.conditions).toMatchObject([
        { type: 'Resolved', status: 'False', reason: 'NotServable', message: 'version 2 of iris holds no model file' },
        { type: 'Ready', status: 'True', message: expect.stringContaining('version 1') },
      ]),
    )
    expect(cluster.calls.filter((call) => call === 'apply deployments iris')).toHaveLength(1)
  })

  test('touches nothing that belongs to somebody else', async () => {
    const cluster = new FakeCluster()
    cluster.apply(DEPLOYMENTS, { metadata: { name: 'iris', namespace: 'ml', uid: 'other' } } as never)
    cluster.apply(MODEL_DEPLOYMENTS, deployment() as never)
    controller = startServingController({
      kube: cluster.client,
      finder: { find: async () => ({ version: '1', place }), lastChange: async () => 1 },
      settings,
      log: () => {},
    })
    await vi.waitFor(() => {
      const { status } = cluster.find(MODEL_DEPLOYMENTS, 'iris') as unknown as ModelDeployment
      expect(status?.conditions?.[0]).toMatchObject({ reason: 'Conflict', message: expect.stringContaining('iris') })
    })
    expect(cluster.calls).not.toContain('apply deployments iris')
  })

  test('says when KServe is not installed', async () => {
    const { ready } = start(() => ({ version: '1', place }), deployment({ format: 'KServe' }))
    await vi.waitFor(() => expect(ready()).toMatchObject({ status: 'False', reason: 'KServeMissing' }))
  })
})
