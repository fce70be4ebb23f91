import { expect, test } from 'vitest'
import { admit, type WaitingRun } from './admission.ts'
import { DEFAULT_LIMITS } from './settings.ts'

const run = (key: string, change: Partial<WaitingRun> = {}): WaitingRun => ({
  key,
  namespace: 'a',
  priority: 0,
  createdAt: 0,
  ...change,
})

test('starts higher priorities first, then older runs', () => {
  const waiting = [
    run('late', { createdAt: 2 }),
    run('early', { createdAt: 1 }),
    run('urgent', { createdAt: 3, priority: 5 }),
  ]
  expect(admit(waiting, [], { ...DEFAULT_LIMITS, activeRuns: 2 }).start).toEqual(['urgent', 'early'])
})

test.each([
  ['cluster', { activeRuns: 1 }, {}, /cluster's limit of 1 active runs/],
  ['namespace', { activeRunsPerNamespace: 1 }, {}, /limit of 1 active runs in namespace "a"/],
  ['pipeline', { activeRunsPerPipeline: 1 }, { pipeline: 'p' }, /limit of 1 active runs of pipeline "p"/],
  ['pool', { pools: { gpu: 1 } }, { pool: 'gpu' }, /limit of 1 active runs in pool "gpu"/],
])('says which limit holds a run: %s', (_name, limits, labels, reason) => {
  const { start, waiting } = admit([run('x', labels)], [run('active', labels)], { ...DEFAULT_LIMITS, ...limits })
  expect(start).toEqual([])
  expect(waiting.get('x')).toMatch(reason)
})

test('a run held by its pool does not hold up others', () => {
  const limits = { ...DEFAULT_LIMITS, pools: { gpu: 1 } }
  const waiting = [run('gpu-2', { pool: 'gpu' }), run('cpu', { createdAt: 9 })]
  expect(admit(waiting, [run('gpu-1', { pool: 'gpu' })], limits).start).toEqual(['cpu'])
})

test('a pool that nobody configured is named', () => {
  expect(admit([run('x', { pool: 'nope' })], [], DEFAULT_LIMITS).waiting.get('x')).toMatch(/no pool "nope"/)
})
