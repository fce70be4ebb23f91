/** Why the server beside the operator could not be asked, and what to do about it. Before: server-api.ts. */
import { AUDIENCE, bindReader, READER, TokenError } from './caller-token.ts'
import { KubeConnectionError } from './kube/transport.ts'

/** The server did not answer, or refused; the message says where it was looked for. */
export class ServerError extends Error {
  readonly code = 'server-error'
  /** 0: no answer. */
  readonly status: number
  /** What to do. */
  readonly remedy: string
  constructor(message: string, status: number, remedy: string, cause?: unknown) {
    super(message, { cause })
    this.name = 'ServerError'
    this.status = status
    this.remedy = remedy
  }
}

/** Where a server is. */
export interface ServerPlace {
  /** Before each path. */
  readonly prefix: string
  /** For messages. */
  readonly name: string
  /** Namespace of the Service, when the API server's proxy leads to it. */
  readonly proxy?: string
}

const START = 'start one with "kfp-ts operator --serve", or name another with --server URL (KFP_TS_SERVER)'

/** The API server's own words, not the server's. */
export const isStatusObject = (text: string): boolean => /"kind":\s*"Status"/.test(text)

export const missing = (name: string): ServerError => new ServerError(`there is no kfp-ts server (${name})`, 404, START)

export function unreachable(name: string, error: unknown): ServerError {
  const reason = error instanceof KubeConnectionError ? error.message.replace(/^\S+ \S+ /, '') : String(error)
  return new ServerError(`the kfp-ts server (${name}) does not answer: ${reason}`, 0, START, error)
}

/** The server asks who calls, and nobody can say. */
export function noToken({ name }: ServerPlace, error: unknown): ServerError {
  if (!(error instanceof TokenError)) return unreachable(name, error)
  return new ServerError(`the kfp-ts server (${name}) asks who you are: ${error.message}`, 401, error.remedy, error)
}

interface Refusal {
  readonly status: number
  readonly words: string
  /** The API server refuses: what it proxies to was not asked. */
  readonly byProxy: boolean
  /** Of the runs. */
  readonly namespace: string
  /** The caller named a token. */
  readonly given: boolean
}

export function refused(
  { name, proxy }: ServerPlace,
  { status, words, byProxy, namespace, given }: Refusal,
): ServerError {
  if (byProxy && proxy !== undefined) {
    const role = proxy === namespace ? 'kfp-ts-viewer' : 'kfp-ts-server-caller'
    if (status === 403)
      return new ServerError(
        `you may not reach the kfp-ts server (${name}): ${words}`,
        status,
        `ask for the role ${role} in namespace ${proxy}`,
      )
    if (status === 503)
      return new ServerError(
        `nobody answers at the kfp-ts server (${name}): ${words}`,
        status,
        `see that the operator runs, with --serve: kubectl get pods -n ${proxy}`,
      )
  }
  const message = `the kfp-ts server (${name}) refuses with ${status}: ${words}`
  return new ServerError(message, status, remedyOf(status, namespace, given))
}

function remedyOf(status: number, namespace: string, given: boolean): string {
  const create = `kubectl create token ACCOUNT -n ${namespace} --audience ${AUDIENCE}`
  if (status === 401 && given) return `unset KFP_TS_TOKEN, or set it to a token that is valid there: ${create}`
  if (status === 403 && given)
    return `give the account of KFP_TS_TOKEN the role kfp-ts-viewer in namespace ${namespace}`
  if (status === 403) return `let the account ${READER} look at runs there: ${bindReader(namespace)}`
  return 'change what the message names, or see the log of the operator'
}

/** What a body says in its own way, or its beginning. */
export function messageIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: { message?: string }; message?: string }
    return error?.message ?? message ?? text.slice(0, 300)
  } catch {
    return text.slice(0, 300)
  }
}
