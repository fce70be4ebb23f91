/** Clients' files in a real S3 bucket: what the directory does, through the same proxy. */
import { Readable } from 'node:stream'
import { ListMultipartUploadsCommand, S3Client } from '@aws-sdk/client-s3'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ArtifactBucket } from '../../server/artifact-bucket.ts'
import type { ArtifactFiles } from '../../server/artifact-files.ts'
import { ArtifactDirectory } from '../../server/artifact-files.ts'
import { type S3Bucket, s3Bucket } from '../../store/s3-bucket.ts'
import { MLFLOW_3, pythonEnvironment } from '../python-environment.ts'
import { runScript } from './run-script.ts'
import { type S3Server, startS3Server } from './s3-server.ts'
import { call, startTestServer, type TestServer } from './test-server.ts'

let s3: S3Server
let bucket: S3Bucket
let server: TestServer

beforeAll(async () => {
  s3 = await startS3Server()
  bucket = s3Bucket(`s3://${s3.bucket}/some/prefix/`, s3.settings)
  server = await startTestServer({ files: new ArtifactBucket(bucket) })
})
afterAll(async () => {
  await server?.close()
  bucket?.close()
  await s3?.stop()
})

const textOf = async (files: ArtifactFiles, path: string, range?: { start: number; end?: number }) => {
  const found = await files.read(path, range)
  if (!found) return undefined
  const chunks: Buffer[] = []
  for await (const chunk of found.stream) chunks.push(Buffer.from(chunk as Uint8Array))
  return { size: found.size, text: Buffer.concat(chunks).toString() }
}

describe.each(['bucket', 'directory'] as const)('files in a %s', (kind) => {
  const files = (): ArtifactFiles =>
    kind === 'bucket' ? new ArtifactBucket(bucket) : new ArtifactDirectory(`${server.directory}/files`)

  test('are written, read whole and in part, listed a level at a time, and removed', async () => {
    await files().write('a/b/one.txt', Readable.from(['0123456789']))
    await files().write('a/two %20ü.txt', Readable.from([]))
    expect(await textOf(files(), 'a/b/one.txt')).toEqual({ size: 10, text: '0123456789' })
    expect(await textOf(files(), 'a/b/one.txt', { start: 3, end: 5 })).toEqual({ size: 10, text: '345' })
    expect(await textOf(files(), 'a/b/one.txt', { start: 8 })).toEqual({ size: 10, text: '89' })
    expect(await textOf(files(), 'a/b/one.txt', { start: 10 })).toEqual({ size: 10, text: '' })
    expect(await textOf(files(), 'a/b')).toBeUndefined()
    expect(await files().list('')).toEqual([{ name: 'a', isDirectory: true }])
    expect(await files().list('a')).toEqual([
      { name: 'b', isDirectory: true },
      { name: 'two %20ü.txt', isDirectory: false, size: 0 },
    ])
    expect(await files().list('none')).toEqual([])
    await files().remove('a/b')
    await files().remove('none')
    expect(await files().list('a')).toMatchObject([{ name: 'two %20ü.txt' }])
  })

  test.each(['..', 'a/../b', '/etc', 'a//b', '%2e%2e/x', 'a\\b', 'a/\u0000', './a'])('%j is refused', async (path) => {
    const refused = expect.objectContaining({ code: 'invalid' })
    await expect(files().read(path)).rejects.toThrow(refused)
    await expect(files().write(path, Readable.from(['x']))).rejects.toThrow(refused)
    await expect(files().list(path)).rejects.toThrow(refused)
    await expect(files().remove(path)).rejects.toThrow(refused)
  })

  test('the root is not removed; a broken upload leaves what was there', async () => {
    await expect(files().remove('')).rejects.toMatchObject({ code: 'invalid' })
    await files().write('kept', Readable.from(['whole']))
    const broken = Readable.from(
      (async function* () {
        // More than one part of a multipart upload.
        for (let sent = 0; sent < 40; sent++) yield Buffer.alloc(1024 * 1024)
        throw new Error('gone')
      })(),
    )
    await expect(files().write('kept', broken)).rejects.toThrow('gone')
    expect(await textOf(files(), 'kept')).toEqual({ size: 5, text: 'whole' })
  })
})

test('no part of a broken upload stays in the bucket', async () => {
  const client = new S3Client({ ...s3.settings, forcePathStyle: true })
  const list = async () => (await client.send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))).Uploads ?? []
  // Who writes may be told before the last part is taken away.
  await expect.poll(list, { timeout: 60_000 }).toEqual([])
  client.destroy()
})

test('the proxy serves ranges', async () => {
  const url = `${server.url}/api/2.0/mlflow-artifacts/artifacts/0/r/artifacts/f`
  expect((await call(url, 'PUT', { a: 1 })).status).toBe(200)
  const part = await fetch(url, { headers: { range: 'bytes=1-3' } })
  expect([part.status, part.headers.get('content-range'), await part.text()]).toEqual([206, 'bytes 1-3/7', '"a"'])
  expect((await fetch(url, { headers: { range: 'bytes=7-' } })).status).toBe(416)
  expect(await (await fetch(url, { headers: { range: 'lines=1-2' } })).text()).toBe('{"a":1}')
})

test('an unmodified mlflow client logs files there', async () => {
  const env = { MLFLOW_TRACKING_URI: server.url }
  expect(await runScript(await pythonEnvironment(MLFLOW_3), 'mlflow_environment_flow.py', [], env)).toContain('passed')
  expect((await bucket.list('')).folders).toContain('1')
})
