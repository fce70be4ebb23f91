import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Action, RunEvent } from '../engine/types.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { runPaths } from '../store/run-folder.ts'
import { type ExecutorOptions, makeExecutor } from './executor.ts'
import { makeTestFolder } from './testing/test-folders.ts'

/** Work that takes a while, and how much of it went on at once at most. */
function counted() {
  const seen = { now: 0, most: 0, begun: 0 }
  const work = async () => {
    seen.begun += 1
    seen.most = Math.max(seen.most, ++seen.now)
    for (let turn = 0; turn < 3; turn += 1) await nextTurn()
    seen.now -= 1
  }
  return { seen, work }
}

function executorOver(work: () => Promise<void>) {
  const root = makeTestFolder()
  const store = { download: () => work().then(() => true) } as unknown as ArtifactStore
  return makeExecutor({
    paths: runPaths(root, 'r'),
    runId: 'r',
    cache: { lookUp: () => work().then(() => ({ reason: 'none' })), save: work },
    reuse: () => work().then(() => ({ hit: false, reason: 'none' })),
    openStore: async () => store,
    namespace: '',
    now: Date.now,
  } as unknown as ExecutorOptions)
}

const cacheKey = { key: 'k', parts: {} }
const outputs = { parameters: {}, artifacts: {} }
const imported = { outputName: 'o', type: {}, uri: 's3://b/a', metadata: {}, downloadToWorkspace: true }
const ACTIONS: Record<string, Action> = {
  imports: { kind: 'import-artifact', task: 't', attempt: 1, request: imported } as unknown as Action,
  'looks into the cache': { kind: 'look-up-cache', task: 't', pipelineName: 'p', cacheKey } as unknown as Action,
  'looks into an earlier run': {
    kind: 'find-reusable',
    task: 't',
    runId: 'e',
    contentKey: cacheKey,
  } as unknown as Action,
  'results that are saved': {
    kind: 'save-cache',
    task: 't',
    pipelineName: 'p',
    cacheKey,
    outputs,
  } as unknown as Action,
}

test.each(Object.entries(ACTIONS))('of many %s, some go on at once', async (_, action) => {
  const { seen, work } = counted()
  const executor = executorOver(work)
  const answers: RunEvent[] = []
  const handlers = executor.handlers((event) => answers.push(event))
  for (let count = 0; count < 200; count += 1) (handlers[action.kind] as (action: Action) => void)(action)
  while (seen.begun < 200 || seen.now > 0 || (action.kind !== 'save-cache' && answers.length < 200)) await nextTurn()
  await executor.settle()
  expect(seen.most).toBeGreaterThan(1)
  expect(seen.most).toBeLessThanOrEqual(16)
})

test('an interrupt ends looks that have not begun', async () => {
  const { seen, work } = counted()
  const executor = executorOver(work)
  const handlers = executor.handlers(() => undefined)
  const look = ACTIONS['looks into the cache'] as Extract<Action, { kind: 'look-up-cache' }>
  for (let count = 0; count < 200; count += 1) handlers['look-up-cache'](look, false)
  await nextTurn()
  await executor.interrupt(0)
  while (seen.now > 0) await nextTurn()
  expect(seen.begun).toBeLessThan(40)
})
