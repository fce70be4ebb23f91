/** Resources made to do harm, by mistake or not: each ends with a clear word, and the runs of others go on. */
import { describe, expect, test } from 'vitest'
import { type KubeObject, PIPELINE_RUNS, PIPELINES } from '../../client/kube/resources.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { finished, kube, submit, until } from './support/cluster.ts'
import { useOperator, usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'

/** `make bench-cluster` applies 10,000; here a few show the same. */
const MANY = Number(process.env['KFP_TS_HOSTILE_RUNS'] ?? 24)

const place = usePlace('hostile')
useOperator(place, ['--max-active-runs', '8'])

const run = (name: string, spec: object): KubeObject =>
  ({ apiVersion: 'pipelines.kfp-ts.dev/v1alpha1', kind: 'PipelineRun', metadata: { name }, spec }) as KubeObject
const apply = (name: string, spec: object): Promise<PipelineRun> =>
  kube.create<PipelineRun>(PIPELINE_RUNS, place.namespace, run(name, spec) as PipelineRun)
const innocent = shellPipeline('innocent', { x: { script: 'true' } })

/** A task that runs, and thousands that its condition skips. */
function large(tasks: number): object {
  const step = { componentRef: { name: 'comp-step' }, cachingOptions: {} }
  const skipped = Array.from({ length: tasks }, (_, index) => [
    `task-${index}-${'x'.repeat(100)}`,
    {
      ...step,
      taskInfo: { name: `task-${index}` },
      dependentTasks: ['first'],
      triggerPolicy: { condition: "'a' == 'b'" },
    },
  ])
  return {
    pipelineInfo: { name: 'large' },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { 'exec-step': { container: { image: 'busybox:latest', command: ['true'] } } } },
    components: { 'comp-step': { executorLabel: 'exec-step' } },
    root: { dag: { tasks: { first: { ...step, taskInfo: { name: 'first' } }, ...Object.fromEntries(skipped) } } },
  }
}

describe.concurrent('size', () => {
  test('a pipeline of 1.4 MB runs, its status stays small, and others go on beside it', async () => {
    const pipelineSpec = large(5_150)
    expect(JSON.stringify(pipelineSpec).length).toBeGreaterThan(1_390_000)
    const [big, small] = await Promise.all([apply('large', { pipelineSpec }), submit(place, innocent)])
    expect((await finished(place, small)).status?.phase).toBe('Succeeded')
    const { status } = await finished(place, big, 300)
    expect(status).toMatchObject({ phase: 'Succeeded', counts: { succeeded: 1, skipped: 5_150 }, podsCreated: 1 })
    expect(JSON.stringify(status).length).toBeLessThan(64 * 1024)
  })

  test('a text beyond the limit is refused with the limit', async () => {
    await expect(apply('too-long', { pipelineText: 'x'.repeat(1_400_000) })).rejects.toThrow(
      /pipelineText: Too long: may not be more than 1300000/,
    )
  })

  test('thousands of problems become one condition', async () => {
    const tasks = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, index) => [`t${index}`, { componentRef: { name: `missing-${index}` } }]),
    )
    const pipelineSpec = { pipelineInfo: { name: 'wrong' }, schemaVersion: '2.1.0', root: { dag: { tasks } } }
    const { status } = await finished(place, await apply('wrong', { pipelineSpec }))
    expect(status).toMatchObject({ phase: 'Failed', reason: 'InvalidPipeline' })
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Valid', status: 'False' }))
    expect(status?.message).toMatch(/missing-0/)
    expect(JSON.stringify(status).length).toBeLessThan(80 * 1024)
  })
})

