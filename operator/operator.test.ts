import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import type { Sight } from '../api/wait.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { PIPELINE_RUNS, PODS } from '../client/kube/resources.ts'
import { leafOf, pipelineOf, taskOf } from '../engine/testing/small-pipeline.ts'
import type { Pod } from './pod/pod-types.ts'
import type { PipelineRun } from './run-view.ts'
import { type SmallOperatorOptions, startSmallOperator, stepsText } from './testing/small-operator.ts'

let small: Awaited<ReturnType<typeof startSmallOperator>>
const start = async (options?: SmallOperatorOptions) => {
  small = await startSmallOperator(options)
}
afterEach(() => small.stop())

const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 10_000, interval: 5 })
const journal = (runId: string) =>
  small.metadata.db.selectFrom('run_journal').select(['seq', 'event']).where('run_id', '=', runId).execute()

test('a run that leaves the selector of its operator keeps its record; one that is deleted does not', async () => {
  await start()
  for (const name of ['left', 'deleted']) small.run(name)
  await until(() => expect(small.pods()).toHaveLength(2))
  // As a watch with a selector tells of a label that was taken away: the resource is still there.
  const resource = small.find('left')!
  await small.kube.delete(PIPELINE_RUNS, 'team', 'left')
  small.cluster.objects.set('pipelineruns team/left', resource as never)
  await small.kube.delete(PIPELINE_RUNS, 'team', 'deleted')
  for (const { metadata } of small.pods()) await small.kube.delete(PODS, 'team', metadata.name)
  await until(async () => expect(await small.records.has('uid-deleted')).toBe(false))
  expect(await small.records.has('uid-left')).toBe(true)
  expect(small.removed).toEqual(['uid-deleted'])
})

test('records whose answer was lost: the run goes on', async () => {
  let lose = false
  await start({
    wrap: (options) => ({
      ...options,
      records: {
        ...options.records,
        async append(...records) {
          await options.records.append(...records)
          if (!lose) return
          lose = false
          throw new Error('Connection terminated unexpectedly')
        },
      },
    }),
  })
  small.run('train')
  await until(() => expect(small.pods()).toHaveLength(1))
  small.running(small.pods()[0]!)
  await until(async () => expect(await journal('uid-train')).toHaveLength(2))
  lose = true
  small.finished(small.pods()[0]!)
  await until(() => expect(small.phase('train')).toBe('Succeeded'))
  expect(small.told).toEqual(['Connection terminated unexpectedly'])
})

test('a journal that another operator wrote on: the run is taken up from there', async () => {
  await start()
  small.run('train')
  await until(() => expect(small.pods()).toHaveLength(1))
  const [pod] = small.pods()
  small.running(pod!)
  await until(async () => expect(await journal('uid-train')).toHaveLength(2))
  const event = JSON.stringify({ kind: 'clock' })
  await small.metadata.db
    .insertInto('run_journal')
    .values({ run_id: 'uid-train', seq: 2, at: Date.now(), event })
    .execute()
  small.finished(pod!)
  await until(() => expect(small.phase('train')).toBe('Succeeded'))
  expect(small.pods()).toHaveLength(1)
  expect(small.told).toEqual([expect.stringContaining('another operator wrote the journal')])
})

/** The text of a pipeline that waits for a run. */
const waitText = (run: string): string =>
  stringify(
    pipelineOf({
      root: { dag: { tasks: { wait: taskOf('wait', { run }) } } },
      components: { wait: leafOf({ run: 'STRING' }, {}, 'wait') },
      executors: { wait: { container: { image: 'kfp-ts/wait', args: ['run'] } } },
    }).spec,
  )

