/** Objects of a cluster by watching, against an API server in memory that counts what it is asked. */
import { expect, test } from 'vitest'
import type { ResourceWait, Sight } from '../api/wait.ts'
import type { KubeClient, WatchEvent } from '../client/kube/client.ts'
import type { KubeObject } from '../client/kube/resources.ts'
import { KubeError } from '../client/kube/transport.ts'
import { resourceWatch } from './watch-resource.ts'

const refusal = (status: number) =>
  new KubeError({ method: 'GET', path: '/x' }, { status, text: JSON.stringify({ reason: 'R', message: 'it says no' }) })

class Cluster {
  readonly objects = new Map<string, KubeObject>()
  readonly asked: string[] = []
  denied = false
  hasJobs = true
  private readonly watchers = new Set<(event: WatchEvent<KubeObject>) => void>()

  change(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubeObject): void {
    const { name, namespace } = object.metadata
    if (type === 'DELETED') this.objects.delete(`${namespace}/${name}`)
    else this.objects.set(`${namespace}/${name}`, object)
    for (const tell of this.watchers) tell({ type, object })
  }

  get openWatches(): number {
    return this.watchers.size
  }

  readonly client = {
    raw: async ({ path }: { path: string }) => {
      this.asked.push(path)
      if (path !== '/apis/batch/v1' || !this.hasJobs) throw refusal(404)
      const resources = [
        { name: 'jobs', kind: 'Job', namespaced: true },
        { name: 'jobs/status', kind: 'Job', namespaced: true },
        { name: 'classes', kind: 'Class', namespaced: false },
      ]
      return JSON.stringify({ resources })
    },
    get: async (resource: { plural: string }, namespace: string, name: string) => {
      this.asked.push(`get ${resource.plural} ${namespace}/${name}`)
      if (this.denied) throw refusal(403)
      const found = this.objects.get(`${namespace}/${name}`)
      if (!found) throw refusal(404)
      return found
    },
    list: async (resource: { plural: string }, { namespace }: { namespace: string }) => {
      this.asked.push(`list ${resource.plural} ${namespace}`)
      if (this.denied) throw refusal(403)
      return { metadata: { resourceVersion: '1' }, items: [...this.objects.values()] }
    },
    watch: async function* (this: void, ...args: unknown[]): AsyncGenerator<WatchEvent<KubeObject>> {
      yield* cluster.events(args[3] as AbortSignal)
    },
  } as unknown as KubeClient

  async *events(signal: AbortSignal): AsyncGenerator<WatchEvent<KubeObject>> {
    const waiting: WatchEvent<KubeObject>[] = []
    let wake = () => {}
    const tell = (event: WatchEvent<KubeObject>) => {
      waiting.push(event)
      wake()
    }
    this.watchers.add(tell)
    signal.addEventListener('abort', () => wake())
    try {
      while (!signal.aborted) {
        while (waiting.length > 0) yield waiting.shift()!
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.watchers.delete(tell)
    }
  }
}

let cluster: Cluster
let version = 1
const job = (name: string, more: object = {}, namespace = 'n'): KubeObject => ({
  metadata: { name, namespace, resourceVersion: String(++version), managedFields: [{}] } as KubeObject['metadata'],
  ...more,
})
const wait = (more: Partial<ResourceWait> = {}): ResourceWait => ({
  ...{ kind: 'resource', apiVersion: 'batch/v1', resourceKind: 'Job', name: 'j', everyMillis: 1000 },
  ...more,
})
const soon = () => new Promise((resolve) => setTimeout(resolve, 20))

function open(more: Partial<Parameters<typeof resourceWatch>[0]> = {}) {
  cluster = new Cluster()
  return resourceWatch({ kube: cluster.client, deniedHint: 'ask for it', ...more })
}

test('a thousand waits for objects of a kind are one list and one watch; each hears of its own object only', async () => {
  const watch = open()
  const heard: Sight[][] = Array.from({ length: 1000 }, () => [])
  const stops = heard.map((sights, index) =>
    watch(wait({ name: `j${index}` }), { namespace: 'n' }, (sight) => sights.push(sight)),
  )
  await soon()
  expect(heard.every((sights) => sights.length === 1 && sights[0]!.kind === 'resource')).toBe(true)
  expect(cluster.asked.filter((text) => text.startsWith('list'))).toEqual(['list jobs n'])
  expect(cluster.openWatches).toBe(1)
  cluster.change('ADDED', job('j7', { status: { succeeded: 1 } }))
  await soon()
  const object = expect.objectContaining({ status: { succeeded: 1 } })
  expect(heard[7]!.at(-1)).toEqual({ kind: 'resource', object })
  expect(JSON.stringify(heard[7])).not.toContain('managedFields')
  expect(heard.flat()).toHaveLength(1001)
  cluster.change('DELETED', job('j7'))
  await soon()
  expect(heard[7]!.at(-1)).toEqual({ kind: 'resource' })
  for (const stop of stops) stop()
  await soon()
  expect(cluster.openWatches).toBe(0)
})

test('what was there before anybody waited is seen, also while others wait', async () => {
  const watch = open()
  cluster.change('ADDED', job('old'))
  watch(wait({ name: 'other' }), { namespace: 'n' }, () => {})
  await soon()
  const sights: Sight[] = []
  watch(wait({ name: 'old' }), { namespace: 'n' }, (sight) => sights.push(sight))
  await soon()
  expect(sights).toMatchObject([{ kind: 'resource', object: { metadata: { name: 'old' } } }])
})

test('a refusal of the cluster, and of us, says what to do', async () => {
  const watch = open({ refusal: (namespace) => (namespace === 'n' ? undefined : `not ${namespace}`) })
  cluster.denied = true
  const sights: Sight[] = []
  watch(wait(), { namespace: 'n' }, (sight) => sights.push(sight))
  watch(wait({ namespace: 'm' }), { namespace: 'n' }, (sight) => sights.push(sight))
  watch(wait({ resourceKind: 'Class' }), { namespace: 'n' }, (sight) => sights.push(sight))
  await soon()
  expect(sights).toContainEqual({ kind: 'refused', message: 'not m' })
  expect(sights).toContainEqual({ kind: 'refused', message: 'not undefined' })
  const message = expect.stringMatching(/does not let it be seen .*it says no.*; ask for it$/)
  expect(sights).toContainEqual({ kind: 'refused', message })
})

test('a kind that the cluster does not have yet is looked for again', async () => {
  const watch = open()
  cluster.hasJobs = false
  const sights: Sight[] = []
  const stop = watch(wait(), { namespace: 'n' }, (sight) => sights.push(sight))
  await soon()
  expect(sights).toEqual([{ kind: 'trouble', message: 'the cluster has no kind Job in batch/v1' }])
  cluster.hasJobs = true
  await expect.poll(() => sights.at(-1), { timeout: 10_000 }).toEqual({ kind: 'resource' })
  stop()
})
