/** KubeTransport over node's http(s) with kept connections. The one place of the client that touches the network. */
import http from 'node:http'
import https from 'node:https'
import { createSecureContext } from 'node:tls'
import type { KubeAccess } from './kubeconfig.ts'
import {
  KubeConnectionError,
  KubeError,
  type KubeRequest,
  type KubeResponse,
  type KubeStream,
  type KubeTransport,
} from './transport.ts'

const DEFAULT_TIMEOUT_MILLIS = 30_000
/** API servers send bookmarks or close a watch within this time; a silent connection is dead. */
const STREAM_IDLE_MILLIS = 330_000
/** A connection that nobody used for so long is closed by us: API servers close theirs after 90 s, perhaps under a request. */
const UNUSED_MILLIS = 30_000
const MAX_SOCKETS = 64

/** @param timeoutMillis how long an answer may take to begin, for requests that set none */
export function createHttpsTransport(access: KubeAccess, timeoutMillis = DEFAULT_TIMEOUT_MILLIS): KubeTransport {
  const server = new URL(access.server)
  const library = server.protocol === 'http:' ? http : https
  const kept = {
    keepAlive: true,
    maxFreeSockets: MAX_SOCKETS,
    scheduling: 'lifo',
    timeout: UNUSED_MILLIS,
    rejectUnauthorized: access.rejectUnauthorized,
    // Read once: certificates parsed for each connection were a quarter of a busy operator's time.
    ...(library === https && {
      secureContext: createSecureContext({ ca: access.ca, cert: access.cert, key: access.key }),
    }),
  } as const
  const agent = new library.Agent({ ...kept, maxSockets: MAX_SOCKETS })
  // Streams live long: they must not take the sockets that requests wait for. A log that ended leaves its connection to the next.
  const streamAgent = new library.Agent(kept)

  async function open(request: KubeRequest, streaming: boolean): Promise<http.IncomingMessage> {
    const authorization = await access.authorization()
    const body = request.body === undefined ? undefined : JSON.stringify(request.body)
    const headers: Record<string, string> = { accept: 'application/json', 'user-agent': 'kfp-ts', ...request.headers }
    if (authorization) headers['authorization'] = authorization
    if (body !== undefined) {
      headers['content-type'] = request.contentType ?? 'application/json'
      headers['content-length'] = String(Buffer.byteLength(body))
    }
    return await new Promise((resolve, reject) => {
      const fail = (cause: unknown): void => reject(new KubeConnectionError(request, cause))
      const outgoing = library.request(
        {
          protocol: server.protocol,
          host: server.hostname.replace(/^\[|\]$/g, ''),
          port: server.port,
          path: server.pathname.replace(/\/$/, '') + request.path,
          method: request.method,
          headers,
          agent: streaming ? streamAgent : agent,
          signal: request.signal,
        },
        resolve,
      )
      outgoing.setTimeout(request.timeoutMillis ?? timeoutMillis, () =>
        outgoing.destroy(new Error('no answer in time')),
      )
      outgoing.on('error', fail)
      outgoing.end(body)
    })
  }

  return {
    async request(request) {
      const response = await open(request, false)
      return { ...head(response), text: await readAll(request, response) }
    },
    async stream(request) {
      const response = await open(request, true)
      if ((response.statusCode ?? 500) >= 300) {
        throw new KubeError(request, { ...head(response), text: await readAll(request, response) })
      }
      return streamOf(request, response)
    },
  }
}

function head(response: http.IncomingMessage): Omit<KubeResponse, 'text'> {
  const seconds = Number(response.headers['retry-after'])
  return {
    status: response.statusCode ?? 0,
    retryAfterMillis: Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
  }
}

async function readAll(request: KubeRequest, response: http.IncomingMessage): Promise<string> {
  try {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk as Buffer)
    return Buffer.concat(chunks).toString('utf8')
  } catch (cause) {
    throw new KubeConnectionError(request, cause)
  }
}

function streamOf(request: KubeRequest, response: http.IncomingMessage): KubeStream {
  response.socket?.setTimeout(STREAM_IDLE_MILLIS)
  return {
    chunks: (async function* () {
      try {
        for await (const chunk of response) yield chunk as Buffer
      } catch (cause) {
        throw new KubeConnectionError(request, cause)
      }
    })(),
    close: () => void response.destroy(),
  }
}
