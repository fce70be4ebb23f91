/** From "start it" to a pod, on a cluster in memory and in virtual time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PipelineRunSpec } from '../api/pipeline-run.ts'
import { PODS } from '../client/kube/resources.ts'
import { KubeConnectionError, KubeError } from '../client/kube/transport.ts'
import { createPodPlaces } from './admission/pod-places.ts'
import { DEFAULT_LIMITS } from './settings.ts'
import { FakeCluster } from './testing/fake-cluster.ts'
import { MAIN, startSmallSession } from './testing/small-session.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)
const onePlace = () => createPodPlaces({ ...DEFAULT_LIMITS, pods: 1 }, Date.now)
const lost = () => new KubeConnectionError({ method: 'POST', path: '/pods' }, new Error('reset'))
const fileError = (code: string) => Object.assign(new Error(`${code}: the volume`), { code })

describe('what is needed before the pod', () => {
  test.each(['EIO', 'ENOSPC', 'ESTALE'])('is tried again after %s', async (code) => {
    const prepare = vi.fn().mockRejectedValueOnce(fileError(code)).mockResolvedValue(undefined)
    const { pods, report } = startSmallSession({ store: { prepare } })
    await pass(1_000)
    expect([pods().length, report().tasks[0]?.attempts]).toEqual([1, 1])
  })

  test('fails the attempt when no try would help, and the next attempt has its place', async () => {
    const prepare = vi.fn().mockRejectedValueOnce(fileError('EACCES')).mockResolvedValue(undefined)
    const podPlaces = onePlace()
    const { pods, report } = startSmallSession({ store: { prepare }, podPlaces })
    await pass(60_000)
    expect([pods().length, report().tasks[0]?.attempts, podPlaces.inside]).toEqual([1, 2, 1])
  })

  test('may be what can not be carried out: the next attempt has its place', async () => {
    const podPlaces = onePlace()
    const enter = vi.spyOn(podPlaces, 'enter')
    const { report } = startSmallSession({ podPlaces })
    enter.mockImplementationOnce(() => {
      throw new Error('unheard of')
    })
    await pass(60_000)
    expect([report().tasks[0]?.attempts, podPlaces.inside, podPlaces.waiting]).toEqual([2, 1, 0])
  })
})

test('no pod is made for what was canceled while its files were prepared', async () => {
  const prepare = () => new Promise<void>((resolve) => setTimeout(resolve, 500))
  const { cluster, session } = startSmallSession({ store: { prepare } })
  await pass(100)
  session.cancel('enough')
  await pass(60_000)
  expect(cluster.calls.filter((call) => call.startsWith('create'))).toEqual([])
})

describe('a pod that is there already', () => {
  const exists = () =>
    new KubeError({ method: 'POST', path: '/pods' }, { status: 409, text: '{"reason":"AlreadyExists"}' })

  test('is asked for again while the API server is away', async () => {
    const cluster = new FakeCluster()
    const get = vi.fn().mockRejectedValueOnce(lost()).mockRejectedValueOnce(lost())
    get.mockImplementation(async () => ({ metadata: { name: 'x' }, status: MAIN.running }))
    const create = vi.fn().mockRejectedValue(exists())
    const { session, report } = startSmallSession({ cluster, kube: { get, create } })
    await pass(10_000)
    expect(report().state).toBe('RUNNING')
    expect([create.mock.calls.length, get.mock.calls.length, session.podsCreated]).toEqual([1, 3, 1])
  })

  test.each([
    ['exists', exists],
    ['no answer', lost],
  ])('goes when it was canceled while its creation was on its way (%s)', async (_answer, answer) => {
    const cluster = new FakeCluster()
    const create = async (...[, namespace, pod]: Parameters<typeof cluster.client.create>) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      await cluster.client.create(PODS, namespace, pod)
      throw answer()
    }
    const { session, report, pods } = startSmallSession({ cluster, kube: { create: create as never } })
    await pass(100)
    session.cancel('enough')
    await pass(100)
    expect(report().state).toBe('CANCELED')
    await pass(60_000)
    expect(pods()).toEqual([])
  })

  test('stays when its operator stopped while its creation was on its way', async () => {
    const cluster = new FakeCluster()
    const create = async (...[, namespace, pod]: Parameters<typeof cluster.client.create>) => {
      await new Promise((resolve) => setTimeout(resolve, 500))
      return await cluster.client.create(PODS, namespace, pod)
    }
    const { session, pods } = startSmallSession({ cluster, kube: { create: create as never } })
    await pass(100)
    session.close()
    await pass(60_000)
    expect(pods()).toHaveLength(1)
  })
})

describe('while a run is suspended none of its pods is made:', () => {
  /** The first holds the only place. */
  async function two() {
    const podPlaces = onePlace()
    const cluster = new FakeCluster()
    const first = startSmallSession({ cluster, podPlaces, name: 'first' })
    await pass(0)
    const second = startSmallSession({ cluster, podPlaces, name: 'second' })
    await pass(0)
    const end = () => first.setPod(first.pods()[0]!, MAIN.succeeded)
    return { podPlaces, first, second, end }
  }

  test('not one that waited for a place', async () => {
    const { podPlaces, second, end } = await two()
    expect(podPlaces.waiting).toBe(1)
    second.session.suspend(true)
    expect(podPlaces.waiting).toBe(0)
    end()
    await pass(60_000)
    expect([second.pods().length, podPlaces.inside]).toEqual([0, 0])
    second.session.suspend(false)
    await pass(0)
    expect(second.pods()).toHaveLength(1)
  })

  test('nor when it is resumed at once without a free place', async () => {
    const { podPlaces, second, end } = await two()
    second.session.suspend(true)
    second.session.suspend(false)
    await pass(60_000)
    expect([second.pods().length, podPlaces.inside, podPlaces.waiting]).toEqual([0, 1, 1])
    end()
    await pass(0)
    expect([second.pods().length, podPlaces.inside]).toEqual([1, 1])
  })

  test('nor one that waited for the quota', async () => {
    const cluster = new FakeCluster()
    const text = JSON.stringify({ reason: 'Forbidden', message: 'exceeded quota' })
    cluster.fault = () => {
      throw new KubeError({ method: 'POST', path: '/pods' }, { status: 403, text })
    }
    const podPlaces = onePlace()
    const { session, pods } = startSmallSession({ cluster, podPlaces })
    await pass(1_000)
    session.suspend(true)
    cluster.fault = () => {}
    await pass(60_000)
    expect([pods().length, podPlaces.inside]).toEqual([0, 0])
    session.suspend(false)
    await pass(0)
    expect([pods().length, podPlaces.inside]).toEqual([1, 1])
  })

  test('and a cancel ends what waits', async () => {
    const { second, end } = await two()
    second.session.suspend(true)
    second.session.cancel('enough')
    await pass(0)
    expect(second.report().state).toBe('CANCELED')
    second.session.suspend(false)
    end()
    await pass(60_000)
    expect(second.pods()).toEqual([])
  })

  test('one that starts suspended waits for the first time', async () => {
    const { session, pods } = startSmallSession({ spec: { suspend: true } as PipelineRunSpec })
    await pass(1_000)
    expect(pods()).toEqual([])
    session.suspend(false)
    await pass(0)
    expect(pods()).toHaveLength(1)
  })
})
