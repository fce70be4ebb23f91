/** A file of gigabytes goes up and down through the proxy while the server's memory stays as it was. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { afterAll, expect, onTestFinished, test } from 'vitest'
import { startS3Server } from './s3-server.ts'
import { startServerProcess } from './server-process.ts'

const directory = mkdtempSync(join(tmpdir(), 'kfp-ts-large-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

const BYTES = Number(process.env['KFP_TS_LARGE_GIB'] ?? 1) * 1024 ** 3
const MOST_GROWTH_BYTES = 200 * 1024 ** 2
const PATH = '/api/2.0/mlflow-artifacts/artifacts/0/run/artifacts/large.bin'

function* zeros() {
  const block = Buffer.alloc(1024 * 1024)
  for (let sent = 0; sent < BYTES; sent += block.length) yield block
}

function peakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024
}

test.each(['directory', 'bucket'] as const)('memory does not grow with the file, in a %s', async (kind) => {
  const s3 = kind === 'bucket' ? await startS3Server() : undefined
  if (s3) onTestFinished(s3.stop)
  const place = s3 ? [`s3://${s3.bucket}/files`, s3.settings.endpoint] : []
  const { url, pid } = await startServerProcess([join(directory, kind), ...place], s3?.keys)
  const before = peakBytes(pid)
  const answered = Promise.withResolvers<number>()
  const put = request(`${url}${PATH}`, { method: 'PUT', headers: { 'content-length': BYTES } }, (response) => {
    response.resume()
    answered.resolve(response.statusCode!)
  })
  await pipeline(Readable.from(zeros()), put)
  expect(await answered.promise).toBe(200)
  let received = 0
  await new Promise<void>((resolve, reject) => {
    request(`${url}${PATH}`, (response) => {
      response.on('data', (chunk: Buffer) => (received += chunk.length))
      response.on('end', resolve)
    })
      .on('error', reject)
      .end()
  })
  const growth = peakBytes(pid) - before
  process.stdout.write(
    `${kind}: ${BYTES / 1024 ** 3} GiB, the peak of memory grew by ${Math.round(growth / 1024 ** 2)} MiB\n`,
  )
  expect(received).toBe(BYTES)
  expect(growth).toBeLessThan(MOST_GROWTH_BYTES)
})
