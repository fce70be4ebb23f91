/** Server-sent events over a Fastify reply. Before: runs.ts. */
import type { FastifyReply } from 'fastify'

export interface EventStream {
  send(event: string, data: unknown): void
  end(): void
  /** Called once, when either side closes. */
  onClose(listener: () => void): void
}

const HEARTBEAT_MILLIS = 15_000
/** A reader that takes nothing for so long is dropped, or its events would fill the memory. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024

/** Takes the reply over; nothing else may be sent with it. */
export function openEventStream(reply: FastifyReply): EventStream {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-content-type-options': 'nosniff',
  })
  // Proxies close silent connections.
  const heartbeat = setInterval(() => raw.write(': \n\n'), HEARTBEAT_MILLIS)
  raw.once('close', () => clearInterval(heartbeat))
  return {
    send: (event, data) => {
      if (raw.writableEnded || raw.destroyed) return
      raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      if (raw.writableLength > MAX_UNSENT_BYTES) raw.destroy()
    },
    end: () => raw.end(),
    onClose: (listener) => raw.once('close', listener),
  }
}
