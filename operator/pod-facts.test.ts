/** What the news of pods does to a run, on a cluster in memory and in virtual time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { EVENTS, PODS } from '../client/kube/resources.ts'
import { KubeConnectionError, KubeError } from '../client/kube/transport.ts'
import type { Pod } from './pod/pod-types.ts'
import { FakeCluster } from './testing/fake-cluster.ts'
import { MAIN, startSmallSession } from './testing/small-session.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)

const exceededQuota = () =>
  new KubeError(
    { method: 'POST', path: '/' } as never,
    { status: 403, text: '{"reason":"Forbidden","message":"pods \\"x\\" is forbidden: exceeded quota: q"}' } as never,
  )

const waitsFor = (reason: string, launcher: object = {}): Pod['status'] => ({
  phase: 'Pending',
  conditions: [
    { type: 'PodScheduled', status: 'True' },
    { type: 'PodReadyToStartContainers', status: 'True' },
  ],
  containerStatuses: [{ name: 'main', state: { waiting: { reason } } }],
  initContainerStatuses: [{ name: 'kfp-ts-launcher', state: launcher }],
})
const IMAGE = waitsFor('PodInitializing', { waiting: { reason: 'ErrImagePull', message: 'too many requests' } })
const CRASHING = waitsFor('PodInitializing', { waiting: { reason: 'CrashLoopBackOff' } })
const COPYING = waitsFor('PodInitializing', { running: {} })
/** As the API server marks a pod of a node that is gone. */
const marked = () => ({ deletionTimestamp: new Date().toISOString(), deletionGracePeriodSeconds: 10 })

async function started(options: Parameters<typeof startSmallSession>[0] = {}) {
  const run = startSmallSession(options)
  await pass(0)
  return { ...run, pod: () => run.pods()[0]! }
}

describe('a wait that is unlikely to help', () => {
  test('ends the attempt when its time of grace is over', async () => {
    const { report, setPod, pod, pods } = await started()
    setPod(pod(), IMAGE)
    await pass(59_000)
    expect(report().state).toBe('RUNNING')
    await pass(1_000)
    expect(report()).toMatchObject({ state: 'FAILED', tasks: [{ error: { code: 'image' } }] })
    expect(pods()).toEqual([])
  })

  test('has all of its time again once the pod went on', async () => {
    const { report, setPod, pod, deletes } = await started()
    setPod(pod(), IMAGE)
    await pass(50_000)
    setPod(pod(), COPYING)
    await pass(300_000)
    expect([report().state, deletes()]).toEqual(['RUNNING', []])
    setPod(pod(), IMAGE)
    await pass(59_000)
    expect(report().state).toBe('RUNNING')
    await pass(1_000)
    expect(report().state).toBe('FAILED')
  })

  test('has its time from when its node took it up, however long it waited for the quota before', async () => {
    let refusals = 20
    const cluster = new FakeCluster()
    cluster.fault = (verb, plural) => {
      if (verb === 'create' && plural === PODS.plural && refusals-- > 0) throw exceededQuota()
    }
    const mistake = { type: 'Warning', reason: 'FailedMount', message: 'secret "key" not found' }
    cluster.apply(EVENTS, { metadata: { name: 'why', namespace: 'team' }, ...mistake } as never)
    const { report, setPod, pods } = await started({ cluster })
    while (pods().length === 0) await pass(10_000)
    setPod(pods()[0]!, { ...waitsFor('ContainerCreating'), conditions: [{ type: 'PodScheduled', status: 'True' }] })
    await pass(59_000)
    expect(report().state).toBe('RUNNING')
    await pass(15_000)
    expect(report()).toMatchObject({ state: 'FAILED', tasks: [{ error: { code: 'configuration' } }] })
  })

  test('is one wait while the same container ends again and again', async () => {
    const { setPod, pod, deletes } = await started()
    for (const [status, millis] of [
      [CRASHING, 10_000],
      [COPYING, 1_000],
      [CRASHING, 20_000],
      [COPYING, 1_000],
      [CRASHING, 27_000],
    ] as const) {
      setPod(pod(), status)
      await pass(millis)
    }
    expect(deletes()).toHaveLength(0)
    await pass(1_000)
    expect(deletes()).toHaveLength(1)
  })

  test('is not given up while what ended again and again works', async () => {
    const { setPod, pod, deletes } = await started()
    setPod(pod(), CRASHING)
    await pass(10_000)
    setPod(pod(), COPYING)
    await pass(300_000)
    expect(deletes()).toEqual([])
  })
})

