import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { PIPELINE_RUNS, PODS } from '../client/kube/resources.ts'
import { KubeConnectionError } from '../client/kube/transport.ts'
import type { Pod } from './pod/pod-types.ts'
import { createRunDeletion } from './run-deletion.ts'
import { FINALIZER } from './run-end.ts'
import { type PipelineRun, viewRun } from './run-view.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const RUN = { namespace: 'team', name: 'train', uid: 'u1', runId: 'u1', displayName: 'train' }

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A deletion over an empty cluster, and what it removed. */
function setUp() {
  const cluster = new FakeCluster()
  const removed: string[] = []
  const troubles: unknown[] = []
  const deletion = createRunDeletion({
    kube: cluster.client,
    store: { deleteRun: async (...files) => void removed.push(['files', ...files].join(' ').trim()) },
    records: {
      owns: async () => true,
      artifactsOf: async () => '/artifacts/p/u1',
      async forget({ runId }, removeFiles) {
        await removeFiles()
        removed.push(`record ${runId}`)
      },
    },
    podsOf: () => cluster.list(PODS) as Pod[],
    onTrouble: (_run, error) => troubles.push(error),
  })
  return { cluster, deletion, removed, troubles }
}

test('a run that only left the selector of its operator keeps record and files; one that is gone does not', async () => {
  const { cluster, deletion, removed } = setUp()
  cluster.apply(PIPELINE_RUNS, { metadata: { name: 'train', namespace: 'team', uid: 'u1' } })
  await deletion.left(RUN)
  expect(removed).toEqual([])
  cluster.apply(PIPELINE_RUNS, { metadata: { name: 'train', namespace: 'team', uid: 'of another' } })
  await deletion.left(RUN)
  expect(removed).toEqual(['files u1', 'record u1'])
})

test('while the API server does not answer nothing is removed', async () => {
  const { cluster, deletion, removed, troubles } = setUp()
  cluster.client.get = () => Promise.reject(new KubeConnectionError({ method: 'GET', path: '/' }, new Error('reset')))
  await deletion.left(RUN)
  expect([removed, troubles.length]).toEqual([[], 1])
})

describe('a run that is marked, and whose artifacts go with it,', () => {
  const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)
  const REMOVED = ['files u1 /artifacts/p/u1']

  /** With a step that runs, and one that has ended. */
  async function mark() {
    const all = setUp()
    const { cluster, deletion } = all
    for (const [name, phase] of [
      ['runs', 'Running'],
      ['ended', 'Succeeded'],
    ]) {
      cluster.apply(PODS, { metadata: { name: name!, namespace: 'team' }, status: { phase } })
    }
    const run = (...finalizers: string[]) => {
      const metadata = { name: 'train', namespace: 'team', uid: 'u1', deletionTimestamp: '2026-11-25T00:00:00Z' }
      const spec = { artifactsOnDelete: 'Delete' }
      cluster.apply(PIPELINE_RUNS, { metadata: { ...metadata, finalizers }, spec } as never)
      deletion.marked(viewRun(cluster.find(PIPELINE_RUNS, 'train') as unknown as PipelineRun))
    }
    /** The kubelet confirms the end of the pod that ran. */
    const remove = cluster.client.delete
    const asked: unknown[] = []
    const ended = async () => {
      await remove(PODS, 'team', 'runs')
      deletion.podsChanged('u1')
    }
    cluster.client.delete = async (_resource, _namespace, name, options) => {
      asked.push([name, options?.gracePeriodSeconds])
      if (options?.gracePeriodSeconds === 0) await ended()
    }
    const finalizers = () => cluster.find(PIPELINE_RUNS, 'train')?.metadata.finalizers
    run(FINALIZER, 'of another')
    await pass(0)
    return { ...all, run, asked, ended, finalizers }
  }

  test('loses them when its steps have ended, which are asked to', async () => {
    const { asked, removed, run, ended, finalizers } = await mark()
    run(FINALIZER)
    await pass(5_000)
    expect([asked, removed, finalizers()]).toEqual([[['runs', 10]], [], [FINALIZER]])
    await ended()
    await pass(0)
    expect([removed, finalizers()]).toEqual([REMOVED, []])
  })

  test('does not wait for a node that is gone', async () => {
    const { asked, removed, finalizers } = await mark()
    await pass(30_000)
    expect([asked.length, removed, finalizers()]).toEqual([2, REMOVED, ['of another']])
  })

  test('goes also when it could not be done at first', async () => {
    const { cluster, removed, troubles, ended, finalizers } = await mark()
    cluster.fault = (verb) => {
      if (verb === 'patch') throw new KubeConnectionError({ method: 'PATCH', path: '/' }, new Error('reset'))
    }
    await ended()
    await pass(0)
    cluster.fault = () => {}
    await pass(5_000)
    expect([removed, troubles.length, finalizers()]).toEqual([[...REMOVED, ...REMOVED], 1, ['of another']])
  })

  test('leaves the next run of its name alone', async () => {
    const { cluster, deletion, removed, ended } = await mark()
    void deletion.gone(RUN)
    cluster.apply(PIPELINE_RUNS, {
      metadata: { name: 'train', namespace: 'team', uid: 'next', finalizers: ['its own'] },
    })
    await ended()
    await pass(0)
    expect(removed[0]).toBe(REMOVED[0])
    expect(cluster.calls.filter((call) => call.startsWith('patch'))).toEqual([])
  })
})
