/** One HTTP request and its answer. Sends nothing of its own: no credentials, no cookies; goes to no other host than the one named. */
import { type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { isIP } from 'node:net'
import type { HttpWait, Sight } from '../api/wait.ts'
import type { Look } from './poll.ts'

/** Who may be asked; see allowed-hosts.ts. */
export interface HttpRules {
  /** Why a host may not be asked; undefined when it may. */
  readonly refusal: (url: URL) => string | undefined
  /** Resolves names, and may refuse addresses. @default the machine's */
  readonly lookupFor?: (url: URL) => LookupFunction | undefined
  /** Like `lookupFor`, for a host that is written as an address. */
  readonly addressRefusal?: (url: URL, address: string) => string | undefined
}

/** What is seen of an answer becomes an output parameter, which is kept with the run. */
const MAX_BODY_BYTES = 256 * 1024
const MAX_REDIRECTS = 5
const ANSWER_MILLIS = 30_000
const TOO_LATE = `no answer within ${ANSWER_MILLIS / 1000} s`

/** The user's own machine and network position: whatever they could ask from their shell. */
export const ANY_HOST: HttpRules = { refusal: () => undefined }

export function httpLook(rules: HttpRules): Look<HttpWait> {
  return async (wait, _scope, memory, signal) => {
    let url = new URL(wait.url)
    for (let redirects = 0; ; redirects++) {
      const refusal = rules.refusal(url) ?? addressRefusal(rules, url)
      if (refusal !== undefined) return { kind: 'refused', message: refusal }
      const answer = await send(wait, url, rules.lookupFor?.(url), memory.etag, signal)
      const { status, headers } = answer
      if (status === 304 && memory.etag !== undefined) return { kind: 'unchanged' }
      const next = redirectOf(url, status, headers['location'])
      if (next === undefined || wait.statuses.includes(status)) {
        if (wait.method === 'GET' && headers['etag']) memory.etag = headers['etag']
        else delete memory.etag
        return { kind: 'http', ...answer }
      }
      if (redirects >= MAX_REDIRECTS) return trouble(`it redirects more than ${MAX_REDIRECTS} times`)
      if (next.host !== url.host)
        return trouble(`it redirects to ${next.host}, another host, which is not followed: ask that one`)
      url = next
    }
  }
}

const trouble = (message: string): Sight => ({ kind: 'trouble', message })

function addressRefusal({ addressRefusal: refuse }: HttpRules, url: URL): string | undefined {
  const host = url.hostname.replace(/^\[|\]$/g, '')
  return isIP(host) ? refuse?.(url, host) : undefined
}

function redirectOf(url: URL, status: number, location: string | undefined): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(status) || !location) return undefined
  return URL.parse(location, url.href) ?? undefined
}

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly text: string
}

function send(
  { method, headers, requestBody }: HttpWait,
  url: URL,
  lookup: LookupFunction | undefined,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<Answer> {
  const request = url.protocol === 'https:' ? requestHttps : requestHttp
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        agent: false,
        headers: {
          accept: 'application/json, */*',
          'accept-encoding': 'identity',
          'user-agent': 'kfp-ts',
          ...headers,
          ...(etag === undefined ? {} : { 'if-none-match': etag }),
        },
        signal,
        ...(lookup === undefined ? {} : { lookup }),
      },
      (response) => {
        const answered = readAnswer(response).then(resolve, (error: Error) => reject(readable(error)))
        void answered.finally(() => clearTimeout(timer))
      },
    )
    const timer = setTimeout(() => sent.destroy(new Error(TOO_LATE)), ANSWER_MILLIS)
    sent.on('error', (error) => {
      clearTimeout(timer)
      reject(readable(error))
    })
    sent.end(requestBody)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    bytes += (chunk as Buffer).length
    if (bytes > MAX_BODY_BYTES) {
      response.destroy()
      throw new Error(`its answer is larger than ${MAX_BODY_BYTES / 1024} KiB`)
    }
    chunks.push(chunk as Buffer)
  }
  const headers = Object.entries(response.headers).map(([name, value]) => [name, String(value)] as const)
  return {
    status: response.statusCode ?? 0,
    headers: Object.fromEntries(headers),
    text: Buffer.concat(chunks).toString('utf8'),
  }
}

/** The reasons of several addresses come as one error without a text of its own. */
function readable(error: Error): Error {
  const all = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  return new Error(all.map(({ message }) => message).join('; ') || error.name)
}
