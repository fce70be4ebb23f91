/** Suspended runs: what they leave alone, what they look after, and what becomes of it. In virtual time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PipelineRunSpec } from '../api/pipeline-run.ts'
import { createPodPlaces } from './admission/pod-places.ts'
import { DEFAULT_LIMITS } from './settings.ts'
import { MAIN, type SmallSession, type SmallSessionOptions, startSmallSession } from './testing/small-session.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)
const SUSPENDED = { suspend: true } as PipelineRunSpec

/** The operator ends, and the next one takes the run up while it is suspended. */
function restart({ session, cluster, journal }: SmallSession, more: SmallSessionOptions = {}): SmallSession {
  session.close()
  return startSmallSession({ cluster, journal, spec: SUSPENDED, ...more })
}

describe('a suspended run after a restart', () => {
  async function running(): Promise<SmallSession> {
    const before = startSmallSession()
    await pass(100)
    before.setPod(before.pods()[0]!, MAIN.running)
    await pass(100)
    return before
  }

  test('counts its pods, and ends them when it is canceled', async () => {
    const podPlaces = createPodPlaces(DEFAULT_LIMITS, Date.now)
    const { session, pods, deletes, report } = restart(await running(), { podPlaces })
    await pass(100)
    expect([session.attempts.size, podPlaces.inside]).toEqual([1, 1])
    const { name } = pods()[0]!.metadata
    session.cancel('enough')
    await pass(100)
    expect([deletes(), report().state]).toEqual([[name], 'CANCELED'])
  })

  test('hears of the end of its pods', async () => {
    const { pods, setPod, report } = restart(await running())
    await pass(100)
    setPod(pods()[0]!, MAIN.succeeded)
    await pass(100)
    expect(report().state).toBe('SUCCEEDED')
  })

  test('hears that a pod is gone, and starts no other before it is resumed', async () => {
    const before = await running()
    before.cluster.objects.clear()
    const { session, pods, report } = restart(before)
    await pass(60_000)
    expect([pods().length, report().tasks[0]?.attempts]).toEqual([0, 2])
    session.suspend(false)
    await pass(100)
    expect(pods()).toHaveLength(1)
  })
})

describe('an attempt that waits for its run to be resumed', () => {
  test('is given up with the run, and not started when it is resumed after all', async () => {
    const { session, cluster, report } = startSmallSession({ spec: SUSPENDED })
    await pass(100)
    session.cancel('enough')
    session.suspend(false)
    await pass(60_000)
    expect(report().state).toBe('CANCELED')
    expect(cluster.calls.filter((call) => call.startsWith('create'))).toEqual([])
  })

  test('is given up when the time of the run is over, and not started when the run is resumed', async () => {
    const { session, cluster, report } = startSmallSession({ spec: SUSPENDED, config: { timeoutMillis: 1_000 } })
    await pass(5_000)
    session.suspend(false)
    await pass(60_000)
    expect(report().state).toBe('FAILED')
    expect(cluster.calls.filter((call) => call.startsWith('create'))).toEqual([])
  })
})
