/** Problems in the shape of KFP's API: gRPC numbers in the body, their HTTP status outside. Pure. */
import type { MetadataErrorCode } from '../../store/metadata/errors.ts'
import type { Problem } from '../problem.ts'

const OF_CODE: Readonly<Record<MetadataErrorCode, readonly [status: number, code: number]>> = {
  invalid: [400, 3],
  'failed-precondition': [400, 9],
  'not-found': [404, 5],
  'already-exists': [409, 6],
  conflict: [409, 10],
  forbidden: [403, 7],
}

const OF_STATUS: Readonly<Record<number, number>> = {
  400: 3,
  401: 16,
  403: 7,
  404: 5,
  409: 10,
  413: 3,
  415: 3,
  429: 8,
  500: 13,
  501: 12,
  503: 14,
}

export function statusOf(problem: Problem): number {
  return problem.code ? OF_CODE[problem.code][0] : problem.status
}

export function kfpErrorBody(problem: Problem): object {
  const code = problem.code ? OF_CODE[problem.code][1] : (OF_STATUS[problem.status] ?? 2)
  const { message } = problem
  return { code, message, details: [{ '@type': 'type.googleapis.com/google.rpc.Status', code, message }] }
}