describe.concurrent('shape', () => {
  test('unknown fields of the pipeline are named with their place; those of the resource are dropped by the API server', async () => {
    const pipelineText = innocent.replace('schemaVersion:', 'schemaVerison: x\nschemaVersion:')
    const { status } = await finished(place, await apply('unknown-field', { pipelineText, colour: 'blue' }))
    expect(status).toMatchObject({ phase: 'Failed', reason: 'InvalidPipeline' })
    expect(status?.message).toMatch(/schemaVerison.*schemaVersion/s)
    const stored = await place.runs.get('unknown-field')
    expect(stored.spec).not.toHaveProperty('colour')
  })

  test.each([
    ['no-yaml', { pipelineText: '\u0001{{{' }],
    ['list', { pipelineText: '- 1\n- 2\n' }],
    ['deep', { pipelineText: `${'['.repeat(50_000)}` }],
    ['number', { pipelineSpec: { root: 7 } }],
    [
      'bomb',
      {
        pipelineText: `a: &a [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 12 }, (_, i) => `${'bcdefghijklm'[i]}: &${'bcdefghijklm'[i]} [${Array(9).fill(`*${'abcdefghijklm'[i]}`)}]`).join('\n')}\n`,
      },
    ],
    ['wrong-arguments', { pipelineText: innocent, arguments: { nobody: { asked: ['for', 'this'] } } }],
  ])('%s ends as invalid', async (name, spec) => {
    const { status } = await finished(place, await apply(`shape-${name}`, spec))
    expect(status).toMatchObject({ phase: 'Failed', reason: 'InvalidPipeline' })
    expect(status?.message).not.toBe('')
  })

  test('names at the limits run', async () => {
    const name = `${'n'.repeat(99)}.${'a-1'.repeat(33)}`.slice(0, 200)
    const key = `task-${'k'.repeat(120)}`
    const text = shellPipeline(`pipeline-${'p'.repeat(100)}`, { [key]: { script: 'true' } })
    const created = await apply(name, { pipelineText: text })
    expect((await finished(place, created)).status?.phase).toBe('Succeeded')
    await expect(apply('n'.repeat(201), { pipelineText: text })).rejects.toThrow(/metadata.name/)
  })
})

test('versions of a Pipeline never change and never go', async () => {
  const pipeline = (...versions: { name: string; text: string }[]) =>
    ({
      apiVersion: 'pipelines.kfp-ts.dev/v1alpha1',
      kind: 'Pipeline',
      metadata: { name: 'stored' },
      spec: { versions },
    }) as KubeObject
  const first = { name: 'v1', text: innocent }
  await kube.create(PIPELINES, place.namespace, pipeline(first))
  const patch = (...versions: { name: string; text: string }[]) =>
    kube.patch(PIPELINES, place.namespace, 'stored', { spec: { versions } })
  await expect(patch({ ...first, text: `${innocent}# changed\n` })).rejects.toThrow(/add a version with another name/)
  await expect(patch({ name: 'v2', text: innocent })).rejects.toThrow(/a version cannot be removed/)
  await patch(first, { name: 'v2', text: innocent })
  const created = await apply('by-version', { pipelineRef: { name: 'stored', version: 'v1' } })
  expect((await finished(place, created)).status?.phase).toBe('Succeeded')
})

test('runs deleted at any moment of their start leave nothing behind', async () => {
  const text = shellPipeline('short-lived', { a: { script: 'sleep 300' }, b: { script: 'sleep 300' } })
  const runs = await Promise.all(Array.from({ length: 12 }, () => submit(place, text)))
  await Promise.all(
    runs.map(async ({ metadata }, index) => {
      await new Promise((resolve) => setTimeout(resolve, index * 150))
      await place.runs.delete(metadata.name)
    }),
  )
  await until('no pod is left', async () => {
    const pods = await Promise.all(runs.map((one) => place.runs.pods(one)))
    return pods.flat().length === 0
  })
  expect((await finished(place, await submit(place, innocent))).status?.phase).toBe('Succeeded')
})

test(`${MANY} runs applied at once all end, few at a time`, async () => {
  const runs = await Promise.all(Array.from({ length: MANY }, () => submit(place, innocent)))
  const waiting = await until('one says why it waits', async () =>
    (await place.runs.list()).find(({ status }) => status?.phase === 'Queued' && status.message?.includes('before it')),
  )
  expect(waiting.status?.message).toMatch(/the limit of 8 active runs \(--max-active-runs\) is reached/)
  for (const one of runs) expect((await finished(place, one, 600)).status?.phase).toBe('Succeeded')
})
