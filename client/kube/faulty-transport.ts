/** A KubeTransport that misbehaves as API servers and networks do. For tests: wrapped around a real one. */
import {
  KubeConnectionError,
  KubeError,
  type KubeRequest,
  type KubeResponse,
  type KubeStream,
  type KubeTransport,
} from './transport.ts'

export const FAULTS = [
  'too-many',
  'server-error',
  'conflict',
  'lost-before',
  'lost-after',
  'watch-gone',
  'watch-cut',
] as const
export type Fault = (typeof FAULTS)[number]

export interface FaultOptions {
  /** A number from 0 up to 1, each time. */
  readonly random: () => number
  /** Share of requests that go wrong. */
  readonly rate: number
  readonly onFault?: (fault: Fault, request: KubeRequest) => void
}

/** Events that a cut watch still delivers. */
const EVENTS_BEFORE_CUT = 3

export function withFaults(inner: KubeTransport, { random, rate, onFault }: FaultOptions): KubeTransport {
  const happens = (fault: Fault, request: KubeRequest): boolean => {
    // Watches are few: their faults come more often.
    if (random() >= (fault.startsWith('watch') ? Math.min(0.5, 5 * rate) : rate)) return false
    onFault?.(fault, request)
    return true
  }
  const lost = (request: KubeRequest): KubeConnectionError =>
    new KubeConnectionError(request, new Error('injected: connection lost'))

  return {
    async request(request) {
      if (happens('too-many', request)) return refusal(429, 'TooManyRequests', 100)
      if (happens('server-error', request)) return refusal(500, 'InternalError')
      if (request.method === 'PATCH' && happens('conflict', request)) return refusal(409, 'Conflict')
      if (happens('lost-before', request)) throw lost(request)
      const response = await inner.request(request)
      // The worst kind: it was carried out, and nobody knows.
      if (happens('lost-after', request)) throw lost(request)
      return response
    },
    async stream(request) {
      const isWatch = request.path.includes('watch=true')
      if (isWatch && happens('watch-gone', request)) throw new KubeError(request, refusal(410, 'Expired'))
      if (happens('lost-before', request)) throw lost(request)
      const stream = await inner.stream(request)
      return isWatch && happens('watch-cut', request) ? cut(stream, lost(request)) : stream
    },
  }
}

function refusal(status: number, reason: string, retryAfterMillis?: number): KubeResponse {
  const text = JSON.stringify({
    kind: 'Status',
    status: 'Failure',
    reason,
    code: status,
    message: `injected: ${reason}`,
  })
  return { status, text, ...(retryAfterMillis === undefined ? {} : { retryAfterMillis }) }
}

function cut(stream: KubeStream, error: Error): KubeStream {
  return {
    close: () => stream.close(),
    chunks: (async function* () {
      let left = EVENTS_BEFORE_CUT
      for await (const chunk of stream.chunks) {
        yield chunk
        if (--left <= 0) break
      }
      stream.close()
      throw error
    })(),
  }
}