test('who waits for a run that is deleted while it runs hears of it when its record has an end', async () => {
  let record: Sight = { kind: 'run', run: { id: 'uid-a', state: 'RUNNING', outputs: {} } }
  await start({
    wrap: (options) => ({
      ...options,
      recordedRun: async () => record,
      records: {
        ...options.records,
        async forget(run, removeFiles) {
          await delay(20)
          record = { kind: 'run', run: { id: run.runId, state: 'CANCELED', outputs: {} } }
          await options.records.forget(run, removeFiles)
        },
      },
    }),
  })
  small.run('a')
  await until(() => expect(small.phase('a')).toBe('Running'))
  small.run('b', { pipelineText: waitText('a') })
  await until(() => expect(small.find('b')?.status?.message).toMatch(/RUNNING/))
  await small.kube.delete(PIPELINE_RUNS, 'team', 'a')
  for (const { metadata } of small.pods('a')) await small.kube.delete(PODS, 'team', metadata.name)
  await until(() => expect(small.phase('b')).toBe('Failed'))
  expect(small.find('b')?.status?.message).toMatch(/CANCELED/)
})

describe('a retry', () => {
  const reaches = (run: string, status: PipelineRunStatus) =>
    until(() => expect(small.find(run)?.status).toMatchObject(status))
  /** The pod of that place among all, once it is there. */
  async function pod(index: number): Promise<Pod> {
    await until(() => expect(small.pods().length).toBeGreaterThan(index))
    return small.pods()[index]!
  }

  test('that is asked for when the record says FAILED is not lost, though the resource does not say so yet', async () => {
    const patch: KubeClient['patch'] = async (resource, namespace, name, body, subresource) => {
      const isEnd = (body as PipelineRun).status?.phase === 'Failed' && !small.find(name)?.spec.retryCount
      if (isEnd) small.edit(name, { retryCount: 1 })
      // News come before the answer.
      await delay(20)
      const answer = await small.kube.patch(resource, namespace, name, body, subresource)
      await delay(20)
      return answer as never
    }
    await start({ wrap: (options) => ({ ...options, kube: { ...options.kube, patch } }) })
    small.run('train')
    small.finished(await pod(0), 1)
    small.finished(await pod(1))
    await reaches('train', { phase: 'Succeeded', retryCount: 1 })
  })

  test('that is asked for while other tasks run is carried out after the end', async () => {
    await start()
    small.run('train', { pipelineText: stepsText('a', 'b') })
    small.finished(await pod(0), 1)
    const second = await pod(1)
    small.edit('train', { retryCount: 1 })
    await reaches('train', { observedGeneration: 2, retryCount: 0 })
    small.finished(second)
    small.finished(await pod(2))
    await reaches('train', { phase: 'Succeeded', retryCount: 1 })
    expect(small.pods()).toHaveLength(3)
  })

  test('that was asked for before a cancel is taken back by it', async () => {
    await start()
    small.run('train')
    await pod(0)
    small.edit('train', { retryCount: 1 })
    small.edit('train', { cancel: true })
    await until(() => expect(small.pods()).toEqual([]))
    await reaches('train', { phase: 'Canceled', retryCount: 1 })
    expect(small.operator.endedRuns()).toHaveLength(1)
  })

  test('that is refused again is over', async () => {
    await start()
    small.run('train', { pipelineText: 'no pipeline' })
    await reaches('train', { phase: 'Failed', reason: 'InvalidPipeline', retryCount: 0 })
    small.edit('train', { retryCount: 1 })
    await reaches('train', { phase: 'Failed', reason: 'InvalidPipeline', retryCount: 1 })
    await until(() => expect(small.operator.endedRuns()).toHaveLength(1))
  })

  test('that is canceled while it waits in line is over', async () => {
    await start({ limits: { activeRuns: 1 } })
    small.run('train')
    small.finished(await pod(0), 1)
    await reaches('train', { phase: 'Failed' })
    small.run('other', { priority: 1 })
    await pod(1)
    small.edit('train', { retryCount: 1 })
    small.edit('train', { cancel: true })
    await reaches('train', { phase: 'Canceled', retryCount: 1 })
    expect(small.operator.endedRuns()).toHaveLength(1)
  })
})
