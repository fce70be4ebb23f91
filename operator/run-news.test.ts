import { beforeEach, expect, test } from 'vitest'
import type { RunWait, Sight } from '../api/wait.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { KubeError } from '../client/kube/transport.ts'
import { createRunNews, type RunNews } from './run-news.ts'
import { type PipelineRun, type RunView, viewRun } from './run-view.ts'

const AT = '2026-03-01T00:00:00Z'
const wait = (more: Partial<RunWait>): RunWait => ({ kind: 'run', states: ['SUCCEEDED'], everyMillis: 1000, ...more })
const byDate = wait({ pipeline: 'clean', logicalDate: Date.parse(AT) })
const soon = () => new Promise((resolve) => setTimeout(resolve, 10))

let resources: Map<string, PipelineRun>
let views: Map<string, RunView>
let recorded: Sight
let news: RunNews

beforeEach(() => {
  resources = new Map()
  views = new Map()
  recorded = { kind: 'run' }
  const kube = {
    get: async (_resource: unknown, _namespace: string, name: string) => {
      const found = resources.get(name)
      if (found) return found
      throw new KubeError({ method: 'GET', path: '/x' }, { status: 404, text: '{"reason":"NotFound"}' })
    },
  } as unknown as KubeClient
  news = createRunNews({ kube, synced: Promise.resolve(), known: () => views.values(), recorded: async () => recorded })
})

function set(name: string, status: PipelineRun['status'], namespace = 'n'): void {
  const metadata = { name, namespace, uid: `u-${name}`, annotations: { 'pipelines.kfp-ts.dev/logical-date': AT } }
  const run = { metadata, spec: {}, status } as unknown as PipelineRun
  resources.set(name, run)
  views.set(name, viewRun(run))
  news.changed(viewRun(run))
}

function listen(request: RunWait, namespace = 'n'): { sights: Sight[]; stop: () => void } {
  const sights: Sight[] = []
  return { sights, stop: news.watch(request, { namespace }, (sight) => sights.push(sight)) }
}

test('a wait hears of the run it names, from its beginning to its end, and of no other', async () => {
  const { sights, stop } = listen(wait({ run: 'a' }))
  const elsewhere = listen(wait({ run: 'a' }), 'm')
  await soon()
  set('a', { phase: 'Running', pipeline: 'clean' })
  set('b', { phase: 'Succeeded', pipeline: 'clean' })
  await soon()
  set('a', { phase: 'Succeeded', pipeline: 'clean', outputs: { rows: 3 } })
  await soon()
  expect(sights).toEqual([
    { kind: 'run' },
    { kind: 'run', run: { id: 'u-a', state: 'RUNNING', outputs: {} } },
    { kind: 'run', run: { id: 'u-a', state: 'SUCCEEDED', outputs: { rows: 3 } } },
  ])
  expect(elsewhere.sights).toEqual([{ kind: 'run' }])
  stop()
  set('a', { phase: 'Failed' })
  await soon()
  expect(sights).toHaveLength(3)
})

test('by pipeline and date; a failure brings its reason', async () => {
  set('a', { phase: 'Failed', pipeline: 'clean', message: 'train: no memory' })
  set('z', { phase: 'Running', pipeline: 'other' })
  const { sights } = listen(byDate)
  await soon()
  expect(sights).toEqual([{ kind: 'run', run: { id: 'u-a', state: 'FAILED', outputs: {}, error: 'train: no memory' } }])
})

test('a run that is being tried again is not over; what the cluster has no more is in the records', async () => {
  set('a', { phase: 'Failed', pipeline: 'clean' })
  views.set('a', { ...views.get('a')!, retryCount: 1 })
  recorded = { kind: 'run', run: { id: 'u-old', state: 'SUCCEEDED', outputs: { rows: 9 } } }
  const again = listen(wait({ run: 'a' }))
  const old = listen(wait({ run: 'old' }))
  await soon()
  expect(again.sights).toMatchObject([{ run: { state: 'RETRYING' } }])
  expect(old.sights).toEqual([recorded])
})

test('outputs that are too large for the resource come from the records', async () => {
  recorded = { kind: 'run', run: { id: 'u-a', state: 'SUCCEEDED', outputs: { big: 'x' } } }
  set('a', { phase: 'Succeeded', pipeline: 'clean' })
  const { sights } = listen(wait({ run: 'u-a' }))
  await soon()
  expect(sights).toEqual([recorded])
})

test.each([
  ['its name', wait({ run: 'a' })],
  ['its date', byDate],
])('who waits for a run by %s hears that it was deleted while it ran, from its record', async (_by, request) => {
  set('a', { phase: 'Running', pipeline: 'clean' })
  const { sights } = listen(request)
  const elsewhere = listen(wait({ run: 'b' }))
  await soon()
  const gone = views.get('a')!
  views.delete('a')
  resources.delete('a')
  recorded = { kind: 'run', run: { id: 'u-a', state: 'CANCELED', outputs: {} } }
  news.gone(gone)
  await soon()
  expect(sights).toMatchObject([{ run: { state: 'RUNNING' } }, { run: { state: 'CANCELED' } }])
  expect(elsewhere.sights).toHaveLength(1)
})

test('a run that took the place of the deleted one is waited for instead', async () => {
  set('a', { phase: 'Running', pipeline: 'clean' })
  const { sights } = listen(byDate)
  await soon()
  const gone = views.get('a')!
  views.delete('a')
  set('c', { phase: 'Running', pipeline: 'clean' })
  recorded = { kind: 'run', run: { id: 'u-a', state: 'CANCELED', outputs: {} } }
  news.gone(gone)
  await soon()
  expect(sights.at(-1)).toMatchObject({ run: { id: 'u-c', state: 'RUNNING' } })
})
