/** One row a rule of the platform document: what of a step's Kubernetes configuration reaches its pod (kfp-ir.md 4.2 to 4.4). */
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { KubernetesExecutorConfig } from '../api/platform-spec.ts'
import { affinityOf } from './affinity.ts'
import { resolveKubernetes } from './kubernetes-config.ts'
import { simulate } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { Launch } from './types.ts'

const constant = (value: JsonValue) => ({ runtimeValue: { constant: value } })
const resolved = (config: KubernetesExecutorConfig) =>
  resolveKubernetes(config, (wire) => (wire.runtimeValue?.constant ?? null) as JsonValue)

describe('values', () => {
  const name = (value: JsonValue) => ({ secretAsEnv: [{ secretNameParameter: constant(value), keyToEnv: [] }] })
  const toleration = (value: JsonValue) => ({ tolerations: [{ tolerationJson: constant(value) }] })
  const selector = (value: JsonValue) => ({ nodeSelector: { nodeSelectorJson: constant(value), labels: { old: 'x' } } })
  const affinity = (value: JsonValue) => ({ nodeAffinity: [{ nodeAffinityJson: constant(value) }] })
  const rows: readonly (readonly [string, KubernetesExecutorConfig, JsonObject])[] = [
    ['a name of null leaves the entry out', name(null), {}],
    ['an empty name leaves the entry out', name(''), {}],
    ['a toleration', toleration({ key: 'a' }), { tolerations: [{ key: 'a' }] }],
    ['a list of tolerations', toleration([{ key: 'a' }, {}]), { tolerations: [{ key: 'a' }] }],
    ['a toleration as text, as loops hand it on', toleration('{"key":"a"}'), { tolerations: [{ key: 'a' }] }],
    ['an empty list of tolerations', toleration([]), {}],
    ['no toleration', toleration(null), {}],
    ['a node selector wins over labels', selector({ disk: 'ssd' }), { nodeSelector: { labels: { disk: 'ssd' } } }],
    ['a node selector as text', selector('{"disk":"ssd"}'), { nodeSelector: { labels: { disk: 'ssd' } } }],
    ['no node selector', selector(null), {}],
    ['an empty node affinity', affinity({}), {}],
    [
      'a claim in the oldest form',
      { pvcMount: [{ mountPath: '/d', constant: 'c' }] },
      { pvcMount: [{ mountPath: '/d', pvcName: 'c' }] },
    ],
  ]
  test.each(rows)('%s', (_rule, config, expected) => expect(resolved(config)).toEqual(expected))

  const mistakes: readonly (readonly [string, KubernetesExecutorConfig])[] = [
    ['secretName takes a name and got the number 5', name(5)],
    ['tolerationJson takes a JSON object and got the string "gpu"', toleration('gpu')],
    ['nodeSelectorJson takes a JSON object and got the boolean true', selector(true)],
  ]
  test.each(mistakes)('%s', (message, config) => expect(() => resolved(config)).toThrow(message))
})

describe('affinity', () => {
  const expression = { key: 'zone', operator: 'In', values: ['a'] }
  test('terms with a weight are preferred, the others required, JSON is appended', () => {
    const whole = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields: [] }] } }
    const nodeAffinity = [{ matchExpressions: [expression], weight: 5 }, { matchExpressions: [expression] }, {}]
    expect(affinityOf({ nodeAffinity: [...nodeAffinity, { nodeAffinityJson: whole }] })).toEqual({
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [expression] }, { matchFields: [] }],
        },
        preferredDuringSchedulingIgnoredDuringExecution: [
          { weight: 5, preference: { matchExpressions: [expression] } },
        ],
      },
    })
  })

  test('pods to be near to and far from', () => {
    const near = { matchPodLabels: { app: 'db' }, topologyKey: 'zone', namespaces: ['x'] }
    const far = { matchPodExpressions: [expression], topologyKey: 'host', weight: 7, anti: true }
    expect(affinityOf({ podAffinity: [near, far] })).toEqual({
      podAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: [
          { labelSelector: { matchLabels: { app: 'db' } }, topologyKey: 'zone', namespaces: ['x'] },
        ],
      },
      podAntiAffinity: {
        preferredDuringSchedulingIgnoredDuringExecution: [
          {
            weight: 7,
            podAffinityTerm: { labelSelector: { matchExpressions: [expression] }, topologyKey: 'host' },
          },
        ],
      },
    })
  })
})

const text = { parameterType: 'STRING' } as const
const platformOf = (config: KubernetesExecutorConfig) => ({
  platforms: { kubernetes: { deploymentSpec: { executors: { step: config } } } },
})
const secretBy = (secretNameParameter: JsonObject) => ({ secretAsEnv: [{ secretNameParameter, keyToEnv: [] }] })

/** A step in a loop over two fields; the loop's group knows what crosses its border as `pipelinechannel--...`. */
function inLoop(wire: JsonObject) {
  const parameters = {
    'pipelinechannel--secret': text,
    'pipelinechannel--make-name': text,
    'pipelinechannel--loop-item-param-1': text,
  }
  const components = {
    make: leafOf({}, { name: 'STRING' }, 'make'),
    leaf: leafOf(),
    loop: { inputDefinitions: { parameters }, dag: { tasks: { step: taskOf('leaf') } } },
  }
  const given = { 'pipelinechannel--secret': '<- secret', 'pipelinechannel--make-name': '<- make.name' }
  const itemInput = 'pipelinechannel--loop-item-param-1'
  const parameterIterator = { itemInput, items: { raw: '[{"n": "one"}]' } }
  const tasks = { make: taskOf('make'), loop: taskOf('loop', given, { parameterIterator }) }
  const root = { inputDefinitions: { parameters: { secret: text } }, dag: { tasks } }
  const executors = { make: { container: { image: 'make' } } }
  return simulate(pipelineOf({ root, components, executors, platform: platformOf(secretBy(wire)) }), {
    config: { arguments: { secret: 'outer' } },
    behave: () => ({ result: { outcome: 'succeeded', outputs: { parameters: { name: 'made' }, artifacts: {} } } }),
  })
}

