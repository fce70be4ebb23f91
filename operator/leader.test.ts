import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import type { KubeClient } from '../client/kube/client.ts'
import { KubeError } from '../client/kube/transport.ts'
import { campaign, type Leadership } from './leader.ts'

/** One lease, as an API server keeps it: who replaces an old version is refused. */
function leaseServer() {
  let lease: Record<string, unknown> & { spec?: { holderIdentity?: string } } = {}
  let version = 0
  const server = { slowness: 0, holder: () => lease.spec?.holderIdentity }
  const refusal = (status: number) =>
    new KubeError({ method: 'PUT', path: '/' } as never, { status, text: '{"reason":"Conflict"}' } as never)
  const keep = (object: typeof lease) => {
    version++
    lease = { ...object, metadata: { name: 'lease', resourceVersion: String(version) } }
    return lease
  }
  const kube = {
    async get() {
      if (version === 0) throw refusal(404)
      return structuredClone(lease)
    },
    create: async (_resource: unknown, _namespace: string, object: typeof lease) => keep(object),
    async replace(_resource: unknown, _namespace: string, _name: string, object: typeof lease) {
      if (server.slowness > 0) await delay(server.slowness)
      if ((object['metadata'] as { resourceVersion: string }).resourceVersion !== String(version)) throw refusal(409)
      return keep(object)
    },
  } as unknown as KubeClient
  return { server, kube }
}

const campaigns: Leadership[] = []
afterEach(async () => {
  await Promise.all(campaigns.splice(0).map((one) => one.release()))
})
function run(kube: KubeClient, identity: string, times = {}) {
  const errors: unknown[] = []
  const options = { kube, namespace: 'n', name: 'lease', identity, onLost: () => {}, renewMillis: 20, ...times }
  const leadership = campaign({ ...options, onError: (error) => errors.push(error) })
  campaigns.push(leadership)
  return { leadership, errors }
}

test('one leads; when it gives the lease back, the other goes on', async () => {
  const { kube, server } = leaseServer()
  const first = run(kube, 'first')
  await first.leadership.acquired
  const second = run(kube, 'second')
  await delay(100)
  expect([first.leadership.isHeld(), second.leadership.isHeld()]).toEqual([true, false])
  await first.leadership.release()
  expect(first.leadership.isHeld()).toBe(false)
  await second.leadership.acquired
  expect(server.holder()).toBe('second')
})

test('the lease is given back also while it is being renewed', async () => {
  const { kube, server } = leaseServer()
  const { leadership, errors } = run(kube, 'first')
  await leadership.acquired
  server.slowness = 60
  await delay(40)
  await leadership.release()
  expect(server.holder()).toBe('')
  expect(errors).toEqual([])
})

test('who stops while it takes the lease does not lead, and leaves it free', async () => {
  const { kube, server } = leaseServer()
  const other = run(kube, 'other')
  await other.leadership.acquired
  await other.leadership.release()
  server.slowness = 60
  const late = run(kube, 'late')
  let led = false
  void late.leadership.acquired.then(() => {
    led = true
  })
  await delay(20)
  await late.leadership.release()
  await delay(50)
  expect([led, late.leadership.isHeld(), server.holder()]).toEqual([false, false, ''])
})
