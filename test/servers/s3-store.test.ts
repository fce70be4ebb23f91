/** The S3 store against a real S3 server. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { digestPath } from '../../store/digest.ts'
import { s3Store } from '../../store/s3-store.ts'
import { type S3Server, startS3Server } from './s3-server.ts'

let server: S3Server
let store: ReturnType<typeof s3Store>
let folder: string
beforeAll(async () => {
  server = await startS3Server()
  store = s3Store(server.settings)
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-s3-test-'))
})
afterAll(async () => {
  store?.close()
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const uri = (key: string) => `s3://${server.bucket}/${key}`

test('a file goes there and back, with its digest', async () => {
  const file = join(folder, 'data.csv')
  writeFileSync(file, 'a,b\n1,2\n')
  expect(await store.find(uri('runs/1/data'))).toBeUndefined()
  expect(await store.upload(file, uri('runs/1/data'))).toMatchObject({ kind: 'file', bytes: 8, files: 1 })
  const found = await store.find(uri('runs/1/data'))
  expect(found).toMatchObject({ kind: 'file', bytes: 8, files: 1, etag: expect.stringMatching(/^[\w-]+$/) })
  expect(found!.modifiedAt).toBeGreaterThan(Date.now() - 3_600_000)
  expect(await store.digest(uri('runs/1/data'))).toBe(await digestPath(file))
  expect(await store.download(uri('runs/1/data?region=x'), join(folder, 'copy', 'data.csv'))).toMatchObject({
    bytes: 8,
  })
  expect(readFileSync(join(folder, 'copy', 'data.csv'), 'utf8')).toBe('a,b\n1,2\n')
  expect(await text((await store.read(uri('runs/1/data'), { start: 4, end: 6 }))!)).toBe('1,2')
})

test('a tree keeps its shape', async () => {
  const tree = join(folder, 'model')
  mkdirSync(join(tree, 'layers', 'deep'), { recursive: true })
  writeFileSync(join(tree, 'config.json'), '{}')
  for (let index = 0; index < 30; index++) writeFileSync(join(tree, 'layers', 'deep', `ümlaut ${index}`), `${index}`)
  expect(await store.upload(tree, uri('runs/1/model'))).toMatchObject({ kind: 'tree', files: 31 })
  expect(await store.find(uri('runs/1/model'))).toMatchObject({ kind: 'tree', files: 31 })
  expect((await store.list(uri('runs/1/model')))[0]).toBe('config.json')
  await store.download(uri('runs/1/model'), join(folder, 'model-copy'))
  expect(await digestPath(join(folder, 'model-copy'))).toBe(await digestPath(tree))
  await store.remove(uri('runs/1/model'))
  expect(await store.find(uri('runs/1/model'))).toBeUndefined()
})

test('what is not there is undefined, not an error', async () => {
  expect(await store.find(uri('absent'))).toBeUndefined()
  expect(await store.download(uri('absent'), join(folder, 'absent'))).toBeUndefined()
  expect(await store.read(uri('absent'))).toBeUndefined()
  expect(await store.digest(uri('absent'))).toBeUndefined()
  await expect(store.find('gs://bucket/x')).rejects.toThrow('not of the form s3://bucket/key')
})

test('a large file goes in parts', async () => {
  const content = randomBytes(20 * 1024 * 1024)
  writeFileSync(join(folder, 'large'), content)
  await store.upload(join(folder, 'large'), uri('large'))
  await store.download(uri('large'), join(folder, 'large-copy'))
  const digest = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')
  expect(digest(readFileSync(join(folder, 'large-copy')))).toBe(digest(content))
})
