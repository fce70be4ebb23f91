import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, describe, expect, test } from 'vitest'
import type { Access } from './access.ts'
import { ArtifactDirectory, checkArtifactPath } from './artifact-files.ts'
import { RateLimiter } from './rate-limit.ts'
import { RunTokens, withRunTokens } from './run-tokens.ts'
import { serve } from './start.ts'
import { twoTeams, WORKSPACES } from './testing/small-server.ts'

const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-security-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe('artifact paths', () => {
  const wrong = [
    '..',
    'a/../b',
    '/etc',
    'a//b',
    '%2e%2e/x',
    'a/%252e%252e/b',
    'a\\b',
    'C:/x',
    'a/\u0000',
    'x'.repeat(300),
    './a',
  ]
  test.each(wrong)('%j is refused', (path) => {
    expect(() => checkArtifactPath(path)).toThrow(expect.objectContaining({ code: 'invalid' }))
  })
  test.each(['a', 'a/b.txt', '100%', 'a b/ü', 'dots...x'])('%j is a path', (path) => {
    expect(checkArtifactPath(path)).toBe(path)
  })

  test('a link is not followed, a broken upload leaves what was there', async () => {
    mkdirSync(join(folder, 'files'))
    writeFileSync(join(folder, 'secret'), 'x')
    symlinkSync(join(folder, 'secret'), join(folder, 'files', 'link'))
    const files = new ArtifactDirectory(join(folder, 'files'))
    await expect(files.read('link')).rejects.toMatchObject({ code: 'invalid' })
    await files.write('a/b', Readable.from(['whole']))
    const broken = Readable.from(
      (async function* () {
        yield 'half'
        throw new Error('gone')
      })(),
    )
    await expect(files.write('a/b', broken)).rejects.toThrow('gone')
    expect((await files.read('a/b'))?.size).toBe(5)
    expect((await files.list('a')).map((entry) => entry.name)).toEqual(['b'])
  })
})

describe('tokens of steps', () => {
  const tokens = new RunTokens(Buffer.alloc(32, 1), () => 1000)
  const nobody: Access = { multiUser: true, authenticate: async () => undefined, allows: async () => false }
  const identify = (token: string) => withRunTokens(nobody, tokens).authenticate({ authorization: `Bearer ${token}` })

  test('name their run and namespace; changed, foreign and old ones are nobody', async () => {
    const token = tokens.issue('run1', 'team', 100)
    expect(await identify(token)).toMatchObject({ runScope: 'run1', namespace: 'team' })
    expect(await identify(`${token}x`)).toBeUndefined()
    expect(await identify(new RunTokens(Buffer.alloc(32, 2), () => 1000).issue('run1', 'team', 100))).toBeUndefined()
    expect(await identify(tokens.issue('run1', 'team', -1))).toBeUndefined()
    expect(await identify('kfpts1.e30')).toBeUndefined()
  })
})

test('a sender that is too fast waits, others do not', () => {
  const limiter = new RateLimiter({ requestsPerSecond: 1, burst: 2 })
  expect([limiter.take('a', 0), limiter.take('a', 0), limiter.take('a', 0), limiter.take('b', 0)]).toEqual([
    true,
    true,
    false,
    true,
  ])
  expect(limiter.take('a', 1000)).toBe(true)
})

describe('separate workspaces', () => {
  test('nobody without a token, no foreign experiment, run, model, artifact or pipeline run', async () => {
    const server = await serve({
      dataDirectory: join(folder, 'multi'),
      database: ':memory:',
      port: 0,
      access: twoTeams,
    })
    try {
      const ask = async (user: string, method: string, path: string, body?: object) => {
        const workspace = WORKSPACES[user]
        const headers = {
          authorization: `Bearer ${user}`,
          ...(workspace && { 'x-mlflow-workspace': workspace }),
          ...(body && { 'content-type': 'application/json' }),
        }
        const response = await fetch(`${server.url}${path}`, {
          method,
          headers,
          ...(body && { body: JSON.stringify(body) }),
        })
        return { status: response.status, body: (await response.json()) as Record<string, never> }
      }
      const api = '/api/2.0/mlflow'
      expect((await ask('eve', 'POST', `${api}/experiments/search`, {})).status).toBe(401)
      const { experiment_id } = (await ask('alice', 'POST', `${api}/experiments/create`, { name: 'e' })).body
      const created = (await ask('alice', 'POST', `${api}/runs/create`, { experiment_id })).body as unknown as {
        run: { info: { run_id: string } }
      }
      const runId = created.run.info.run_id
      const file = `/api/2.0/mlflow-artifacts/artifacts/${experiment_id}/${runId}/artifacts/f`
      expect((await ask('alice', 'PUT', file, { a: 1 })).status).toBe(200)
      await ask('alice', 'POST', `${api}/registered-models/create`, { name: 'm' })
      const paths = [
        ['GET', `${api}/experiments/get?experiment_id=${experiment_id}`],
        ['GET', `${api}/runs/get?run_id=${runId}`],
        ['GET', `${api}/registered-models/get?name=m`],
        ['GET', file],
        ['GET', `${api}/metrics/get-history?run_id=${runId}&metric_key=m`],
      ] as const
      for (const [method, path] of paths) expect([path, (await ask('bob', method, path)).status]).toEqual([path, 404])
      expect(
        (await ask('bob', 'POST', `${api}/runs/log-metric`, { run_id: runId, key: 'm', value: 1, timestamp: 1 }))
          .status,
      ).toBe(404)
      expect((await ask('bob', 'POST', `${api}/experiments/search`, {})).body).toEqual({})
      expect((await ask('bob', 'GET', `/apis/v2beta1/experiments/${experiment_id}`)).status).toBe(403)
      expect((await ask('bob', 'GET', '/apis/v2beta1/runs?namespace=team-a')).status).toBe(403)
      expect((await ask('bob', 'GET', '/apis/v2beta1/runs')).status).toBe(400)
      expect((await ask('alice', 'GET', '/apis/v2beta1/experiments?namespace=team-a')).status).toBe(200)
      const stepToken = server.services.tokens.issue(runId, 'team-a', 60_000)
      const step = async (path: string, body: object) =>
        (
          await fetch(`${server.url}${api}/${path}`, {
            method: 'POST',
            headers: { authorization: `Bearer ${stepToken}`, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          })
        ).status
      expect(await step('runs/log-metric', { run_id: runId, key: 'm', value: 1, timestamp: 1 })).toBe(200)
      expect(await step('experiments/delete', { experiment_id })).toBe(403)
      const other = (await ask('alice', 'POST', `${api}/runs/create`, { experiment_id }))
        .body as unknown as typeof created
      expect(await step('runs/set-tag', { run_id: other.run.info.run_id, key: 'k', value: 'v' })).toBe(403)
    } finally {
      await server.close()
    }
  })
})