test.each([
  ['at once', []],
  ['after trouble with the image', [IMAGE]],
])('a pod that ran %s and whose node is gone is removed by force', async (_when, before) => {
  const { setPod, pod, deletes } = await started()
  for (const status of [...before, MAIN.running]) {
    setPod(pod(), status)
    await pass(100)
  }
  setPod(pod(), MAIN.running, marked())
  await pass(29_000)
  expect(deletes()).toEqual([])
  await pass(1_000)
  expect(deletes()).toHaveLength(1)
})

describe('outputs that a launcher copies out', () => {
  /** Ended well, and read from a store that the launcher has not written to yet. */
  async function ended(options: Parameters<typeof startSmallSession>[0] = {}) {
    const readOutputs = vi.fn(async (_launch, _place, complete: AbortSignal) => {
      await new Promise((resolve) => complete.addEventListener('abort', resolve))
      throw new Error('nothing is there')
    })
    const run = await started({ store: { readOutputs }, ...options })
    run.setPod(run.pod(), MAIN.running)
    run.setPod(run.pod(), MAIN.succeeded)
    await pass(60_000)
    expect(run.report().state).toBe('RUNNING')
    return { ...run, readOutputs }
  }
  const LAUNCHER_ENDED = [{ name: 'kfp-ts-launcher', state: { terminated: { exitCode: 137 } } }]

  test.each<[string, (run: Awaited<ReturnType<typeof ended>>) => unknown]>([
    ['the launcher', ({ setPod, pod }) => setPod(pod(), { ...MAIN.succeeded, initContainerStatuses: LAUNCHER_ENDED })],
    ['the pod', ({ setPod, pod }) => setPod(pod(), { ...MAIN.succeeded, phase: 'Failed' })],
    ['the existence of the pod', ({ cluster, pod }) => cluster.client.delete(PODS, 'team', pod().metadata.name)],
    ['the time that a lost node has', ({ setPod, pod }) => setPod(pod(), MAIN.succeeded, marked())],
  ])('are not waited for after the end of %s', async (_what, endOf) => {
    const run = await ended()
    await endOf(run)
    await pass(35_000)
    expect(run.report().tasks[0]?.attempts).toBe(2)
    expect(run.readOutputs).toHaveBeenCalledTimes(1)
  })

  test('are not missed by a run that was canceled', async () => {
    const { session, report } = await ended()
    session.cancel('enough')
    await pass(0)
    expect(report().state).toBe('CANCELED')
  })

  test('are no matter of a session that closed', async () => {
    const { session, readOutputs } = await ended()
    session.close()
    expect(readOutputs.mock.calls[0]?.[2].aborted).toBe(true)
  })
})

test('the log of a pod that goes on after its session is left to itself', async () => {
  const [follow, forget] = [vi.fn(), vi.fn()]
  const { session, setPod, pod } = await started({ logs: { follow, forget } })
  setPod(pod(), MAIN.running)
  await pass(0)
  session.close()
  expect(follow).toHaveBeenCalledTimes(1)
  expect(forget.mock.calls).toEqual(follow.mock.calls)
})

describe('a pod that has to go while the API server is away', () => {
  const away = (cluster: ReturnType<typeof startSmallSession>['cluster'], tries: number) => {
    let left = tries
    cluster.fault = (verb, plural) => {
      if (verb !== 'delete' || plural !== PODS.plural || left-- <= 0) return
      throw new KubeConnectionError({ method: 'DELETE', path: '/pods' }, new Error('reset'))
    }
  }

  test('goes when it is back: canceled', async () => {
    const { cluster, session, report, setPod, pod, pods } = await started()
    setPod(pod(), MAIN.running)
    await pass(0)
    away(cluster, 3)
    session.cancel('enough')
    await pass(3_000)
    expect([report().state, pods().length]).toEqual(['CANCELING', 1])
    await pass(10_000)
    expect([report().state, pods().length]).toEqual(['CANCELED', 0])
  })

  test('goes when it is back: lost with its node', async () => {
    const { cluster, report, setPod, pod, pods } = await started()
    setPod(pod(), MAIN.running, marked())
    away(cluster, 3)
    await pass(40_000)
    expect([report().tasks[0]?.attempts, pods().length]).toEqual([2, 1])
  })

  test('is left alone when it ended meanwhile, or its session closed', async () => {
    for (const end of ['ended', 'closed'] as const) {
      const { cluster, session, setPod, pod, deletes } = await started()
      setPod(pod(), MAIN.running)
      await pass(0)
      away(cluster, 1)
      session.cancel('enough')
      await pass(0)
      if (end === 'closed') session.close()
      else setPod(pod(), MAIN.succeeded)
      await pass(60_000)
      expect(deletes()).toHaveLength(1)
    }
  })
})
