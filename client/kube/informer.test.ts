import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { createKubeClient } from './client.ts'
import { type Informer, startInformer } from './informer.ts'
import { type KubeObject, PODS } from './resources.ts'
import type { KubeTransport } from './transport.ts'

/** An API server in memory: a list, and watches that a test writes to and ends. */
function fakeServer() {
  const objects = new Map<string, KubeObject>()
  const watches: { send: (line: object) => void; end: () => void; from: string }[] = []
  let lists = 0
  const transport: KubeTransport = {
    async request() {
      lists++
      return {
        status: 200,
        text: JSON.stringify({ metadata: { resourceVersion: '10' }, items: [...objects.values()] }),
      }
    },
    async stream({ path }) {
      const lines: Buffer[] = []
      let wake = () => {}
      let ended = false
      watches.push({
        from: new URLSearchParams(path.split('?')[1]).get('resourceVersion') ?? '',
        send: (line) => {
          lines.push(Buffer.from(`${JSON.stringify(line)}\n`))
          wake()
        },
        end: () => {
          ended = true
          wake()
        },
      })
      const chunks = (async function* () {
        while (true) {
          while (lines.length > 0) yield lines.shift()!
          if (ended) return
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
      })()
      return { chunks, close: watches.at(-1)!.end }
    },
  }
  return { objects, watches, transport, lists: () => lists }
}

const pod = (name: string, resourceVersion: string): KubeObject => ({
  metadata: { name, namespace: 'n', resourceVersion },
})
const running: Informer<string>[] = []
afterEach(async () => {
  for (const informer of running.splice(0)) void informer.stop()
})

function start(server: ReturnType<typeof fakeServer>) {
  const story: string[] = []
  const informer = startInformer<KubeObject, string>({
    client: createKubeClient(server.transport),
    resource: PODS,
    selection: {},
    keep: ({ metadata }) => metadata.resourceVersion ?? '',
    onChange: (key, version, gone) => story.push(`${gone ? '-' : '+'}${key}@${version}`),
  })
  running.push(informer)
  return { informer, story }
}
async function until(condition: () => boolean): Promise<void> {
  for (let turns = 0; turns < 2000 && !condition(); turns++) await turn()
  expect(condition()).toBe(true)
}

test('tells the list, then every change, once', async () => {
  const server = fakeServer()
  server.objects.set('a', pod('a', '1'))
  const { informer, story } = start(server)
  await informer.synced
  await until(() => server.watches.length === 1)
  server.watches[0]!.send({ type: 'ADDED', object: pod('b', '11') })
  server.watches[0]!.send({ type: 'MODIFIED', object: pod('a', '12') })
  server.watches[0]!.send({ type: 'MODIFIED', object: pod('a', '12') })
  server.watches[0]!.send({ type: 'DELETED', object: pod('b', '13') })
  await until(() => story.length === 4)
  expect(story).toEqual(['+n/a@1', '+n/b@11', '+n/a@12', '-n/b@13'])
})

test('a watch that ends goes on from the last version it saw', async () => {
  const server = fakeServer()
  start(server)
  await until(() => server.watches.length === 1)
  server.watches[0]!.send({ type: 'BOOKMARK', object: pod('x', '77') })
  server.watches[0]!.end()
  await until(() => server.watches.length === 2)
  expect(server.watches[1]!.from).toBe('77')
  expect(server.lists()).toBe(1)
})

test('a version that is too old means a new list; what is gone from it is told', async () => {
  const server = fakeServer()
  server.objects.set('a', pod('a', '1'))
  const { story } = start(server)
  await until(() => server.watches.length === 1)
  server.objects.clear()
  server.objects.set('b', pod('b', '20'))
  server.watches[0]!.send({
    type: 'ERROR',
    object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' },
  })
  await until(() => server.lists() === 2 && story.length === 3)
  expect(story).toEqual(['+n/a@1', '+n/b@20', '-n/a@1'])
})

test('an object that was made again under its name while the version was too old: the one before is gone first', async () => {
  const server = fakeServer()
  server.objects.set('a', { metadata: { ...pod('a', '1').metadata, uid: 'first' } })
  const { story } = start(server)
  await until(() => server.watches.length === 1)
  server.objects.set('a', { metadata: { ...pod('a', '20').metadata, uid: 'second' } })
  server.watches[0]!.send({ type: 'ERROR', object: { kind: 'Status', code: 410 } })
  await until(() => story.length === 3)
  expect(story).toEqual(['+n/a@1', '-n/a@1', '+n/a@20'])
})
