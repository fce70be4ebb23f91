/** HTTP looks at a real server: what is sent, what is followed, what is refused. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { HttpWait } from '../api/wait.ts'
import { allowedHosts, ruleProblem } from './allowed-hosts.ts'
import { ANY_HOST, type HttpRules, httpLook } from './look-http.ts'
import type { LookMemory } from './poll.ts'

let server: Server
let base: string
let port: number
let requests: { method: string; url: string; headers: IncomingMessage['headers']; body: string }[]
let answer: (response: ServerResponse, url: string) => void

beforeAll(async () => {
  server = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    requests.push({ method: request.method!, url: request.url!, headers: request.headers, body })
    if (request.headers['if-none-match'] === '"1"') response.writeHead(304).end()
    else answer(response, request.url!)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  port = (server.address() as AddressInfo).port
  base = `http://127.0.0.1:${port}`
})
afterAll(() => new Promise((resolve) => server.close(resolve)))
beforeEach(() => {
  requests = []
  answer = (response) => response.end('{"a":1}')
})

const wait = (more: Partial<HttpWait> = {}): HttpWait => ({
  ...{ kind: 'http', url: `${base}/x?y=1`, method: 'GET', headers: {}, statuses: [], everyMillis: 1000 },
  ...more,
})
const look = (request: HttpWait, rules: HttpRules = ANY_HOST, memory: LookMemory = {}) =>
  httpLook(rules)(request, { namespace: '' }, memory, new AbortController().signal)

test('one look is one request with nothing of our own in it', async () => {
  const sight = await look(wait({ method: 'POST', headers: { 'X-Key': 'k' }, requestBody: 'hello' }))
  expect(sight).toMatchObject({ kind: 'http', status: 200, text: '{"a":1}' })
  const [{ method, url, headers, body }] = requests as [(typeof requests)[0]]
  expect([method, url, body, headers['x-key']]).toEqual(['POST', '/x?y=1', 'hello', 'k'])
  expect(headers['authorization'] ?? headers['cookie']).toBeUndefined()
})

test('an answer that has not changed is not sent again', async () => {
  answer = (response) => response.setHeader('etag', '"1"').end('not yet')
  const memory: LookMemory = {}
  expect(await look(wait(), ANY_HOST, memory)).toMatchObject({ text: 'not yet' })
  expect(await look(wait(), ANY_HOST, memory)).toEqual({ kind: 'unchanged' })
})

test('redirects are followed on the same host only, and not for ever', async () => {
  answer = (response, url) =>
    url === '/there' ? response.end('here') : response.writeHead(302, { location: '/there' }).end()
  expect(await look(wait())).toMatchObject({ status: 200, text: 'here' })
  expect(await look(wait({ statuses: [302] }))).toMatchObject({ status: 302 })
  answer = (response) => response.writeHead(302, { location: 'http://elsewhere.test/' }).end()
  expect(await look(wait())).toMatchObject({ kind: 'trouble', message: expect.stringContaining('elsewhere.test') })
  answer = (response) => response.writeHead(302, { location: '/again' }).end()
  expect(await look(wait())).toMatchObject({ kind: 'trouble', message: expect.stringContaining('more than 5 times') })
})

test('answers are read up to a limit; a server that is not there is trouble', async () => {
  answer = (response) => response.end('x'.repeat(300 * 1024))
  await expect(look(wait())).rejects.toThrow('larger than 256 KiB')
  await expect(look(wait({ url: 'http://127.0.0.1:1/' }))).rejects.toThrow('ECONNREFUSED')
})

test('where hosts are listed, nobody else is asked', async () => {
  const url = (host: string) => ({ url: `http://${host}:${port}/` })
  expect(await look(wait(), allowedHosts([]))).toMatchObject({ kind: 'refused' })
  expect(await look(wait(), allowedHosts(['127.0.0.1']))).toMatchObject({ status: 200 })
  expect(await look(wait(), allowedHosts([`127.0.0.1:${port}`]))).toMatchObject({ status: 200 })
  expect(await look(wait(), allowedHosts(['127.0.0.1:1']))).toMatchObject({ kind: 'refused' })
  expect(await look(wait(url('localhost')), allowedHosts(['localhost']))).toMatchObject({ status: 200 })
  const before = requests.length
  for (const host of ['127.0.0.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '0.0.0.0', '0x7f.1', '2130706433'])
    expect(await look(wait(url(host)), allowedHosts(['*']))).toMatchObject({ kind: 'refused' })
  await expect(look(wait(url('localhost')), allowedHosts(['*']))).rejects.toThrow(/resolves to .* this machine/)
  const message = 'x.other.test may not be asked from here: start with --wait-allow-host x.other.test'
  expect(await look(wait({ url: 'http://x.other.test/' }), allowedHosts(['*.some.test']))).toEqual({
    kind: 'refused',
    message,
  })
  expect(requests).toHaveLength(before)
})

test('a redirect does not lead past the list', async () => {
  answer = (response) => response.writeHead(302, { location: `http://localhost:${port}/` }).end()
  expect(await look(wait(), allowedHosts([`127.0.0.1`]))).toMatchObject({ kind: 'trouble' })
  expect(requests).toHaveLength(1)
})

test.each(['a.b', 'a:80', '*.svc.cluster.local', '*', '[::1]:80', '10.88.0.1'])('%s is a rule', (rule) => {
  expect(ruleProblem(rule)).toBeUndefined()
})
test.each(['http://a', 'a/b', 'a*b', ''])('%s is none', (rule) => {
  expect(ruleProblem(rule)).toBeDefined()
})
