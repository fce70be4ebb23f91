import { expect, test } from 'vitest'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { KubeConnectionError } from '../client/kube/transport.ts'
import { FakeCluster } from './fake-cluster.ts'
import { createRunDeletion } from './run-deletion.ts'

const RUN = { namespace: 'team', name: 'train', uid: 'u1', runId: 'u1', displayName: 'train' }

/** A deletion over an empty cluster, and what it removed. */
function setUp() {
  const cluster = new FakeCluster()
  const removed: string[] = []
  const troubles: unknown[] = []
  const deletion = createRunDeletion({
    kube: cluster.client,
    store: { deleteRun: async (runId) => void removed.push(`files ${runId}`) },
    records: {
      owns: async () => true,
      async forget({ runId }, removeFiles) {
        await removeFiles()
        removed.push(`record ${runId}`)
      },
    },
    hasPods: () => false,
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
