/** Server-sent events over a Fastify reply. Before: runs.ts. */
import type { FastifyReply } from 'fastify'

export interface EventStream {
  send(event: string, data: unknown): void
  end(): void
  /** Breaks it off after what was sent: its reader sees that it is not whole. */
  abort(): void
  /** Called once, when either side closes; at once when one has. */
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
  let isOpen = true
  const listeners: (() => void)[] = []
  const onClose = (listener: () => void): void => {
    if (isOpen) listeners.push(listener)
    else listener()
  }
  // At our own end, not when the last byte has left: a reader may take its time.
  const close = (): void => {
    isOpen = false
    for (const listener of listeners.splice(0)) listener()
  }
  raw.once('close', close)
  // The client may have gone while it was asked who it is: no event tells that again.
  if (raw.destroyed) close()
  // Proxies close silent connections.
  const heartbeat = setInterval(() => raw.write(': \n\n'), HEARTBEAT_MILLIS)
  onClose(() => clearInterval(heartbeat))
  return {
    send: (event, data) => {
      if (!isOpen) return
      raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
      if (raw.writableLength > MAX_UNSENT_BYTES) raw.destroy()
    },
    end: () => {
      raw.end()
      close()
    },
    abort: () => {
      if (isOpen) raw.write(': \n\n', () => raw.destroy())
      close()
    },
    onClose,
  }
}
