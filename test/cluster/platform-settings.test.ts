/** Kubernetes settings of all kinds and forms, as pods: a real API server takes every one, and knows every field of them. */
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parsePipelineDocument } from '../../api/parse.ts'
import { PODS } from '../../client/kube/resources.ts'
import { simulate } from '../../engine/testing/simulate.ts'
import { buildPod, type PodSettings } from '../../operator/pod/build-pod.ts'
import { kube } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'

const place = usePlace('settings')

const constant = (value: unknown) => ({ runtimeValue: { constant: value } })
const input = (componentInputParameter: string) => ({ componentInputParameter })
const nodes = (key: string) => ({ matchExpressions: [{ key, operator: 'In', values: ['a', 'b'] }] })

/** As the documents of several SDK versions have them: plain and parameter forms, numbers as text and as floats, snake case. */
const SETTINGS: Readonly<Record<string, object>> = {
  'secrets and config maps': {
    secretAsEnv: [
      { secretName: 'old', keyToEnv: [{ secretKey: 'k', envVar: 'A' }] },
      { secretNameParameter: input('secret'), keyToEnv: [{ secretKey: 'k', envVar: 'B' }], optional: true },
    ],
    configMapAsEnv: [{ configMapNameParameter: constant('c.m'), keyToEnv: [{ configMapKey: 'k.x', envVar: 'C' }] }],
    secretAsVolume: [{ secretName: 'x', secretNameParameter: constant('same'), mountPath: '/s', optional: true }],
    configMapAsVolume: [{ configMapNameParameter: constant('same'), mountPath: '/c', optional: false }],
    imagePullSecret: [{ secretName: 'registry' }, { secretNameParameter: input('secret') }],
    fieldPathAsEnv: [
      { name: 'NODE', fieldPath: 'spec.nodeName' },
      { name: 'TEAM', fieldPath: "metadata.labels['team']" },
    ],
  },
  'nothing given to any of them': {
    secretAsEnv: [{ secretNameParameter: input('absent'), keyToEnv: [{ secretKey: 'k', envVar: 'A' }] }],
    secretAsVolume: [{ secretNameParameter: input('absent'), mountPath: '/s' }],
    configMapAsVolume: [{ configMapNameParameter: constant(null), mountPath: '/c' }],
    imagePullSecret: [{ secretNameParameter: input('absent') }],
    pvcMount: [{ pvcNameParameter: input('absent'), mountPath: '/p' }],
    tolerations: [{ tolerationJson: input('absent') }],
    nodeSelector: { nodeSelectorJson: input('absent') },
    nodeAffinity: [{ nodeAffinityJson: input('absent') }],
  },
  volumes: {
    pvcMount: [
      { mountPath: '/a', constant: 'claim' },
      { mountPath: '/b', subPath: 'x/y', pvcNameParameter: input('secret') },
      { mountPath: '/mine', pvcNameParameter: constant('store') },
      { mountPath: '/long', pvcNameParameter: constant(`${'long-'.repeat(20)}1`) },
      { mountPath: '/longer', pvcNameParameter: constant(`${'long-'.repeat(20)}2`) },
    ],
    emptyDirMounts: [
      { volumeName: 'claim', mountPath: '/e', medium: 'Memory', sizeLimit: '1Gi' },
      { volumeName: 'Plain_Folder', mountPath: '/f' },
    ],
    genericEphemeralVolume: [
      {
        volumeName: 'own',
        mountPath: '/o',
        accessModes: ['ReadWriteOnce'],
        size: '1Gi',
        defaultStorageClass: true,
        metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
      },
      { volumeName: 'fast', mountPath: '/q', accessModes: ['ReadWriteOncePod'], size: '1G', storageClassName: 'fast' },
    ],
    enabledSharedMemory: { volumeName: 'Random-Name', size: '2Gi' },
    initContainers: [
      {
        name: 'prepare',
        image: 'busybox',
        command: ['sh', '-c'],
        args: ['true'],
        env: [{ name: 'A', value: 'b' }],
        volumeMounts: ['Plain_Folder', 'claim', 'store'].map((volumeName) => ({
          volumeName,
          mountPath: `/${volumeName}`,
        })),
        resources: { requests: { cpu: '100m' }, limits: { cpu: '1', memory: '1Gi' } },
      },
      { name: 'beside', image: 'busybox', restartPolicy: 'Always' },
    ],
  },
  nodes: {
    nodeSelector: { labels: { 'kubernetes.io/os': 'linux' } },
    tolerations: [
      { key: 'a', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: '10' },
      { key: 'b', operator: 'Equal', value: 'v', tolerationJson: null },
      { operator: 'Exists' },
      { key: 'c', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: '0' },
      {
        tolerationJson: constant([{ key: 'd', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 60.0 }, {}]),
      },
      { tolerationJson: constant('{"key": "e", "operator": "Exists"}') },
    ],
    nodeAffinity: [
      { ...nodes('x'), weight: 50.0 },
      { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] },
      { matchExpressions: [{ key: 'x', operator: 'Exists' }] },
      {
        nodeAffinityJson: constant({
          requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [nodes('y')] },
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1.0, preference: nodes('z') }],
        }),
      },
      {},
    ],
    podAffinity: [
      { matchPodLabels: { app: 'db' }, topologyKey: 'zone', namespaces: ['x'] },
      { matchPodExpressions: [{ key: 'app', operator: 'Exists' }], topologyKey: 'host', weight: 10.0, anti: true },
      { matchNamespaceLabels: { a: 'b' }, topologyKey: 'zone', weight: '5' },
    ],
  },
  'a pod': {
    podMetadata: { labels: { team: 'ml' }, annotations: { note: 'a "b"\nc' } },
    imagePullPolicy: 'Always',
    activeDeadlineSeconds: '20',
    securityContext: { runAsUser: '1000', runAsGroup: 0.0, runAsNonRoot: true },
  },
  'root, which the restricted profile does not take': { securityContext: { runAsUser: 0, runAsNonRoot: false } },
  'snake case': {
    secret_as_env: [{ secret_name_parameter: input('secret'), key_to_env: [{ secret_key: 'k', env_var: 'A' }] }],
    pvc_mount: [{ mount_path: '/a', pvc_name_parameter: constant('claim'), sub_path: 'x' }],
    node_selector: { node_selector_json: constant({ disk: 'ssd', count: 3 }) },
    empty_dir_mounts: [{ volume_name: 'e', mount_path: '/e', size_limit: '1Mi' }],
    active_deadline_seconds: 30.0,
    pod_metadata: { labels: { 'a.b/c_d': 'e_f' } },
  },
}

