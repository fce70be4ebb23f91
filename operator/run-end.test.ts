/** When a run that is over goes, in virtual time. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRunEnds, type RunEnds } from './run-end.ts'
import { type PipelineRun, type RunView, viewRun } from './run-view.ts'

const DAY = 86_400
const START = Date.parse('2026-03-01T00:00:00Z')
let known: RunView | undefined
let deleted: string[]
let listener: () => Promise<void>
let ends: RunEnds

beforeEach(() => {
  vi.useFakeTimers({ now: START })
  known = undefined
  deleted = []
  listener = async () => {}
  ends = createRunEnds({
    kube: { delete: async (_resource: unknown, _namespace: string, name: string) => void deleted.push(name) } as never,
    current: () => known,
    onEnded: () => listener(),
    now: Date.now,
    onTrouble: () => {},
  })
})
afterEach(() => {
  vi.useRealTimers()
})
const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * 1000)

/** A run that ended at the start of the test. */
function set(spec: PipelineRun['spec'], status: PipelineRun['status'] = {}): RunView {
  const metadata = { name: 'train', namespace: 'ml', uid: 'u' }
  const ended = { phase: 'Failed', completionTime: new Date(START).toISOString(), ...status } as const
  known = viewRun({ metadata, spec, status: ended } as PipelineRun)
  return known
}

test('a run goes when its time is up, not sooner, also after a month', async () => {
  ends.over(set({ ttlSecondsAfterFinished: 30 * DAY }))
  await pass(30 * DAY - 1)
  expect(deleted).toEqual([])
  await pass(1)
  expect(deleted).toEqual(['train'])
})

test("its own time to live counts before its pipeline's", async () => {
  const expirationTime = new Date(START + 10_000).toISOString()
  ends.over(set({}, { expirationTime }))
  ends.over(set({ ttlSecondsAfterFinished: 20 }, { expirationTime }))
  await pass(19)
  expect(deleted).toEqual([])
  await pass(1)
  expect(deleted).toEqual(['train'])
})

test.each([
  ['is asked for another try', { ttlSecondsAfterFinished: 10, retryCount: 1 }, {}],
  ['runs again', { ttlSecondsAfterFinished: 10, retryCount: 1 }, { phase: 'Running', completionTime: undefined }],
  ['has more time by now', { ttlSecondsAfterFinished: 100 }, {}],
] as const)('a run that %s stays, whoever tells of it', async (_name, spec, status) => {
  ends.over(set({ ttlSecondsAfterFinished: 10 }))
  await pass(5)
  set(spec, status)
  await pass(60)
  expect(deleted).toEqual([])
})

test('a run that is gone, or tried again, is waited for no more', async () => {
  ends.over(set({ ttlSecondsAfterFinished: 10 }))
  await pass(1)
  ends.withdraw('u')
  await pass(0)
  expect(vi.getTimerCount()).toBe(0)
})

test('who listens hears of the end before; a run that is tried again meanwhile stays', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  listener = vi.fn(() => promise).mockRejectedValueOnce(new Error('no database'))
  ends.over(set({ ttlSecondsAfterFinished: 1 }))
  await pass(6)
  expect(listener).toHaveBeenCalledTimes(2)
  expect(deleted).toEqual([])
  set({ ttlSecondsAfterFinished: 1, retryCount: 1 })
  resolve()
  await pass(10)
  expect(deleted).toEqual([])
})
