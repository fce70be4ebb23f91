/** The values of a waiting task's inputs become a request; everything that is wrong with them is told at once. */

import { celProblem } from './cel.ts'
import type { JsonObject, JsonValue } from './json.ts'
import { parseRfc3339 } from './rfc3339.ts'
import { type LookedAt, RUN_END_STATES, type RunEndState, type WaitKind, type WaitRequest } from './wait.ts'

export type ReadWait = { readonly request: WaitRequest } | { readonly problems: readonly string[] }

/** Between two looks. */
const DEFAULT_EVERY_SECONDS = 30
const LEAST_EVERY_SECONDS = 0.1
/** Headers that make a request what it is, or would let one request hide another. */
const OWN_HEADERS = ['host', 'content-length', 'transfer-encoding', 'connection', 'upgrade', 'if-none-match']

/**
 * @param values resolved inputs by their names in the IR; absent ones have their defaults
 * @param unknown inputs that have a value which nobody knows before the run; the request is of no use then, the problems are
 */
export function readWaitRequest(
  kind: WaitKind,
  values: Readonly<Record<string, JsonValue | undefined>>,
  unknown: ReadonlySet<string> = new Set(),
): ReadWait {
  const reader = new WaitReader(values, unknown)
  const request = READERS[kind](reader)
  return reader.problems.length > 0 ? { problems: reader.problems } : { request }
}

const READERS: Readonly<Record<WaitKind, (reader: WaitReader) => WaitRequest>> = {
  time: readTime,
  http: readHttp,
  object: (reader) => ({
    kind: 'object',
    ...reader.polled(),
    uri: reader.objectUri('uri'),
    minBytes: reader.number('min_bytes', 0) ?? 0,
    stableMillis: (reader.number('stable_seconds', 0) ?? 0) * 1000,
  }),
  resource: readResource,
  run: readRun,
  alias: (reader) => ({
    kind: 'alias',
    ...reader.polled(),
    model: reader.needed('model'),
    alias: reader.needed('alias').replace(/^@/, ''),
    ...optional('atLeast', reader.number('at_least', 1)),
    ...optional('changedFrom', reader.number('changed_from', 0)),
  }),
}

function readTime(reader: WaitReader): WaitRequest {
  const at = reader.instant('at')
  const after = reader.number('after_seconds', 0)
  if (!reader.has('at') && !reader.has('after_seconds')) reader.refuse('it needs "at" (a time) or "after_seconds"')
  return { kind: 'time', ...reader.limits(), ...optional('at', at), afterMillis: (after ?? 0) * 1000 }
}

function readHttp(reader: WaitReader): WaitRequest {
  const body = reader.text('request_body')
  const method = reader.word('method', ['GET', 'HEAD', 'POST'] as const) ?? 'GET'
  if (body !== undefined && method !== 'POST' && !reader.isUnknown('method'))
    reader.refuse(`"request_body" goes with the method POST, not ${method}`)
  return {
    kind: 'http',
    ...reader.polled(),
    url: reader.url('url'),
    method,
    headers: reader.headers('headers'),
    ...optional('requestBody', body),
    statuses: reader.statuses('status'),
    ...optional('until', reader.expression('until')),
  }
}

function readResource(reader: WaitReader): WaitRequest {
  const apiVersion = reader.needed('api_version')
  const resourceKind = reader.needed('kind')
  if (apiVersion !== '' && !/^([a-z0-9.-]+\/)?v[a-z0-9]+$/.test(apiVersion))
    reader.refuse(`"api_version" is "${apiVersion}"; write v1 or GROUP/VERSION, such as batch/v1`)
  if (apiVersion === 'v1' && resourceKind === 'Secret')
    reader.refuse('Secrets are not waited for: what is seen of a resource is kept with the run')
  return {
    kind: 'resource',
    ...reader.polled(),
    apiVersion,
    resourceKind,
    name: reader.needed('name'),
    ...optional('namespace', reader.text('namespace')),
    ...optional('condition', reader.text('condition')),
    ...optional('until', reader.expression('until')),
  }
}

function readRun(reader: WaitReader): WaitRequest {
  const run = reader.text('run')
  const pipeline = reader.text('pipeline')
  const logicalDate = reader.instant('logical_date')
  if (reader.has('run') === reader.has('pipeline'))
    reader.refuse('it needs either "run" (an id or a name) or "pipeline" with "logical_date"')
  else if (reader.has('pipeline') !== reader.has('logical_date'))
    reader.refuse('"pipeline" and "logical_date" go together')
  return {
    kind: 'run',
    ...reader.polled(),
    ...optional('run', run),
    ...optional('pipeline', pipeline),
    ...optional('logicalDate', logicalDate),
    states: reader.states('state'),
  }
}

class WaitReader {
  readonly problems: string[] = []
  private readonly values: Readonly<Record<string, JsonValue | undefined>>
  private readonly unknown: ReadonlySet<string>

  constructor(values: Readonly<Record<string, JsonValue | undefined>>, unknown: ReadonlySet<string>) {
    this.values = Object.fromEntries(Object.entries(values).filter(([name]) => !unknown.has(name)))
    this.unknown = unknown
  }

