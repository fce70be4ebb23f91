import { describe, expect, test } from 'vitest'
import type { Launch } from '../../engine/types.ts'
import { buildPod, type PodRequest } from './build-pod.ts'
import { parseQuantity } from './quantity.ts'
import { importLaunch } from './staging.ts'

const launch: Launch = {
  taskKey: 'train',
  displayName: 'Train',
  componentName: 'comp-train',
  executorLabel: 'exec-train',
  image: 'python:3.11',
  command: ['python3', '-m', 'train'],
  args: ['--executor_input', '{}'],
  env: [{ name: 'LEVEL', value: 'debug' }],
  resources: { memoryLimit: '512Mi', cpuRequest: '250m', accelerator: { type: 'nvidia.com/gpu', count: '1' } },
  executorInput: { inputs: {}, outputs: { outputFile: '/kfp-store/scratch/u/x/output.json' } },
  outputs: { parameters: {}, artifacts: {} },
  inputArtifacts: [],
  scratchDir: '/kfp-store/scratch/u/x',
  kubernetes: {},
  usesWorkspace: false,
}

const request = (change: Partial<PodRequest> = {}, launchChange: Partial<Launch> = {}): PodRequest => ({
  run: { name: 'nightly', namespace: 'ml', uid: 'u-1', runId: 'r-1', pipeline: 'training' },
  task: 'root/train',
  attempt: 2,
  launch: { ...launch, ...launchChange },
  defaults: {},
  settings: { store: { claimName: 'store' }, mountPath: '/kfp-store' },
  workspace: { subPath: 'workspaces/u-1' },
  ...change,
})

