import { expect, test } from 'vitest'
import { throttle } from './throttle.ts'
import { KubeConnectionError, type KubeResponse, type KubeTransport } from './transport.ts'

function scripted(answers: (KubeResponse | 'lost')[]) {
  const waits: number[] = []
  const inner: KubeTransport = {
    async request(request) {
      const answer = answers.shift() ?? { status: 200, text: 'ok' }
      if (answer === 'lost') throw new KubeConnectionError(request, new Error('reset'))
      return answer
    },
    stream: () => Promise.reject(new Error('not used')),
  }
  const transport = throttle(inner, {
    maxTries: 3,
    firstDelayMillis: 10,
    sleep: async (millis) => void waits.push(millis),
  })
  return { transport, waits }
}
const get = { method: 'GET', path: '/x' } as const

test('waits as long as the server asks, and longer each time', async () => {
  const { transport, waits } = scripted([
    { status: 429, retryAfterMillis: 1000, text: '' },
    { status: 503, text: '' },
  ])
  expect((await transport.request(get)).status).toBe(200)
  expect(waits).toEqual([1000, 20])
})

test('hands the failure on after the last try', async () => {
  const { transport } = scripted([
    { status: 500, text: '' },
    { status: 500, text: '' },
    { status: 500, text: 'third' },
  ])
  expect(await transport.request(get)).toMatchObject({ status: 500, text: 'third' })
})

test('repeats after a lost connection', async () => {
  const { transport, waits } = scripted(['lost'])
  expect((await transport.request(get)).status).toBe(200)
  expect(waits).toEqual([10])
})

test('never has more in flight than its bound', async () => {
  let inFlight = 0
  let most = 0
  const open: (() => void)[] = []
  const transport = throttle(
    {
      async request() {
        most = Math.max(most, ++inFlight)
        await new Promise<void>((resolve) => open.push(resolve))
        inFlight--
        return { status: 200, text: '' }
      },
      stream: () => Promise.reject(new Error('not used')),
    },
    { maxInFlight: 3 },
  )
  const all = Promise.all(Array.from({ length: 10 }, () => transport.request(get)))
  for (let done = 0; done < 10; done++) {
    while (open.length === 0) await new Promise((resolve) => setImmediate(resolve))
    open.shift()!()
  }
  await all
  expect(most).toBe(3)
})