const launchesOf = ({ actions }: ReturnType<typeof simulate>): Launch[] =>
  actions.flatMap((action) => (action.kind === 'start-attempt' ? [action.launch] : []))

describe('wires', () => {
  const output = { taskOutputParameter: { producerTask: 'make', outputParameterKey: 'name' } }
  const rows: readonly (readonly [string, JsonObject, string])[] = [
    ['an input of the group', { componentInputParameter: 'pipelinechannel--secret' }, 'outer'],
    ['the name outside of the group', { componentInputParameter: 'secret' }, 'outer'],
    ['a task outside of the group', output, 'made'],
    ["a field of the loop's item", { componentInputParameter: 'loop-item-param-1-subvar-n' }, 'one'],
  ]
  test.each(rows)('%s', (_rule, wire, expected) => {
    const launch = launchesOf(inLoop(wire)).find(({ taskKey }) => taskKey === 'step')
    expect(launch?.kubernetes).toEqual({ secretAsEnv: [{ secretName: expected, keyToEnv: [] }] })
  })

  test('one that leads nowhere fails the step: it must not run without its secret', () => {
    const { report } = inLoop({ componentInputParameter: 'sekret' })
    expect(report.error?.message).toMatch(
      /^a Kubernetes setting reads the input "sekret": the inputs around the step are/,
    )
    const other = { taskOutputParameter: { producerTask: 'take', outputParameterKey: 'name' } }
    expect(inLoop(other).report.error?.message).toMatch(/reads "name" of take: no task beside the step is called so/)
  })

  test('a step waits for the task that its configuration reads from', () => {
    const components = { make: leafOf({}, { name: 'STRING' }, 'make'), leaf: leafOf() }
    const executors = { make: { container: { image: 'make' } } }
    const root = { dag: { tasks: { a: taskOf('leaf'), make: taskOf('make') } } }
    const run = simulate(pipelineOf({ root, components, executors, platform: platformOf(secretBy(output)) }))
    expect(launchesOf(run).map(({ taskKey }) => taskKey)).toEqual(['make', 'a'])
  })
})

describe('settings that a step hands on to pods of its own', () => {
  const kubernetes: KubernetesExecutorConfig = {
    pvcMount: [{ mountPath: '/data', constant: 'claim' }],
    emptyDirMounts: [{ volumeName: 'scratch', mountPath: '/scratch' }],
    podAffinity: [{ topologyKey: 'zone' }],
  }
  const launch = (applyToTask: boolean) => {
    const fields = ['KUBERNETES_VOLUMES', 'KUBERNETES_AFFINITY'] as const
    const taskConfigPassthroughs = fields.map((field) => ({ field, applyToTask }))
    const components = { leaf: { ...leafOf({ config: 'TASK_CONFIG?' }), taskConfigPassthroughs } }
    const root = { dag: { tasks: { t: taskOf('leaf') } } }
    return launchesOf(simulate(pipelineOf({ root, components, platform: platformOf(kubernetes) })))[0]!
  }
  test('are all in its TASK_CONFIG, scratch volumes excepted', () => {
    expect(launch(false).executorInput.inputs.parameterValues?.['config']).toEqual({
      affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'zone' }] } },
      volumes: [{ name: 'claim', persistentVolumeClaim: { claimName: 'claim' } }],
      volumeMounts: [{ name: 'claim', mountPath: '/data' }],
    })
  })
  test('are its own too only where they say so', () => {
    expect(launch(false).kubernetes).toEqual({ emptyDirMounts: kubernetes.emptyDirMounts })
    expect(Object.keys(launch(true).kubernetes).sort()).toEqual(['emptyDirMounts', 'podAffinity', 'pvcMount'])
  })
})

describe('volume claims', () => {
  const claim = (given: Record<string, JsonValue>) => {
    const inputs = { size: 'STRING', access_modes: 'LIST', storage_class_name: ['STRING', ''] } as const
    const components = { make: leafOf({ ...inputs, annotations: 'STRUCT?' }, { name: 'STRING' }, 'make') }
    const executors = { make: { container: { image: 'argostub/createpvc' } } }
    const root = { dag: { tasks: { t: taskOf('make', { size: '1Gi', access_modes: ['ReadWriteOnce'], ...given }) } } }
    const { actions, report } = simulate(pipelineOf({ root, components, executors }))
    if (report.error) throw new Error(report.error.message)
    return actions.flatMap((action) => (action.kind === 'change-volume' ? [action.request] : []))[0]
  }
  const rows: readonly (readonly [string, Record<string, JsonValue>, string | undefined])[] = [
    ['no class is that of the cluster', {}, undefined],
    ['null too', { storage_class_name: null }, undefined],
    ["'' is no class at all", { storage_class_name: '' }, ''],
    ['a class', { storage_class_name: 'fast' }, 'fast'],
  ]
  test.each(rows)('%s', (_rule, given, expected) => {
    expect((claim(given) as { storageClassName?: string }).storageClassName).toBe(expected)
  })
  test('a name and the end of one exclude each other', () => {
    expect(() => claim({ pvc_name: 'a', pvc_name_suffix: '-b' })).toThrow('keep one of them')
  })
  test('annotations are texts', () => {
    expect(claim({ annotations: { keep: 3 } })).toMatchObject({ annotations: { keep: '3' } })
  })
})
