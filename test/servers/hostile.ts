/** Random and hostile requests for every endpoint of the server, and a storm of them. For tests of a server in this process and in a cluster. */
import { request as httpRequest } from 'node:http'
import { KFP_ROUTES } from '../../server/kfp/index.ts'
import { MLFLOW_ROUTES } from '../../server/mlflow/index.ts'
import { NATIVE_ROUTES } from '../../server/native/index.ts'

const PARALLEL = 16

/** A small generator with a seed, so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

const TEXTS = [
  '',
  'a',
  '0',
  '1',
  '-1',
  "'; drop table runs; --",
  '" or 1=1 --',
  '../../../../etc/passwd',
  '..%2f..%2f..%2fsecret.txt',
  '%2e%2e/%2e%2e/secret.txt',
  '/etc/passwd',
  'file:///etc/passwd',
  'http://169.254.169.254/latest/meta-data',
  '\u0000',
  '\ud800',
  '😀',
  'x'.repeat(9000),
  '{{7*7}}',
  '${jndi:ldap://x}',
  'a\r\nset-cookie: x=1',
  '__proto__',
  'constructor',
  'hasOwnProperty',
  'NaN',
  'Infinity',
  '9'.repeat(40),
  '1e400',
  'metrics.a > 1',
  "params.`a` = 'x' AND tags.b LIKE '%'",
  'metrics.a > 1 OR 1=1',
  "attribute.status = '",
  '((((',
  'eyJhIjoxfQ',
  'WyJsaXN0IixbMSwyXV0',
  'm-0000',
  '{"predicates":[{"operation":"EQUALS","key":"name","stringValue":"x"}]}',
  '{"predicates":[{"operation":"IN","key":"created_at","longValues":{"values":["x"]}}]}',
  'created_at desc',
  'metric:acc desc',
  'display_name; select 1',
]
const FIELDS =
  'experiment_id experiment_ids name run_id run_uuid key value timestamp step metrics params tags filter order_by max_results page_token view_type run_view_type status model_id models alias version source stage stages path artifact_location display_name description pipeline_spec pipeline_version_reference pipeline_version_id runtime_config trigger mode max_concurrency no_catchup namespace sort_by page_size package_url pipeline pipeline_version metric_key run_ids start_step end_step datasets gate approvers expiresInSeconds asOf limit before task attempt follow reason new_name model_json tag_key __proto__ constructor'.split(
    ' ',
  )

export class Hostile {
  readonly #random: () => number
  constructor(seed: number) {
    this.#random = randomFrom(seed)
  }
  number(below: number): number {
    return Math.floor(this.#random() * below)
  }
  pick<T>(list: readonly T[]): T {
    return list[this.number(list.length)]!
  }
  value(depth: number): unknown {
    switch (this.number(depth > 3 ? 6 : 9)) {
      case 0:
        return this.pick([0, 1, -1, 1.5, 1e308, 2 ** 53, -(2 ** 63), 1e21])
      case 1:
        return this.pick([true, false, null])
      case 2:
      case 3:
      case 4:
      case 5:
        return this.pick(TEXTS)
      case 6:
        return Array.from({ length: this.number(4) }, () => this.value(depth + 1))
      case 7:
        return { key: this.pick(TEXTS), value: this.value(depth + 1), timestamp: this.number(100), step: 1 }
      default:
        return this.object(depth + 1)
    }
  }
  object(depth = 0): Record<string, unknown> {
    return Object.fromEntries(Array.from({ length: this.number(6) }, () => [this.pick(FIELDS), this.value(depth)]))
  }
  query(): string {
    const parts = Array.from({ length: this.number(4) }, () => `${this.pick(FIELDS)}=${safeEncode(this.pick(TEXTS))}`)
    return parts.length > 0 ? `?${parts.join('&')}` : ''
  }
  body(): Buffer {
    switch (this.number(12)) {
      case 0:
        return Buffer.from('{"a":')
      case 1:
        return Buffer.from(`${'['.repeat(5000)}${']'.repeat(5000)}`)
      case 2:
        return Buffer.from([0xff, 0xfe, 0, 1, 2, 3])
      case 3:
        return Buffer.alloc(0)
      case 4:
        return Buffer.from(JSON.stringify(this.value(0)))
      default:
        return Buffer.from(JSON.stringify(this.object()))
    }
  }
}

function safeEncode(text: string): string {
  try {
    return encodeURIComponent(text)
  } catch {
    return '%ED%A0%80'
  }
}

const PLACES: readonly { method: string; path: string }[] = [
  ...MLFLOW_ROUTES.map(({ method, path }) => ({ method, path: `/api/2.0/mlflow/${path}` })),
  ...KFP_ROUTES.map(({ method, path }) => ({ method, path: `/apis/v2beta1${path.replace('::', ':verb-')}` })),
  ...NATIVE_ROUTES.map(({ method, path }) => ({ method, path: `/api/v1${path}` })),
  ...['GET', 'PUT', 'DELETE'].map((method) => ({ method, path: '/api/2.0/mlflow-artifacts/artifacts/:path' })),
  { method: 'GET', path: '/api/2.0/mlflow-artifacts/artifacts' },
  { method: 'POST', path: '/apis/v2beta1/pipelines/upload' },
  { method: 'POST', path: '/apis/v2beta1/pipelines/upload_version' },
  { method: 'OPTIONS', path: '/api/2.0/mlflow/runs/create' },
  { method: 'GET', path: '/:anything' },
]

const CONTENT_TYPES = [
  'application/json',
  'text/plain',
  'application/octet-stream',
  'multipart/form-data; boundary=x',
  '',
]

export interface HostileRequest {
  readonly method: string
  readonly path: string
  readonly body?: Buffer
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Answer {
  readonly status: number
  readonly text: string
}

/** Below fetch, which would tidy the paths up. */
export function send(
  url: string,
  { method, path, body = Buffer.alloc(0), contentType = '', headers: more = {} }: HostileRequest,
): Promise<Answer> {
  const { hostname, port } = new URL(url)
  const headers: Record<string, string> = { 'content-length': String(body.length), ...more }
  if (contentType) headers['content-type'] = contentType
  return new Promise((resolve, reject) => {
    // A connection of its own: one that the server gave up with a body unread is no place for the next request.
    const sent = httpRequest({ host: hostname, port, method, path, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString('latin1') }),
      )
      // It may also close after its answer, with the rest of the body unread.
      response.on('error', () =>
        resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString('latin1') }),
      )
    })
    // The server may close a connection whose body it will not read.
    sent.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNRESET' || error.code === 'EPIPE' ? resolve({ status: 400, text: '' }) : reject(error),
    )
    sent.end(body)
  })
}

