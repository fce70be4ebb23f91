import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { runPipeline, StepFailure } from './index.ts'

const HOUR = 3_600_000
const STRING = { parameterType: 'STRING' } as const

/** fetch -> train (three retries, an hour apart) with a model; the pipeline's output is the loss. */
const TRAINING: PipelineDocument = {
  spec: {
    pipelineInfo: { name: 'training' },
    schemaVersion: '2.1.0',
    components: {
      'comp-fetch': {
        executorLabel: 'fetch',
        inputDefinitions: { parameters: { url: STRING } },
        outputDefinitions: { artifacts: { data: { artifactType: { schemaTitle: 'system.Dataset' } } } },
      },
      'comp-train': {
        executorLabel: 'train',
        inputDefinitions: { artifacts: { data: { artifactType: { schemaTitle: 'system.Dataset' } } } },
        outputDefinitions: { parameters: { loss: { parameterType: 'NUMBER_DOUBLE' } } },
      },
    },
    deploymentSpec: { executors: { fetch: { container: { image: 'i' } }, train: { container: { image: 'i' } } } },
    root: {
      inputDefinitions: { parameters: { url: STRING } },
      outputDefinitions: { parameters: { loss: { parameterType: 'NUMBER_DOUBLE' } } },
      dag: {
        outputs: {
          parameters: { loss: { valueFromParameter: { producerSubtask: 'train', outputParameterKey: 'loss' } } },
        },
        tasks: {
          fetch: {
            componentRef: { name: 'comp-fetch' },
            taskInfo: { name: 'fetch' },
            cachingOptions: { enableCache: true },
            inputs: { parameters: { url: { componentInputParameter: 'url' } } },
          },
          train: {
            componentRef: { name: 'comp-train' },
            taskInfo: { name: 'train' },
            dependentTasks: ['fetch'],
            inputs: {
              artifacts: { data: { taskOutputArtifact: { producerTask: 'fetch', outputArtifactKey: 'data' } } },
            },
            retryPolicy: { maxRetryCount: 3, backoffDuration: '3600s', backoffFactor: 2, backoffMaxDuration: '36000s' },
          },
        },
      },
    },
  },
}
const fetchFake = () => ({ data: { content: 'a,b\n1,2\n', metadata: { rows: 1 } } })

test('fakes answer, values and artifacts flow, the pipeline has its output', async () => {
  const run = await runPipeline(TRAINING, {
    arguments: { url: 'x' },
    components: {
      fetch: fetchFake,
      train: ({ artifacts }) => ({ loss: readFileSync(artifacts['data']![0]!.uri, 'utf8').length }),
    },
  })
  expect(run.state).toBe('SUCCEEDED')
  expect(run.outputs).toEqual({ loss: 8 })
  expect(run.task('fetch').notes[0]?.parameters).toEqual({ url: 'x' })
  expect(run.task('train').notes[0]?.artifacts['data']?.[0]?.metadata).toEqual({ rows: 1 })
})

test('retries with hours between them take no time, and their instants are exact', async () => {
  const begin = performance.now()
  const run = await runPipeline(TRAINING, {
    arguments: { url: 'x' },
    components: {
      fetch: fetchFake,
      train: async ({ attempt, sleep }) => {
        await sleep(2 * HOUR)
        if (attempt < 3) throw new Error('not yet')
        return { loss: 0.5 }
      },
    },
  })
  expect(performance.now() - begin).toBeLessThan(5000)
  expect(run.state).toBe('SUCCEEDED')
  expect(run.task('train').attempts).toBe(3)
  expect(run.task('train').notes.map(({ startedAfterMillis }) => startedAfterMillis / HOUR)).toEqual([0, 3, 7])
  expect(run.millis).toBe(9 * HOUR)
})

test('a failure with a cause spends the budget of that cause', async () => {
  const run = await runPipeline(TRAINING, {
    arguments: { url: 'x' },
    retries: { oom: { maxRetries: 1, backoffMillis: 0 } },
    components: {
      fetch: fetchFake,
      train: () => {
        throw new StepFailure('oom')
      },
    },
  })
  expect(run.state).toBe('FAILED')
  expect(run.task('train')).toMatchObject({ state: 'FAILED', attempts: 2, error: { code: 'oom' } })
})

test('a limit in hours ends a fake that sleeps longer', async () => {
  const run = await runPipeline(TRAINING, {
    arguments: { url: 'x' },
    timeoutMillis: 5 * HOUR,
    components: { fetch: ({ sleep }) => sleep(100 * HOUR).then(fetchFake), train: () => ({ loss: 0 }) },
  })
  expect(run.state).toBe('FAILED')
  expect(run.millis).toBe(5 * HOUR)
  expect(run.attempts).toHaveLength(1)
})

test('a run can be canceled in its middle', async () => {
  const run = await runPipeline(TRAINING, {
    arguments: { url: 'x' },
    cancelAfterMillis: HOUR,
    components: { fetch: fetchFake, train: ({ sleep }) => sleep(10 * HOUR).then(() => ({ loss: 0 })) },
  })
  expect(run.state).toBe('CANCELED')
  expect(run.task('fetch').state).toBe('SUCCEEDED')
  expect(run.task('train').state).toBe('CANCELED')
})

test('a cache given to two runs', async () => {
  const cache = new Map()
  const components = { fetch: fetchFake, train: () => ({ loss: 1 }) }
  await runPipeline(TRAINING, { arguments: { url: 'x' }, cache, components })
  const again = await runPipeline(TRAINING, { arguments: { url: 'x' }, cache, components })
  expect(again.task('fetch').state).toBe('CACHED')
  expect(again.task('train').state).toBe('SUCCEEDED')
  const other = await runPipeline(TRAINING, { arguments: { url: 'y' }, cache, components })
  expect(other.task('fetch').state).toBe('SUCCEEDED')
})

test('mistakes in the test itself say what to do', async () => {
  const args = { arguments: { url: 'x' } }
  await expect(runPipeline(TRAINING, { ...args, components: { trian: () => ({}) } })).rejects.toThrow(
    'did you mean "train"?',
  )
  await expect(runPipeline(TRAINING, { arguments: {} })).rejects.toThrow('url')
  const missing = await runPipeline(TRAINING, args)
  expect(missing.task('fetch').error?.message).toContain("components: { 'fetch': … }")
  const empty = await runPipeline(TRAINING, { ...args, components: { fetch: fetchFake, train: () => ({}) } })
  expect(empty.error?.message).toContain('no value for its output "loss"')
  expect(() => empty.task('tarin')).toThrow('did you mean "train"?')
})