describe('a pod', () => {
  test('has one container, the image and command of the user, and nothing injected', () => {
    const { spec } = buildPod(request())
    expect(spec?.initContainers).toBeUndefined()
    expect(spec?.containers).toHaveLength(1)
    expect(spec?.containers[0]).toMatchObject({ image: 'python:3.11', command: launch.command, args: launch.args })
  })

  test('meets the restricted profile and holds no token', () => {
    const { spec } = buildPod(request())
    expect(spec).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
    })
    expect(spec?.containers[0]?.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
    })
  })

  test('runs as the image says when the run opts out', () => {
    const { spec } = buildPod(request({ defaults: { security: 'Image' } }))
    expect(spec?.securityContext).toBeUndefined()
    expect(spec?.containers[0]?.securityContext).toBeUndefined()
    expect(spec?.containers[0]?.env?.map(({ name }) => name)).not.toContain('HOME')
  })

  test('keeps its name whoever builds it, and has another for another attempt', () => {
    const name = buildPod(request()).metadata.name
    expect(buildPod(request()).metadata.name).toBe(name)
    expect(buildPod(request({ attempt: 3 })).metadata.name).not.toBe(name)
  })

  test.each([
    ['a'.repeat(200), 'root/for-loop-2[3]/train_the_model'],
    ['1-run.with.dots', 'root/x[12]/y'],
    ['---', 'root/___'],
  ])('has a name that Kubernetes takes: %s %s', (name, task) => {
    const pod = buildPod(request({ run: { name, namespace: 'ml', uid: 'u', runId: 'u', pipeline: 'p' }, task }))
    expect(pod.metadata.name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    for (const value of Object.values(pod.metadata.labels ?? {})) {
      expect(value).toMatch(/^(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?$/)
    }
  })

  test('gets more memory after OOM kills, up to the maximum', () => {
    const memory = (memoryFactor: number) =>
      buildPod(request({ memoryFactor, maxMemory: '1Gi' })).spec?.containers[0]?.resources?.limits?.['memory']
    expect(memory(1)).toBe('512Mi')
    expect(memory(1.5)).toBe(String(768 * 2 ** 20))
    expect(memory(8)).toBe(String(2 ** 30))
  })

  test('carries the Kubernetes configuration of its executor', () => {
    const { spec, metadata } = buildPod(
      request(
        {},
        {
          kubernetes: {
            secretAsVolume: [{ secretName: 'token', mountPath: '/secrets', optional: true }],
            secretAsEnv: [{ secretName: 'token', keyToEnv: [{ secretKey: 'k', envVar: 'TOKEN' }] }],
            pvcMount: [{ pvcName: 'data', mountPath: '/data', subPath: 'in' }],
            nodeSelector: { labels: { disk: 'ssd' } },
            tolerations: [{ key: 'gpu', operator: 'Exists', tolerationSeconds: '10' }],
            nodeAffinity: [{ matchExpressions: [{ key: 'zone', operator: 'In', values: ['a'] }], weight: 5 }],
            podMetadata: { labels: { team: 'ml' }, annotations: { note: 'x' } },
            emptyDirMounts: [{ volumeName: 'tmp', mountPath: '/scratch', medium: 'Memory' }],
            imagePullSecret: [{ secretName: 'registry' }],
            activeDeadlineSeconds: '20',
            imagePullPolicy: 'Always',
          },
        },
      ),
    )
    expect(spec).toMatchObject({
      activeDeadlineSeconds: 20,
      nodeSelector: { disk: 'ssd' },
      imagePullSecrets: [{ name: 'registry' }],
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 5 }] } },
    })
    expect(spec?.tolerations?.[0]).toEqual({ key: 'gpu', operator: 'Exists', tolerationSeconds: 10 })
    expect(metadata.labels).toMatchObject({ team: 'ml' })
    const main = spec?.containers[0]
    expect(main?.imagePullPolicy).toBe('Always')
    expect(main?.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data', subPath: 'in' })
    expect(main?.env).toContainEqual({
      name: 'TOKEN',
      valueFrom: { secretKeyRef: { name: 'token', key: 'k', optional: false } },
    })
  })

  test('has the claim of the store once, also when a step mounts it', () => {
    const kubernetes = { pvcMount: [{ pvcName: 'store', mountPath: '/mine', subPath: 'mine' }] }
    const { spec } = buildPod(request({}, { kubernetes }))
    expect(spec?.volumes).toEqual([{ name: 'kfp-ts-store', persistentVolumeClaim: { claimName: 'store' } }])
    expect(spec?.containers[0]?.volumeMounts).toContainEqual({
      name: 'kfp-ts-store',
      mountPath: '/mine',
      subPath: 'mine',
    })
  })

  test("has another claim beside the store's volume, whatever the claim is called", () => {
    const kubernetes = { pvcMount: [{ pvcName: 'kfp-ts-store', mountPath: '/mine' }] }
    const { spec } = buildPod(request({}, { kubernetes }))
    expect(spec?.volumes?.map(({ name }) => name)).toEqual(['kfp-ts-store', 'kfp-ts-store-2'])
    expect(spec?.containers[0]?.volumeMounts).toContainEqual({ name: 'kfp-ts-store-2', mountPath: '/mine' })
  })

  test('sees nothing of the claim beside the folder that is the store', () => {
    const kubernetes = {
      pvcMount: [
        { pvcName: 'store', mountPath: '/mine', subPath: 'mine' },
        { pvcName: 'store', mountPath: '/all' },
      ],
    }
    const settings = { store: { claimName: 'store', subPath: 'runs' }, mountPath: '/kfp-store' }
    const { spec } = buildPod(request({ settings }, { kubernetes, usesWorkspace: true }))
    const mounts = spec?.containers[0]?.volumeMounts?.map(({ mountPath, subPath }) => [mountPath, subPath])
    expect(mounts).toEqual([
      ['/kfp-store', 'runs'],
      ['/mine', 'runs/mine'],
      ['/all', 'runs'],
      ['/kfp-workspace', 'runs/workspaces/u-1'],
    ])
  })

  test('mounts the workspace of its run only when the step uses it', () => {
    const mounts = (usesWorkspace: boolean) =>
      buildPod(request({}, { usesWorkspace })).spec?.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)
    expect(mounts(false)).toEqual(['/kfp-store'])
    expect(mounts(true)).toEqual(['/kfp-store', '/kfp-workspace'])
  })

  test('mounts the claim of its run as the workspace where the store is no volume', () => {
    const objects = { launcherImage: 'launcher', secretName: 's3' }
    const { spec } = buildPod(
      request(
        {
          settings: { store: { objects }, mountPath: '/kfp-store' },
          workspace: { claimName: 'nightly-kfp-workspace' },
        },
        { usesWorkspace: true },
      ),
    )
    expect(spec?.volumes).toContainEqual({
      name: 'kfp-ts-workspace',
      persistentVolumeClaim: { claimName: 'nightly-kfp-workspace' },
    })
    expect(spec?.containers[0]?.volumeMounts).toContainEqual({ name: 'kfp-ts-workspace', mountPath: '/kfp-workspace' })
  })

  test('that imports to the workspace is the launcher alone, with the credentials of the store', () => {
    const objects = { launcherImage: 'launcher', secretName: 's3' }
    const { spec } = buildPod(
      request({
        settings: { store: { objects }, mountPath: '/kfp-store' },
        workspace: { claimName: 'w' },
        withoutLauncher: true,
        launch: importLaunch(objects, 's3://bucket/data', '/kfp-workspace/.artifacts/s3/bucket/data'),
      }),
    )
    expect(spec?.initContainers).toBeUndefined()
    expect(spec?.containers).toHaveLength(1)
    expect(spec?.containers[0]?.env).toContainEqual({
      name: 'AWS_SECRET_ACCESS_KEY',
      valueFrom: { secretKeyRef: { name: 's3', key: 'AWS_SECRET_ACCESS_KEY', optional: false } },
    })
  })
})