function pathOf(hostile: Hostile, template: string): string {
  const filled = template
    .replace(/:verb-(\w+)/, (_, verb: string) => `\u0001${verb}`)
    .replace(/:[a-z_]+/g, () => safeEncode(hostile.pick(TEXTS)) || 'x')
    .replace('\u0001', ':')
  // Raw dots and slashes too, not only encoded ones.
  return hostile.number(20) === 0 ? filled.replaceAll('%2F', '/') : filled
}

export interface Storm {
  /** Requests that got an answer. */
  readonly answered: number
  /** How often each status was the answer. */
  readonly statuses: Readonly<Record<number, number>>
  /** Answers of 5xx (501 says that something is not offered), and those that show what must not be shown. */
  readonly failures: readonly string[]
}

/** Sends exactly so many requests, from several senders at once. */
export async function storm(options: {
  readonly url: string
  readonly requests: number
  readonly seed: number
  /** What no answer may contain. */
  readonly secrets: RegExp
  /** Headers of a request, such as a token. @default none */
  readonly headersOf?: (hostile: Hostile) => Readonly<Record<string, string>>
}): Promise<Storm> {
  const { url, requests, seed, secrets, headersOf = () => ({}) } = options
  const failures: string[] = []
  const statuses: Record<number, number> = {}
  let begun = 0
  let answered = 0
  const sender = async (index: number) => {
    const hostile = new Hostile(index + seed)
    while (begun < requests) {
      begun += 1
      const { method, path: template } = hostile.pick(PLACES)
      const path = pathOf(hostile, template) + hostile.query()
      const body = method === 'GET' ? Buffer.alloc(0) : hostile.body()
      const contentType = hostile.pick(CONTENT_TYPES)
      const { status, text } = await send(url, { method, path, body, contentType, headers: headersOf(hostile) })
      answered += 1
      statuses[status] = (statuses[status] ?? 0) + 1
      if ((status < 500 || status === 501) && !secrets.test(text)) continue
      failures.push(
        `${method} ${path.slice(0, 300)} ${body.toString().slice(0, 500)} -> ${status} ${text.slice(0, 200)}`,
      )
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, (_, index) => sender(index)))
  return { answered, statuses, failures }
}
