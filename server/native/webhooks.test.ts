import { createHmac } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { ScheduleTrigger } from '../../api/scheduled-run.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { openSignals, settleSignals } from '../../store/metadata/signals.ts'
import type { Access } from '../access.ts'
import { noSchedules } from '../schedules.ts'
import { type RunningServer, serve } from '../start.ts'

let folder: string
let server: RunningServer | undefined
let webhook: NonNullable<ScheduleTrigger['webhook']> | undefined
let told: number

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-webhooks-'))
  told = 0
  webhook = {}
})
afterEach(async () => {
  await server?.close()
  server = undefined
  await rm(folder, { recursive: true })
})

/** Bearer `ada` may create runs in namespace `ml`. */
const kubernetesLike: Access = {
  multiUser: true,
  authenticate: async ({ authorization }) =>
    authorization === 'Bearer ada' || authorization === 'Bearer bob'
      ? { actor: authorization.slice(7), groups: [] }
      : undefined,
  allows: async ({ actor }, verb, resource, namespace) =>
    actor === 'ada' && verb === 'create' && resource === 'runs' && namespace === 'ml',
}

async function start(access?: Access): Promise<void> {
  const secrets = join(folder, 'secrets')
  await mkdir(join(secrets, 'ml'), { recursive: true })
  await writeFile(join(secrets, 'push'), 'topsecret\n')
  await writeFile(join(secrets, 'ml', 'push'), 'mlsecret')
  server = await serve({
    dataDirectory: folder,
    database: ':memory:',
    port: 0,
    access,
    webhookSecrets: secrets,
    schedules: () => ({
      ...noSchedules,
      changed: () => void told++,
      called: async (_, name) =>
        name === 'nightly'
          ? {
              owner: 'o',
              webhook,
              check: async ({ commit }) => {
                if (commit === 7) throw invalid("'commit' must be STRING, got 7")
              },
              runIdOf: (run) => `id-of-${run}`,
            }
          : undefined,
    }),
  })
}
async function call(body: string | object, headers: Record<string, string> = {}, path = 'nightly/webhook') {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const answer = await fetch(`${server!.url}/api/v1/schedules/${path}`, { method: 'POST', headers, body: text })
  return { status: answer.status, ...((await answer.json()) as { error?: { message: string }; state?: string }) }
}
const signed = (secret: string, text: string) => ({
  'x-hub-signature-256': `sha256=${createHmac('sha256', secret).update(text).digest('hex')}`,
})
const signals = () => openSignals(server!.services.metadata.db, 'o')

test('one event a key; a repeated call gets the answer, another body is a conflict', async () => {
  webhook = { parameters: { commit: 'head_commit.id', first: 'commits.0' } }
  await start()
  const body = { head_commit: { id: 'abc' }, commits: ['x'] }
  const key = { 'idempotency-key': 'k1' }
  expect(await call(body, key)).toEqual({ status: 202, key: 'k1', state: 'Pending' })
  expect(await call(body, key)).toEqual({ status: 202, key: 'k1', state: 'Pending' })
  expect(told).toBe(1)
  expect(await signals()).toMatchObject([
    { id: 'key:k1', trigger: 'webhook', values: { payload: body }, parameters: { commit: 'abc', first: 'x' } },
  ])
  const { db } = server!.services.metadata
  await settleSignals(db, 'o', [{ id: 'key:k1', outcome: 'Run', run: 'nightly-t-1' }], 1)
  const done = { status: 200, key: 'k1', state: 'Run', runName: 'nightly-t-1', runId: 'id-of-nightly-t-1' }
  expect(await call(body, key)).toEqual(done)
  const other = await call({ ...body, commits: ['y'] }, key)
  expect([other.status, other.error?.message]).toEqual([
    409,
    'Idempotency-Key k1 was used with another body: take a new key',
  ])
  expect((await call(body, { 'x-github-delivery': 'd1' })).status).toBe(202)
  expect((await call(body)).status).toBe(202)
  expect(await signals()).toHaveLength(2)
})

test('what is wrong with a call is told, and no event is made of it', async () => {
  webhook = { parameters: { commit: 'head_commit.id', branch: 'ref' } }
  await start()
  const refused = async (...given: Parameters<typeof call>) => {
    const { status, error } = await call(...given)
    return `${status} ${error?.message}`
  }
  expect(await refused({ head_commit: {} })).toBe(
    '400 The body has no head_commit.id (parameter commit), ref (parameter branch)',
  )
  expect(await refused({ head_commit: { id: 7 }, ref: 'main' })).toBe("400 'commit' must be STRING, got 7")
  expect(await refused('{')).toBe('400 The body is not valid JSON')
  expect(await refused({}, {}, 'weekly/webhook')).toBe('404 There is no schedule weekly')
  expect(await refused({}, { 'idempotency-key': 'x'.repeat(201) })).toMatch(/^400 .*no head_commit/)
  expect(await refused('x'.repeat(2_000_000))).toMatch(/^413/)
  webhook = undefined
  expect(await refused({})).toMatch(/^409 Schedule nightly listens to no webhook: add triggers/)
  expect(await signals()).toEqual([])
})

describe('who may call', () => {
  test('a webhook with a secret takes signed calls only', async () => {
    webhook = { secret: 'push' }
    await start()
    const text = '{"a": 1}'
    expect((await call(text)).status).toBe(401)
    expect((await call(text, signed('wrong', text))).status).toBe(401)
    expect((await call(text, { 'x-hub-signature-256': 'sha256=00' })).status).toBe(401)
    expect((await call(`${text} `, signed('topsecret', text))).status).toBe(401)
    expect((await call(text, signed('topsecret', text))).status).toBe(202)
    webhook = { secret: 'absent' }
    expect((await call(text, signed('', text))).status).toBe(401)
    webhook = { secret: '../secrets/push' }
    expect((await call(text, signed('topsecret', text))).status).toBe(401)
    webhook = {}
    expect((await call(text, signed('topsecret', text))).status).toBe(401)
  })

  test('with authentication: a bearer with the right in the namespace, or the signature of its secret', async () => {
    webhook = { secret: 'push' }
    await start(kubernetesLike)
    const path = 'nightly/webhook?namespace=ml'
    const bearer = (name: string) => ({ authorization: `Bearer ${name}` })
    expect((await call('{}', {}, path)).status).toBe(401)
    expect((await call('{}', bearer('eve'), path)).status).toBe(401)
    expect((await call('{}', bearer('bob'), path)).status).toBe(403)
    expect((await call('{}', bearer('ada'), 'nightly/webhook?namespace=other')).status).toBe(403)
    expect((await call('{}', bearer('ada'), path)).status).toBe(202)
    expect((await call('{}', signed('mlsecret', '{}'), path)).status).toBe(202)
    expect((await call('{}', signed('topsecret', '{}'), path)).status).toBe(401)
    // Whether there is such a schedule is nobody's business without a right.
    expect((await call('{}', {}, 'weekly/webhook?namespace=ml')).status).toBe(401)
  })
})
