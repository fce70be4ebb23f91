/** What went wrong with a request, before an API gives it its shape. Before: the error handlers of both APIs. */
import type { FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { MetadataError, type MetadataErrorCode } from '../store/metadata/errors.ts'

export interface Problem {
  /** HTTP status when `code` is absent. */
  readonly status: number
  readonly code?: MetadataErrorCode
  readonly message: string
}

/** A refusal with a status of its own, such as 401 or 429. */
export class HttpError extends Error {
  readonly statusCode: number
  constructor(statusCode: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.statusCode = statusCode
  }
}

/** Classes of Postgres errors that the caller's values cause: data exceptions. */
const DATA_EXCEPTION = /^22/

/** Sorts an error: the caller's mistakes keep their words, ours are logged and told without detail. */
export function problemOf(error: unknown, request: FastifyRequest, logger: Logger): Problem {
  if (error instanceof MetadataError) return { status: 400, code: error.code, message: error.message }
  const { statusCode, code, message } = error as { statusCode?: number; code?: unknown; message?: string }
  if (typeof code === 'string' && DATA_EXCEPTION.test(code) && code.length === 5) {
    return { status: 400, code: 'invalid', message: 'A value in the request can not be stored or compared' }
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return { status: statusCode, message: message ?? 'Bad request' }
  }
  // What is not offered here, or not now, is told as it is.
  if (statusCode === 501 || statusCode === 503) return { status: statusCode, message: message ?? 'Unavailable' }
  if (code === 'no-executor') return { status: 501, message: message ?? 'Not implemented' }
  // An upload that its client broke off is no fault of the server.
  if (code === 'ERR_STREAM_PREMATURE_CLOSE' || code === 'ECONNRESET')
    return { status: 400, message: 'The body ended early' }
  logger.error({ err: error, method: request.method, path: request.url.split('?')[0] }, 'request failed')
  return { status: 500, message: 'Internal error: the log of the server tells more' }
}
