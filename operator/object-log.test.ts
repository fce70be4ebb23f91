import { readFile, writeFile } from 'node:fs/promises'
import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { keptObjectLog, type ObjectLogOptions, openObjectLog, readObjectLog } from './object-log.ts'

function bucket() {
  const objects = new Map<string, Buffer>()
  const stored = (bytes: Buffer) => ({ kind: 'file', bytes: bytes.length, files: 1, modifiedAt: 7, etag: '' }) as const
  const store: ObjectLogOptions['store'] = {
    find: async (uri) => (objects.has(uri) ? stored(objects.get(uri)!) : undefined),
    async download(uri, path) {
      const bytes = objects.get(uri)
      if (!bytes) return undefined
      await writeFile(path, bytes)
      return stored(bytes)
    },
    async upload(path, uri) {
      objects.set(uri, await readFile(path))
      return stored(objects.get(uri)!)
    },
    read: async (uri, range) => {
      const bytes = objects.get(uri)
      return bytes && Readable.from([bytes.subarray(range?.start ?? 0)])
    },
  }
  return { objects, store }
}
async function textOf(options: ObjectLogOptions): Promise<string | undefined> {
  const stream = await readObjectLog(options)
  if (!stream) return undefined
  let text = ''
  for await (const chunk of stream) text += chunk
  return text
}
async function write(log: Writable, ...texts: string[]): Promise<void> {
  for (const text of texts) log.write(text)
  log.end()
  await finished(log)
}
const uri = 's3://bucket/log'

test('grows while it is written, not only at its end', async () => {
  const { store } = bucket()
  const options = { store, uri, flushMillis: 1 }
  const log = await openObjectLog(options)
  log.write('first\n')
  while ((await textOf(options)) !== 'first\n') await delay(1)
  log.write('second\n')
  while ((await textOf(options)) !== 'first\nsecond\n') await delay(1)
  await write(log, 'third\n')
  expect(await textOf(options)).toBe('first\nsecond\nthird\n')
})

test('is kept in objects of a bounded size, and goes on in the last one', async () => {
  const { store, objects } = bucket()
  const options = { store, uri, maxObjectBytes: 10, flushMillis: 60_000 }
  await write(await openObjectLog(options), 'aaaaaaaa\n', 'bbbbbbbb\n', 'cccc\n')
  expect([...objects.keys()]).toEqual([uri, `${uri}.2`])
  await write(await openObjectLog(options), 'dddd\n', 'eeee\n')
  expect([...objects.keys()]).toEqual([uri, `${uri}.2`, `${uri}.3`])
  expect(await textOf(options)).toBe('aaaaaaaa\nbbbbbbbb\ncccc\ndddd\neeee\n')
  const kept = await keptObjectLog(options)
  expect(kept).toMatchObject({ modifiedAt: 7, tail: { isWhole: false } })
  expect(kept?.tail.bytes.toString()).toBe('cccc\ndddd\neeee\n')
})

test('of a step that says nothing is there, and empty', async () => {
  const { store } = bucket()
  expect(await textOf({ store, uri })).toBeUndefined()
  expect(await keptObjectLog({ store, uri })).toBeUndefined()
  await write(await openObjectLog({ store, uri }))
  expect(await textOf({ store, uri })).toBe('')
})
