import { dirname } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Launch } from '../engine/types.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { createObjectStore, resultUri } from './object-store.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const ROOT = 's3://bucket/kfp'
const PLACE = { runId: 'r', task: 'root/a', attempt: 1 }

function open(objects = new Map<string, string>()) {
  const read = vi.fn(async (uri: string) => {
    const text = objects.get(uri)
    return text === undefined ? undefined : Readable.from([Buffer.from(text)])
  })
  const store = createObjectStore({ store: { read } as unknown as ArtifactStore, root: ROOT, mountPath: '/kfp-store' })
  const complete = new AbortController()
  return { objects, read, complete, outputs: store.readOutputs({} as Launch, PLACE, complete.signal) }
}

test('the result of a launcher is waited for', async () => {
  const { objects, outputs } = open()
  await vi.advanceTimersByTimeAsync(300_000)
  objects.set(resultUri(ROOT, PLACE), '{"parameterFiles":{"x":"1"}}')
  await vi.advanceTimersByTimeAsync(100)
  expect(await outputs).toEqual({ parameterFiles: { x: '1' } })
})

test('once nothing more can come one look is enough, which finds what came last', async () => {
  const { read, complete, outputs } = open()
  await vi.advanceTimersByTimeAsync(0)
  complete.abort()
  await expect(outputs).rejects.toThrow(/left no result at s3:/)
  expect(read).toHaveBeenCalledTimes(2)
  const late = open()
  await vi.advanceTimersByTimeAsync(0)
  late.objects.set(resultUri(ROOT, PLACE), '{"parameterFiles":{}}')
  late.complete.abort()
  expect(await late.outputs).toEqual({ parameterFiles: {} })
})

test.each([
  ['the default root', `${ROOT}/artifacts/p/r`],
  ['a root of its own, in another bucket', 's3://models/deep/down/p/r'],
])('artifacts of a deleted run under %s go when they are named', async (_root, uri) => {
  const removed: string[] = []
  const bucket = { remove: async (one: string) => void removed.push(one) } as unknown as ArtifactStore
  const store = createObjectStore({ store: bucket, root: ROOT, mountPath: '/kfp-store' })
  for (const none of [undefined, dirname(uri), '/local/p/r', 'gs://bucket/p/r']) await store.deleteRun('r', none)
  expect(new Set(removed)).toEqual(new Set([`${ROOT}/logs/r`, `${ROOT}/results/r`]))
  await store.deleteRun('r', uri)
  expect(removed.at(-1)).toBe(uri)
})
