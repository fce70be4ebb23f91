/** The narrow port to an API server: requests and line streams. Adapters: `https-transport.ts`, `throttle.ts`, `faulty-transport.ts`. */

export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Path with query, from `/`. */
  readonly path: string
  /** Beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Sent as JSON. */
  readonly body?: unknown | undefined
  /** @default 'application/json' */
  readonly contentType?: string | undefined
  /** @default 30_000 */
  readonly timeoutMillis?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface KubeResponse {
  readonly status: number
  readonly retryAfterMillis?: number | undefined
  readonly text: string
}

/** An open answer that goes on: a watch or a followed log. */
export interface KubeStream {
  readonly chunks: AsyncIterable<Buffer>
  close(): void
}

export interface KubeTransport {
  /** Rejects with KubeConnectionError when no answer came; an answer of any status resolves. */
  request(request: KubeRequest): Promise<KubeResponse>
  /** Rejects with KubeError for a status other than 2xx. `timeoutMillis` bounds the time to the first byte of headers. */
  stream(request: KubeRequest): Promise<KubeStream>
}

/** No answer: refused, reset, timed out. The request may or may not have been carried out. */
export class KubeConnectionError extends Error {
  readonly code = 'kube-connection'
  constructor(request: KubeRequest, cause: unknown) {
    super(`${request.method} ${request.path}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    this.name = 'KubeConnectionError'
  }
}

/** The API server refused: its status, reason word and message. */
export class KubeError extends Error {
  readonly code = 'kube-error'
  readonly status: number
  /** For example `AlreadyExists`, `NotFound`, `Forbidden`, `Expired`. */
  readonly reason: string
  readonly retryAfterMillis?: number | undefined

  constructor(request: KubeRequest, response: KubeResponse) {
    const { reason, message } = parseStatus(response.text)
    super(`${request.method} ${request.path}: ${response.status} ${reason}: ${message}`)
    this.name = 'KubeError'
    this.status = response.status
    this.reason = reason
    this.retryAfterMillis = response.retryAfterMillis
  }
}

function parseStatus(text: string): { reason: string; message: string } {
  try {
    const status = JSON.parse(text) as { reason?: string; message?: string }
    return { reason: status.reason ?? '', message: status.message ?? text.slice(0, 500) }
  } catch {
    return { reason: '', message: text.slice(0, 500) }
  }
}

export const isNotFound = (error: unknown): boolean => error instanceof KubeError && error.status === 404
export const isConflict = (error: unknown): boolean => error instanceof KubeError && error.status === 409
export const isAlreadyExists = (error: unknown): boolean =>
  error instanceof KubeError && error.status === 409 && error.reason === 'AlreadyExists'
/** A watch or page whose resourceVersion is too old: list again. */
export const isGone = (error: unknown): boolean =>
  error instanceof KubeError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone')

/** Worth another try later: no answer, too many requests, or the server's own trouble. */
export const isTransient = (error: unknown): boolean =>
  error instanceof KubeConnectionError || (error instanceof KubeError && (error.status === 429 || error.status >= 500))
