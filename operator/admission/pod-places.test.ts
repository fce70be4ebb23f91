import { expect, test } from 'vitest'
import { DEFAULT_LIMITS } from '../settings.ts'
import { createPodPlaces, type Place, type PodRequest } from './pod-places.ts'

const request = (runId: string, change: Partial<PodRequest> = {}): PodRequest => ({
  runId,
  namespace: 'team',
  pipeline: 'p',
  exists: false,
  ...change,
})
const make = (limits: Partial<typeof DEFAULT_LIMITS>) => createPodPlaces({ ...DEFAULT_LIMITS, ...limits }, () => 0)
const granted = (places: readonly Place[]): number => places.filter(({ isGranted }) => isGranted).length

test('a wide loop does not starve the single task of another run', () => {
  const places = make({ pods: 2 })
  const wide = Array.from({ length: 100 }, () => places.enter(request('wide')))
  const single = places.enter(request('single'))
  wide[0]!.leave()
  wide[1]!.leave()
  expect(single.isGranted).toBe(true)
  expect(granted(wide)).toBe(3)
})

test('two wide runs take turns', () => {
  const places = make({ pods: 10 })
  const a = Array.from({ length: 100 }, () => places.enter(request('a')))
  const b = Array.from({ length: 100 }, () => places.enter(request('b')))
  for (const place of a.slice(0, 10)) place.leave()
  expect(granted(b)).toBeGreaterThanOrEqual(4)
})

test.each([
  ['namespace', { podsPerNamespace: 1 }, {}, { namespace: 'other' }, /limit of 1 pods at once in namespace "team"/],
  ['pipeline', { podsPerPipeline: 1 }, {}, { pipeline: 'q' }, /limit of 1 pods at once of pipeline "p"/],
  [
    'pool',
    { pools: { gpu: 3 } },
    { pool: { name: 'gpu', weight: 2 } },
    {},
    /pool "gpu" is full: 2 of 3 are taken, and it takes 2/,
  ],
])('the limit of a %s holds those it is about, and says so', (_name, limits, mine, others, reason) => {
  const places = make(limits)
  places.enter(request('x', mine))
  const held = places.enter(request('x', mine))
  expect(places.enter(request('y', others)).isGranted).toBe(true)
  expect(held.isGranted).toBe(false)
  expect(held.why()).toMatch(reason)
  expect(held.why()).toMatch(/it is the next one/)
})

test('pods that are there already count whatever the limits are', () => {
  const places = make({ pods: 1 })
  const two = [places.enter(request('x', { exists: true })), places.enter(request('x', { exists: true }))]
  const next = places.enter(request('x'))
  two[0]!.leave()
  expect(next.isGranted).toBe(false)
  two[1]!.leave()
  expect(next.isGranted).toBe(true)
})

test('one that leaves the line frees nothing, and giving back twice gives back once', async () => {
  const places = make({ pods: 1 })
  const first = places.enter(request('x'))
  const gone = places.enter(request('x'))
  gone.leave()
  await gone.granted
  expect(places.waiting).toBe(0)
  first.leave()
  first.leave()
  expect(places.inside).toBe(0)
  expect([...places.waitingRuns()]).toEqual([])
})
