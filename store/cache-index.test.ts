import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type CacheEntry, openCacheIndex } from './cache-index.ts'
import { digestPath } from './digest.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-cache-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

async function entryWithModel(overrides: Partial<CacheEntry> = {}): Promise<CacheEntry> {
  const uri = join(folder, 'model')
  mkdirSync(uri, { recursive: true })
  writeFileSync(join(uri, 'weights'), 'abc')
  const digest = (await digestPath(uri))!
  const model = { name: 'model', type: { schemaTitle: 'system.Model' }, uri, metadata: {}, digest }
  const outputs = { parameters: { accuracy: 0.9 }, artifacts: { model: [model] } }
  return { key: 'k1', parts: { image: 'a' }, outputs, runId: 'run-1', task: 'root/train', savedAt: 1, ...overrides }
}

const openIndex = () => openCacheIndex(join(folder, 'cache'), ({ uri }) => uri)

test('an entry is found by pipeline and key, the newest wins', async () => {
  const index = openIndex()
  const entry = await entryWithModel()
  await index.save('p', entry)
  expect(await index.lookUp('p', 'k1')).toEqual({ entry })
  await index.save('p', { ...entry, runId: 'run-2' })
  expect(await index.lookUp('p', 'k1')).toMatchObject({ entry: { runId: 'run-2' } })
  expect(await index.lookUp('other', 'k1')).toEqual({ reason: 'no earlier result has this key' })
})

test('an entry whose artifact is gone or changed is not used, and says so', async () => {
  const index = openIndex()
  await index.save('p', await entryWithModel())
  writeFileSync(join(folder, 'model', 'weights'), 'abd')
  expect(await index.lookUp('p', 'k1')).toMatchObject({
    reason: expect.stringContaining('was changed since (its checksum differs)'),
  })
  rmSync(join(folder, 'model'), { recursive: true })
  expect(await index.lookUp('p', 'k1')).toMatchObject({
    reason: expect.stringContaining('artifact "model" no longer exists'),
  })
})

test('a torn file is no entry', async () => {
  const index = openIndex()
  await index.save('p', await entryWithModel())
  const [pipelineFolder] = await import('node:fs').then(({ readdirSync }) => readdirSync(join(folder, 'cache')))
  writeFileSync(join(folder, 'cache', pipelineFolder!, 'k1.json'), '{"key":"k1"')
  expect(await index.lookUp('p', 'k1')).toEqual({ reason: 'no earlier result has this key' })
  const entries: CacheEntry[] = []
  for await (const entry of index.entries('p')) entries.push(entry)
  expect(entries).toEqual([])
})