/** The pod's request of a pipeline of one step with these settings. */
function launchOf(config: object) {
  const text = (more: object = {}) => ({ parameterType: 'STRING', ...more })
  const resources = {
    resourceCpuLimit: "{{$.inputs.parameters['cpu']}}",
    resourceMemoryRequest: '100M',
    cpuRequest: 0.1,
    memoryLimit: 0.5,
    accelerator: { type: 'nvidia.com/gpu', count: '2' },
  }
  const container = {
    image: 'busybox',
    command: ['sh', '-c', 'echo $$ $(A)'],
    env: [{ name: 'A', value: '$$' }],
    resources,
  }
  const cpu = { runtimeValue: { constant: 1.0 } }
  const spec = {
    pipelineInfo: { name: 'settings' },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { 'exec-s': { container } } },
    components: { 'comp-s': { executorLabel: 'exec-s' } },
    root: {
      inputDefinitions: { parameters: { secret: text(), absent: text({ isOptional: true }) } },
      dag: {
        tasks: { s: { taskInfo: { name: 's' }, componentRef: { name: 'comp-s' }, inputs: { parameters: { cpu } } } },
      },
    },
  }
  const platform = { platforms: { kubernetes: { deploymentSpec: { executors: { 'exec-s': config } } } } }
  const { document } = parsePipelineDocument(`${stringify(spec)}---\n${stringify(platform)}`)
  const { actions, report } = simulate(document!, { config: { arguments: { secret: 'given' } } })
  const [launch] = actions.flatMap((action) => (action.kind === 'start-attempt' ? [action.launch] : []))
  if (!launch) throw new Error(report.error?.message)
  return launch
}

const STORES: Readonly<Record<string, PodSettings>> = {
  'a claim': { store: { claimName: 'store', subPath: 'runs' }, mountPath: '/kfp-store' },
  'an object store': { store: { objects: { launcherImage: 'launcher', secretName: 's3' } }, mountPath: '/kfp-store' },
}

describe.each(Object.entries(STORES))('with artifacts in %s', (_store, settings) => {
  test.each(Object.entries(SETTINGS))('%s', async (_name, config) => {
    const pod = buildPod({
      run: { name: 'r', namespace: place.namespace, uid: 'u', runId: 'u', pipeline: 'settings' },
      task: 'root/s',
      attempt: 1,
      launch: { ...launchOf(config), usesWorkspace: true },
      defaults: { resources: { cpu: '1', memory: '50M' } },
      settings,
      workspace: 'objects' in settings.store ? { claimName: 'w' } : { subPath: 'workspaces/u' },
    })
    await expect(kube.create(PODS, place.namespace, pod, { dryRun: true })).resolves.toBeDefined()
  })
})
