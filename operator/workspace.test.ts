import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { VOLUME_CLAIMS } from '../client/kube/resources.ts'
import { leafOf, pipelineOf, taskOf } from '../engine/testing/small-pipeline.ts'
import { FakeCluster } from './testing/fake-cluster.ts'
import { startSmallSession } from './testing/small-session.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const document = pipelineOf({
  root: { dag: { tasks: { a: taskOf('step') } } },
  components: { step: leafOf() },
  executors: { step: { container: { image: 'step', args: ['{{$.workspace_path}}'] } } },
  platform: { platforms: { kubernetes: { pipelineConfig: { workspace: { size: '1Gi' } } } } },
})
const CLAIM = 'run-kfp-workspace'
/** On an object store, beside a claim of the name. */
async function start(ownerReferences?: object[]) {
  const cluster = new FakeCluster()
  if (ownerReferences) {
    cluster.apply(VOLUME_CLAIMS, { metadata: { name: CLAIM, namespace: 'team', ownerReferences } as never })
  }
  const run = startSmallSession({ cluster, document })
  await vi.advanceTimersByTimeAsync(10_000)
  return { ...run, volumes: () => JSON.stringify(run.pods().map(({ spec }) => spec?.volumes)) }
}

test('a run makes the claim of its workspace, and takes it up again', async () => {
  expect((await start()).volumes()).toContain(CLAIM)
  expect((await start([{ kind: 'PipelineRun', name: 'run', uid: 'uid-run' }])).volumes()).toContain(CLAIM)
})

test.each<[string, object[], RegExp]>([
  [
    'of a run of this name that was deleted',
    [{ kind: 'PipelineRun', name: 'run', uid: 'before' }],
    /of an earlier run of this name and not gone yet$/,
  ],
  ['of somebody', [], /is not of this run/],
])('it does not take the claim %s, and waits until that is gone', async (_whose, owners, why) => {
  const { cluster, session, pods, volumes } = await start(owners)
  expect(pods()).toEqual([])
  expect([...session.attempts.values()][0]?.waiting?.message).toMatch(why)
  await cluster.client.delete(VOLUME_CLAIMS, 'team', CLAIM)
  await vi.advanceTimersByTimeAsync(15_000)
  expect(volumes()).toContain(CLAIM)
  expect(cluster.find(VOLUME_CLAIMS, CLAIM)).toMatchObject({ metadata: { ownerReferences: [{ uid: 'uid-run' }] } })
})
