import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { digestPath } from './digest.ts'
import { directoryStore } from './directory-store.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-store-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

test('trees go in and out whole, and are listed, read and digested', async () => {
  const store = directoryStore({ 'volume://data/': join(folder, 'volume') })
  mkdirSync(join(folder, 'in', 'sub'), { recursive: true })
  writeFileSync(join(folder, 'in', 'sub', 'a.txt'), 'hello world')
  expect(await store.find('volume://data/m')).toBeUndefined()
  const uploaded = await store.upload(join(folder, 'in'), 'volume://data/m')
  expect(uploaded).toMatchObject({ kind: 'tree', bytes: 11, files: 1 })
  expect(await store.find('volume://data/m')).toEqual(uploaded)
  writeFileSync(join(folder, 'volume', 'm', 'sub', 'b.txt'), '!')
  const found = await store.find('volume://data/m')
  expect(found).toMatchObject({ bytes: 12, files: 2 })
  expect([found!.etag === uploaded.etag, found!.modifiedAt >= uploaded.modifiedAt]).toEqual([false, true])
  rmSync(join(folder, 'volume', 'm', 'sub', 'b.txt'))
  expect(await store.list('volume://data/m')).toEqual(['sub/a.txt'])
  expect(await text((await store.read('volume://data/m/sub/a.txt', { start: 6 }))!)).toBe('world')
  expect(await store.digest('volume://data/m')).toBe(await digestPath(join(folder, 'in')))
  await store.download('volume://data/m', join(folder, 'out'))
  expect(readFileSync(join(folder, 'out', 'sub', 'a.txt'), 'utf8')).toBe('hello world')
  await store.remove('volume://data/m')
  expect(await store.find('volume://data/m')).toBeUndefined()
})

test('a URI cannot lead out of its folder, and other schemes are refused', async () => {
  const store = directoryStore({ 'volume://data/': join(folder, 'volume') })
  await expect(store.find('volume://data/../secret')).rejects.toThrow('leads out of')
  await expect(store.find('gs://bucket/x')).rejects.toThrow('not a path on this machine')
})
