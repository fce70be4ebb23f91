import { createServer, get, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { FastifyReply } from 'fastify'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { noExecutor } from '../run-executor.ts'
import { EMPTY_PIPELINE, serveSmall } from '../testing/small-server.ts'
import { openEventStream } from './event-stream.ts'

describe('a stream', () => {
  let server: Server
  let reply: Promise<ServerResponse>
  let leave: () => void

  beforeEach(async () => {
    server = createServer()
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
    reply = new Promise((resolve) => server.once('request', (_request, response) => resolve(response)))
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1' }).on('error', () => {})
    leave = () => void request.destroy()
  })
  afterEach(async () => {
    leave()
    await new Promise((closed) => server.close(closed))
  })
  const open = (raw: ServerResponse) => openEventStream({ hijack() {}, raw } as unknown as FastifyReply)

  test('whose reader left before it was opened is closed at once', async () => {
    const raw = await reply
    const gone = new Promise((resolve) => raw.once('close', resolve))
    leave()
    await gone
    const closed = vi.fn()
    open(raw).onClose(closed)
    expect(closed).toHaveBeenCalledOnce()
  })

  test('that ends is closed before its reader has taken all of it, and once', async () => {
    const raw = await reply
    const stream = open(raw)
    const closed = vi.fn()
    stream.onClose(closed)
    stream.send('run', {})
    stream.end()
    expect(closed).toHaveBeenCalledOnce()
    await new Promise((resolve) => raw.once('close', resolve))
    expect(closed).toHaveBeenCalledOnce()
  })
})

test('a followed log whose source breaks off is broken off for its reader, too', async () => {
  async function* broken() {
    yield 'first line\n'
    throw new Error('connection reset')
  }
  const executor = { ...noExecutor, start: async () => {}, logs: async () => broken() }
  const server = await serveSmall({ executor: () => executor })
  try {
    const body = JSON.stringify({ display_name: 'r', pipeline_spec: EMPTY_PIPELINE })
    const run = await (await fetch(`${server.url}/apis/v2beta1/runs`, { method: 'POST', body })).json()
    const { run_id: id } = run as { run_id: string }
    const log = await fetch(`${server.url}/api/v1/runs/${id}/logs?task=root/t&follow=true`)
    let text = ''
    const read = async () => {
      for await (const piece of log.body!) text += Buffer.from(piece)
    }
    await expect(read()).rejects.toThrow('terminated')
    expect(text).toContain('first line')
  } finally {
    await server.close()
  }
})
