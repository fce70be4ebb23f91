/** What makes a key differ though image, command and parameters are the same: the workspace of a run, imports made anew. */
import { expect, test } from 'vitest'
import { digestOf } from './digest.ts'
import { argumentUris, reusableResults } from './index.ts'
import { type Simulation, simulate } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { RunConfig } from './types.ts'

const CACHED = { cachingOptions: { enableCache: true } }
const keyOf = ({ actions }: Simulation) =>
  actions.flatMap((action) => (action.kind === 'look-up-cache' ? [action.cacheKey] : []))[0]!
const isSaved = ({ actions }: Simulation) => actions.some(({ kind }) => kind === 'save-cache')

const step = (container: object, x: string, caching: object = CACHED) =>
  pipelineOf({
    root: { dag: { tasks: { t: taskOf('c', { x }, caching) } } },
    components: { c: leafOf({ x: 'STRING' }, {}, 'e') },
    executors: { e: { container: { image: 'a', command: ['run'], ...container } } },
  })

test.each<[string, ReturnType<typeof step>]>([
  ['arguments', step({ args: ['{{$.workspace_path}}/f'] }, 'x')],
  ['environment', step({ env: [{ name: 'HOME', value: '{{$.workspace_path}}' }] }, 'x')],
  ['arguments, as the path in a pod', step({ args: ['cat /kfp-workspace/f'] }, 'x')],
  ['parameter', step({}, '{{$.workspace_path}}/f')],
  ['arguments, with a key of its own', step({ args: ['{{$.workspace_path}}'] }, 'x', withKey())],
])('no other run has the result of a step with the workspace in its %s', (_, document) => {
  const first = simulate(document, { config: { runId: 'one' } })
  const second = simulate(document, { config: { runId: 'two' }, reuse: reusableResults(first.program, first.state) })
  expect(isSaved(first)).toBe(false)
  expect(keyOf(second).key).not.toBe(keyOf(first).key)
  expect(keyOf(second).parts).toMatchObject({ workspace: 'of run two' })
  expect(second.report.tasks).toMatchObject([{ state: 'SUCCEEDED' }])
})

function withKey() {
  return { cachingOptions: { enableCache: true, cacheKey: 'mine' } }
}

test('a key of the author, without the workspace, is what it was', () => {
  const key = keyOf(simulate(step({}, 'x', withKey())))
  expect(key.parts).toEqual({ component: 'c', cacheKey: 'mine' })
  expect(key.key).toBe(digestOf('c\0mine'))
})

const DATASET = { artifactType: { schemaTitle: 'system.Dataset' } }
const imported = (reimport: boolean) =>
  pipelineOf({
    root: {
      dag: {
        tasks: {
          i: taskOf('i'),
          t: {
            componentRef: { name: 'c' },
            inputs: {
              artifacts: { data: { taskOutputArtifact: { producerTask: 'i', outputArtifactKey: 'artifact' } } },
            },
            ...CACHED,
          },
        },
      },
    },
    components: {
      i: { executorLabel: 'i', outputDefinitions: { artifacts: { artifact: DATASET } } },
      c: { executorLabel: 'step', inputDefinitions: { artifacts: { data: DATASET } } },
    },
    executors: {
      i: {
        importer: { artifactUri: { constant: 's3://b/x' }, typeSchema: { schemaTitle: 'system.Dataset' }, reimport },
      },
    },
  })

test('what is to be imported anew is new to the cache, unless its content is known', () => {
  const key = (reimport: boolean, config: Partial<RunConfig>, digest?: string) =>
    keyOf(
      simulate(imported(reimport), {
        config,
        behave: (action) => {
          if (action.kind !== 'import-artifact') return { result: { outcome: 'succeeded', outputs: NOTHING } }
          const { type, uri, metadata } = action.request
          const artifact = { name: 'artifact', type, uri, metadata, ...(digest ? { digest } : {}) }
          return { result: { outcome: 'succeeded', outputs: { parameters: {}, artifacts: { artifact: [artifact] } } } }
        },
      }),
    ).key
  const [one, two] = [{ runId: 'one' }, { runId: 'two' }]
  expect(key(true, one)).not.toBe(key(true, two))
  expect(key(false, one)).toBe(key(false, two))
  expect(key(true, one, 'sha256:1')).toBe(key(true, two, 'sha256:1'))
})

const NOTHING = { parameters: {}, artifacts: {} }

test('components do not see which import made an artifact', () => {
  const { actions, report } = simulate(imported(true))
  const launches = actions.flatMap((action) => (action.kind === 'start-attempt' ? [action.launch.executorInput] : []))
  expect(report.tasks[0]!.outputs.artifacts['artifact']).toMatchObject([
    { importId: 'import 1 of root/i in run run-1' },
  ])
  expect(JSON.stringify(launches)).not.toContain('import 1')
})

test('an input artifact given as an argument counts by its content, where the executor knows it', () => {
  const artifacts = { data: DATASET }
  const document = pipelineOf({
    root: {
      inputDefinitions: { artifacts },
      dag: {
        tasks: {
          t: {
            componentRef: { name: 'c' },
            inputs: { artifacts: { data: { componentInputArtifact: 'data' } } },
            ...CACHED,
          },
        },
      },
    },
    components: { c: { executorLabel: 'step', inputDefinitions: { artifacts } } },
  })
  const given = { data: ['/x', { uri: '/y', metadata: {} }] }
  expect(argumentUris(document, given)).toEqual(['/x', '/y'])
  expect(argumentUris(document, {})).toEqual([])
  const key = (argumentDigests?: Record<string, string>) =>
    keyOf(simulate(document, { arguments: given, config: argumentDigests ? { argumentDigests } : {} })).key
  expect(key({ '/x': 'sha256:1' })).not.toBe(key({ '/x': 'sha256:2' }))
  expect(key({})).toBe(key())
})