  refuse(problem: string): void {
    this.problems.push(problem)
  }

  /** An empty text is as good as none: it is what a pipeline input without a value often has. */
  has(name: string): boolean {
    if (this.unknown.has(name)) return true
    return this.isKnown(name)
  }

  isUnknown(name: string): boolean {
    return this.unknown.has(name)
  }

  private isKnown(name: string): boolean {
    const value = this.values[name]
    return value !== undefined && value !== null && value !== ''
  }

  text(name: string): string | undefined {
    if (!this.isKnown(name)) return undefined
    const value = this.values[name]
    return typeof value === 'string' ? value : JSON.stringify(value)
  }

  needed(name: string): string {
    if (!this.has(name)) this.refuse(`it needs "${name}"`)
    return this.text(name) ?? ''
  }

  number(name: string, least: number): number | undefined {
    if (!this.isKnown(name)) return undefined
    const value = Number(this.values[name])
    if (Number.isFinite(value) && value >= least) return value
    this.refuse(`"${name}" is ${this.text(name)}; give a number from ${least}`)
    return undefined
  }

  word<W extends string>(name: string, words: readonly W[]): W | undefined {
    const text = this.text(name)
    if (text === undefined || (words as readonly string[]).includes(text)) return text as W | undefined
    this.refuse(`"${name}" is "${text}"; it can be ${words.join(', ')}`)
    return undefined
  }

  expression(name: string): string | undefined {
    const text = this.text(name)
    const problem = text === undefined ? undefined : celProblem(text)
    if (problem !== undefined) this.refuse(`"${name}" is no CEL expression that can be used: ${problem}`)
    return text
  }

  instant(name: string): number | undefined {
    const text = this.text(name)
    if (text === undefined) return undefined
    const at = parseRfc3339(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00:00Z` : text)
    if (at === undefined)
      this.refuse(`"${name}" is "${text}"; write a date or a time with its zone, such as 2026-12-01T06:00:00Z`)
    return at
  }

  limits(): Pick<WaitRequest, 'timeoutMillis' | 'onTimeout'> {
    const seconds = this.number('timeout_seconds', 0)
    const onTimeout = this.word('on_timeout', ['fail', 'skip'] as const)
    return { ...optional('timeoutMillis', seconds ? seconds * 1000 : undefined), ...optional('onTimeout', onTimeout) }
  }

  polled(): Pick<LookedAt, 'timeoutMillis' | 'onTimeout' | 'everyMillis'> {
    const seconds = this.number('every_seconds', LEAST_EVERY_SECONDS) ?? DEFAULT_EVERY_SECONDS
    return { ...this.limits(), everyMillis: seconds * 1000 }
  }

  url(name: string): string {
    const text = this.needed(name)
    if (text === '') return text
    const [, authority] = /^https?:\/\/([^/?#\s]+)(?:[/?#]\S*)?$/i.exec(text) ?? []
    if (authority === undefined) this.refuse(`"${name}" is "${text}"; give an http:// or https:// address`)
    else if (authority.includes('@'))
      this.refuse(`"${name}" holds a user name or password; send them in "headers" instead`)
    return text
  }

  objectUri(name: string): string {
    const text = this.needed(name)
    if (text !== '' && !/^(\/|file:\/\/\/|(s3|minio):\/\/[^/]+\/.)/.test(text))
      this.refuse(`"${name}" is "${text}"; give an absolute path, file:///PATH or s3://BUCKET/KEY`)
    return text
  }

  headers(name: string): Readonly<Record<string, string>> {
    const value = this.values[name]
    if (value === undefined || value === null) return {}
    if (typeof value !== 'object' || Array.isArray(value)) {
      this.refuse(`"${name}" is no object of texts`)
      return {}
    }
    const entries = Object.entries(value as JsonObject).map(([key, text]) => [key, String(text)] as const)
    for (const [key, text] of entries) {
      if (!/^[\w!#$%&'*+.^`|~-]+$/.test(key) || /[\r\n\0]/.test(text)) this.refuse(`the header "${key}" is malformed`)
      else if (OWN_HEADERS.includes(key.toLowerCase())) this.refuse(`the header "${key}" can't be set`)
    }
    return Object.fromEntries(entries)
  }

  statuses(name: string): readonly number[] {
    const list = this.list(name).map(Number)
    for (const status of list)
      if (!Number.isInteger(status) || status < 100 || status > 599)
        this.refuse(`"${name}" holds ${status}, which is no HTTP status`)
    return list
  }

  states(name: string): readonly RunEndState[] {
    const list = this.list(name).map(String)
    for (const state of list)
      if (!(RUN_END_STATES as readonly string[]).includes(state))
        this.refuse(`"${name}" holds "${state}"; a run ends as ${RUN_END_STATES.join(', ')}`)
    return list.length > 0 ? (list as RunEndState[]) : ['SUCCEEDED']
  }

  /** One value stands for a list of it. */
  private list(name: string): readonly JsonValue[] {
    const value = this.values[name]
    if (value === undefined || value === null || value === '') return []
    return Array.isArray(value) ? (value as readonly JsonValue[]) : [value]
  }
}

/** The entry only when there is a value. */
function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
}
