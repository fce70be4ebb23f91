import { beforeEach, describe, expect, test } from 'vitest'
import { VOLUME_CLAIMS } from '../client/kube/resources.ts'
import { KubeError } from '../client/kube/transport.ts'
import type { VolumeRequest } from '../engine/types.ts'
import { changeVolume } from './change-volume.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

let cluster: FakeCluster
beforeEach(() => {
  cluster = new FakeCluster()
})

const change = (request: VolumeRequest, { task = 'root/make', uid = 'u1', attempt = 1 } = {}) =>
  changeVolume(
    {
      ports: { kube: cluster.client, settings: { pods: { store: { claimName: 'store' } } } },
      run: { namespace: 'team', uid },
    },
    { task, attempt, request },
  )
const request: VolumeRequest = { operation: 'create', name: 'data', accessModes: ['ReadWriteMany'], size: '1Gi' }
const made = { outcome: 'succeeded', outputs: { parameters: { name: 'data' } } }

describe('a claim that is made', () => {
  test("is there as asked for, and known as the task's when the action is carried out again", async () => {
    expect(await change({ ...request, annotations: { team: 'a' } })).toMatchObject(made)
    expect(cluster.find(VOLUME_CLAIMS, 'data')).toMatchObject({
      metadata: { labels: { 'pipelines.kfp-ts.dev/run': 'u1' }, annotations: { team: 'a' } },
      spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } } },
    })
    expect(await change(request)).toMatchObject(made)
    expect(await change(request, { attempt: 2 })).toMatchObject(made)
  })

  test.each([
    ['another run', { uid: 'u2' }],
    ['another task', { task: 'root/make-2' }],
  ])('does not stand for the one of %s', async (_whose, who) => {
    await change(request)
    const failure = { cause: 'configuration', message: expect.stringMatching(/"data" in namespace "team" already/) }
    expect(await change(request, who)).toEqual({ outcome: 'failed', failure })
  })

  test('without a name gets one of its own in every run and attempt', async () => {
    const { name, ...unnamed } = request as Extract<VolumeRequest, { operation: 'create' }>
    const names = new Set<unknown>()
    for (const who of [{}, {}, { uid: 'u2' }, { attempt: 2 }, { task: 'root/b' }]) {
      const result = await change({ ...unnamed, nameSuffix: '-Data' }, who)
      names.add(result.outcome === 'succeeded' && result.outputs.parameters['name'])
    }
    expect(names.size).toBe(4)
    for (const one of names) expect(one).toMatch(/^[0-9a-f]{32}-data$/)
  })
})

describe('a claim that is deleted', () => {
  test('is gone, also when the action is carried out again', async () => {
    await change(request)
    for (const _time of [1, 2])
      expect(await change({ operation: 'delete', name: 'data' })).toMatchObject({ outcome: 'succeeded' })
    expect(cluster.names(VOLUME_CLAIMS)).toEqual([])
  })

  test('is never the store of all runs', async () => {
    cluster.apply(VOLUME_CLAIMS, { metadata: { name: 'store', namespace: 'team' } })
    const failure = { cause: 'configuration', message: expect.stringMatching(/"store" is the store of all runs/) }
    expect(await change({ operation: 'delete', name: 'store' })).toEqual({ outcome: 'failed', failure })
    expect(cluster.names(VOLUME_CLAIMS)).toEqual(['store'])
  })
})

test.each([
  [403, 'configuration'],
  [503, 'infrastructure'],
] as const)('what the API server answers by %i has the cause %s', async (status, cause) => {
  cluster.fault = () => {
    throw new KubeError({ method: 'POST', path: '/' } as never, { status, text: '{"message":"quota"}' } as never)
  }
  expect(await change(request)).toMatchObject({ outcome: 'failed', failure: { cause } })
})
