import { afterEach, beforeEach, expect, test } from 'vitest'
import { CONFIG_MAPS } from '../../client/kube/resources.ts'
import { FakeCluster } from '../testing/fake-cluster.ts'
import { createSemaphores, SEMAPHORE_CONFIG_MAP, type Semaphores } from './semaphores.ts'

let cluster: FakeCluster
let semaphores: Semaphores
let changed: string[]
const errors: unknown[] = []

beforeEach(() => {
  cluster = new FakeCluster()
  changed = []
  semaphores = createSemaphores({ kube: cluster.client, onError: (error) => errors.push(error) })
  semaphores.onChange = (namespace) => changed.push(namespace)
})
afterEach(() => semaphores.stop())

const set = (data?: Record<string, string>, namespace = 'team') =>
  cluster.apply(CONFIG_MAPS, { metadata: { name: SEMAPHORE_CONFIG_MAP, namespace }, ...(data ? { data } : {}) })
const says = () => semaphores.limitOf('team', 'gpu')

test('is the number at its key, and follows it', async () => {
  set({ gpu: ' 2\n' })
  expect(says()).toMatch(/^the semaphore "gpu" has no limit: .*it is being read$/)
  await expect.poll(says).toEqual({ width: 2, name: 'the semaphore "gpu"' })
  set({ gpu: '0' })
  await expect.poll(says).toEqual({ width: 0, name: 'the semaphore "gpu"' })
  expect(changed).toEqual(['team', 'team'])
})

const MAP = 'the semaphore "gpu" has no limit: the ConfigMap "semaphore-config" of namespace "team"'
const REMEDY = 'set its key "gpu" to how many runs may go at once'
test.each<[string, (() => void) | undefined, string]>([
  ['no ConfigMap', () => set({ gpu: '2' }, 'another'), `${MAP} is not there; make it and ${REMEDY}`],
  ['no key', () => set({ cpu: '2' }), `${MAP} does not name it; ${REMEDY}`],
  ['no data', () => set(), `${MAP} does not name it; ${REMEDY}`],
  ['no number', () => set({ gpu: '2.5' }), `${MAP} says "2.5", which is no whole number; ${REMEDY}`],
  [
    'an endless text',
    () => set({ gpu: 'x'.repeat(99) }),
    `${MAP} says "${'x'.repeat(40)}", which is no whole number; ${REMEDY}`,
  ],
])('says what is wrong: %s', async (_what, prepare, sentence) => {
  prepare?.()
  await expect.poll(says).toBe(sentence)
})

test('is gone with its ConfigMap', async () => {
  set({ gpu: '2' })
  await expect.poll(says).toMatchObject({ width: 2 })
  await cluster.client.delete(CONFIG_MAPS, 'team', SEMAPHORE_CONFIG_MAP)
  await expect.poll(says).toMatch(/is not there/)
  expect(changed).toEqual(['team', 'team'])
})

test('says that it may not be read', async () => {
  cluster.client.list = () => Promise.reject(new Error('403 Forbidden'))
  await expect.poll(says).toBe(`${MAP}: it can't be read: 403 Forbidden`)
  expect(errors.length).toBeGreaterThan(0)
})

test('is not looked for before a run names one', async () => {
  let lists = 0
  cluster.client.list = () => {
    lists++
    return Promise.reject(new Error('not now'))
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  expect(lists).toBe(0)
})
