/** Ten thousand random and hostile requests: no answer of 5xx, no crash, nothing read from outside the artifacts. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { send, storm } from './hostile.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
import { startTestServer, type TestServer } from './test-server.ts'

const SECRET = 'top-secret-outside-of-the-artifacts'
const REQUESTS = 10_000

describe.each(['sqlite', 'postgres'] as const)('hostile requests on %s', (kind) => {
  let postgres: TestPostgres | undefined
  let server: TestServer

  beforeAll(async () => {
    postgres = kind === 'postgres' ? await startPostgres(['fsync=off']) : undefined
    server = await startTestServer({ database: postgres?.url })
    writeFileSync(join(server.directory, 'secret.txt'), SECRET)
    writeFileSync(join(server.directory, 'data', 'secret.txt'), SECRET)
    mkdirSync(join(server.directory, 'data', 'artifacts'), { recursive: true })
  })
  afterAll(async () => {
    await server?.close()
    await postgres?.stop()
  })

  test(`${REQUESTS} requests get an answer below 500 and nothing from outside`, async () => {
    const { answered, failures } = await storm({
      url: server.url,
      requests: REQUESTS,
      seed: kind === 'sqlite' ? 1 : 1000,
      secrets: /top-secret|root:x:0/,
    })
    expect(failures.slice(0, 5)).toEqual([])
    expect(answered).toBe(REQUESTS)
    expect((await send(server.url, { method: 'GET', path: '/health' })).text).toBe('OK')
  })

  test('a small tar.gz that unpacks to more than the limit is refused', async () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024))
    const head = '--x\r\ncontent-disposition: form-data; name="uploadfile"; filename="p.tar.gz"\r\n\r\n'
    const form = Buffer.concat([Buffer.from(head), bomb, Buffer.from('\r\n--x--\r\n')])
    const answer = await send(server.url, {
      method: 'POST',
      path: '/apis/v2beta1/pipelines/upload?name=b',
      body: form,
      contentType: 'multipart/form-data; boundary=x',
    })
    expect(answer.status).toBe(400)
    expect(answer.text).toMatch(/MiB|archive/)
  })

  test('pages of other sites and other host names are refused', async () => {
    const { port } = new URL(server.url)
    const cases = [
      { origin: 'https://evil.example' },
      { 'sec-fetch-site': 'cross-site' },
      { host: 'rebound.example' },
      { origin: 'null' },
    ]
    for (const headers of cases) {
      const status = await new Promise((resolve, reject) => {
        httpRequest({ host: '127.0.0.1', port, path: '/api/2.0/mlflow/experiments/search', headers }, (response) => {
          response.resume()
          resolve(response.statusCode)
        })
          .on('error', reject)
          .end()
      })
      expect([headers, status]).toEqual([headers, 403])
    }
  })

  test('a package is loaded from no host that was not allowed', async () => {
    const body = Buffer.from(
      JSON.stringify({
        pipeline: { name: 'p' },
        pipeline_version: { package_url: { pipeline_url: `${server.url}/health` } },
      }),
    )
    const path = '/apis/v2beta1/pipelines/create'
    const answer = await send(server.url, { method: 'POST', path, body, contentType: 'application/json' })
    expect(answer.status).toBe(400)
    expect(answer.text).toContain('not loaded from')
  })
})