describe('what an author may put together', () => {
  const main = (change: Partial<PodRequest>, launchChange: Partial<Launch> = {}) =>
    buildPod(request(change, launchChange)).spec?.containers[0]

  test('a variable stands where it is given last, as a value may mention only those before it', () => {
    const env = [
      { name: 'BASE', value: '/b' },
      { name: 'HOME', value: '$(BASE)/home' },
      { name: 'PRICE', value: '5$$' },
    ]
    const kubernetes = { secretAsEnv: [{ secretName: 's', keyToEnv: [{ secretKey: 'k', envVar: 'BASE' }] }] }
    expect(main({}, { env })?.env?.slice(-3)).toEqual([env[0], env[1], { name: 'PRICE', value: '5$$$$' }])
    expect(
      main({}, { env, kubernetes })
        ?.env?.map(({ name }) => name)
        .slice(-3),
    ).toEqual(['HOME', 'PRICE', 'BASE'])
  })

  test('a limit by default is none beside a request, which might be higher', () => {
    const defaults = { resources: { cpu: '1', memory: '1Gi' } }
    expect(main({ defaults }, { resources: {} })?.resources?.limits).toEqual({ cpu: '1', memory: '1Gi' })
    expect(main({ defaults }, { resources: { cpuRequest: '4' } })?.resources).toEqual({
      requests: { cpu: '4' },
      limits: { memory: '1Gi' },
    })
  })

  test('sources of one name are volumes of their own, a source mounted twice is one', () => {
    const kubernetes = {
      pvcMount: [
        { pvcName: 'data', mountPath: '/claim' },
        { pvcName: 'data', mountPath: '/again', subPath: 'x' },
      ],
      secretAsVolume: [{ secretName: 'data', mountPath: '/secret' }],
      configMapAsVolume: [{ configMapName: 'data', mountPath: '/config' }],
      emptyDirMounts: [
        { volumeName: 'Data', mountPath: '/scratch' },
        { volumeName: 'more', mountPath: '/more' },
      ],
      genericEphemeralVolume: [{ volumeName: 'data', mountPath: '/own', size: '1Gi', accessModes: ['ReadWriteOnce'] }],
      enabledSharedMemory: { volumeName: 'Random-Name', size: '2Gi' },
    }
    const { spec } = buildPod(request({}, { kubernetes }))
    const kinds = Object.fromEntries(spec!.volumes!.map(({ name, ...source }) => [name, Object.keys(source).join()]))
    const seen = spec!.containers[0]!.volumeMounts!.map(({ name, mountPath }) => [mountPath, kinds[name]])
    expect(Object.fromEntries(seen)).toMatchObject({
      '/claim': 'persistentVolumeClaim',
      '/again': 'persistentVolumeClaim',
      '/secret': 'secret',
      '/config': 'configMap',
      '/scratch': 'emptyDir',
      '/more': 'emptyDir',
      '/own': 'ephemeral',
      '/dev/shm': 'emptyDir',
    })
    expect(spec!.volumes).toHaveLength(1 + 7)
  })

  test('long names that differ only at their end stay apart', () => {
    const names = ['1', '2'].map((end) => `${'claim-'.repeat(20)}${end}`)
    const kubernetes = { pvcMount: names.map((pvcName, at) => ({ pvcName, mountPath: `/${at}` })) }
    const { spec } = buildPod(request({}, { kubernetes }))
    const [, first, second] = spec!.volumes!
    expect(first?.name).not.toBe(second?.name)
    expect(second?.name).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)
    expect(second?.persistentVolumeClaim).toEqual({ claimName: names[1] })
  })

  test('containers beside the step mount volumes by the names that the author knows', () => {
    const mounts = ['data.v1', 'store'].map((volumeName) => ({ volumeName, mountPath: `/${volumeName}` }))
    const kubernetes = {
      configMapAsVolume: [{ configMapName: 'data.v1', mountPath: '/c' }],
      pvcMount: [{ pvcName: 'store', mountPath: '/p' }],
      initContainers: [{ name: 'prepare', image: 'busybox:latest', volumeMounts: mounts, env: [{ name: 'E' }] }],
    }
    const { spec } = buildPod(request({}, { kubernetes }))
    expect(spec?.initContainers).toMatchObject([
      {
        name: 'prepare',
        imagePullPolicy: 'IfNotPresent',
        env: [{ name: 'E', value: '' }],
        volumeMounts: [{ name: 'data-v1' }, { name: 'kfp-ts-store' }],
      },
    ])
  })

  test('a volume without a storage class is not one of the default class', () => {
    const volume = (change: object) => {
      const entry = { volumeName: 'v', mountPath: '/v', size: '1Gi', accessModes: ['ReadWriteOnce'], ...change }
      const { spec } = buildPod(request({}, { kubernetes: { genericEphemeralVolume: [entry] } }))
      return JSON.parse(JSON.stringify(spec?.volumes?.[1]))['ephemeral'].volumeClaimTemplate.spec.storageClassName
    }
    expect(volume({ defaultStorageClass: true })).toBeUndefined()
    expect(volume({ storageClassName: 'fast' })).toBe('fast')
    expect(volume({})).toBe('')
  })
})

test.each([
  ['500m', 0.5],
  ['1e3', 1000],
  ['1.5Gi', 1.5 * 2 ** 30],
  ['.5M', 5e5],
  ['2E', 2e18],
  ['1Pi', 2 ** 50],
  ['lots', undefined],
])('the quantity %s is %s', (text, bytes) => expect(parseQuantity(text)).toBe(bytes))

describe('what lets a step log', () => {
  const tracking = [
    { name: 'MLFLOW_TRACKING_URI', value: 'http://server' },
    { name: 'MLFLOW_TRACKING_TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'token' } } },
  ]
  const namesOf = (change: Partial<PodRequest>, env: Launch['env'] = []) =>
    buildPod(request({ tracking, ...change }, { env }))
      .spec?.containers[0]?.env?.map(({ name }) => name)
      .filter((name) => name.startsWith('MLFLOW'))

  test('is in its environment', () => {
    expect(namesOf({})).toEqual(['MLFLOW_TRACKING_URI', 'MLFLOW_TRACKING_TOKEN'])
  })

  test('is left out when the step has a tracking server of its own: our token is not sent there', () => {
    const own = { name: 'MLFLOW_TRACKING_URI', value: 'http://other' }
    expect(namesOf({}, [own])).toEqual(['MLFLOW_TRACKING_URI'])
    expect(namesOf({ defaults: { env: [own] } })).toEqual(['MLFLOW_TRACKING_URI'])
  })
})
