/**
 * What a kfp-ts server beside the operator knows of a run and the cluster does not: every task's state, logs of pods that are gone,
 * what a retry would do. Reached by its URL, or through the API server's proxy of its Service, as `kfp.Client` does.
 * Before: commands and `Client`. After: caller-token.ts, once the server asks who calls.
 */
import type { CacheExplanation } from '../api/cache-explanation.ts'
import type { JsonValue } from '../api/json.ts'
import type { TaskReport } from '../api/run-report.ts'
import { readerToken, type TokenSource } from './caller-token.ts'
import { createHttpsTransport } from './kube/https-transport.ts'
import type { KubeAccess } from './kube/kubeconfig.ts'
import { withQuery } from './kube/resources.ts'
import { KubeError, type KubeTransport } from './kube/transport.ts'
import {
  isStatusObject,
  messageIn,
  missing,
  noToken,
  refused,
  ServerError,
  type ServerPlace,
  unreachable,
} from './server-error.ts'

/** A run in a list: also one whose resource was deleted. */
export interface ServedRunSummary {
  readonly runId: string
  /** That of its resource, or that its client gave it. */
  readonly name: string
  readonly pipeline: string
  readonly state: string
  /** RFC 3339. */
  readonly createdAt: string
  readonly endTime?: string
  readonly error?: { readonly message: string }
}

/** A run as `GET /api/v1/runs/ID` tells it. */
export interface ServedRun extends ServedRunSummary {
  readonly outputs?: Readonly<Record<string, JsonValue>>
  readonly tasks: readonly Omit<TaskReport, 'outputs'>[]
}

/** One line of a dry run, as the engine foresees it. */
export interface PlannedTask {
  readonly task: string
  readonly decision: string
  readonly reason: string
  readonly changes?: readonly { readonly part: string; readonly before?: string; readonly now?: string }[]
  readonly source?: { readonly runId: string; readonly task: string }
}

/** A run that does not exist yet, for a dry run. */
export interface PlanRequest {
  readonly namespace: string
  readonly pipelineText: string
  readonly arguments: Readonly<Record<string, JsonValue>>
  /** false: nothing is taken from the cache. */
  readonly cache?: boolean | undefined
  /** Id of a run whose results are reused. */
  readonly reuse?: string | undefined
}

export interface ServedSelection {
  readonly name?: string | undefined
  readonly pipeline?: string | undefined
  readonly limit?: number | undefined
  readonly pageToken?: string | undefined
}

export interface ServerApi {
  /** For messages: the URL, or the Service and its namespace. */
  readonly place: string
  /** Newest first, one page. Undefined when the server keeps no list. */
  runs(
    selection: ServedSelection,
  ): Promise<{ readonly runs: readonly ServedRunSummary[]; readonly nextPageToken?: string } | undefined>
  /** Undefined when the server does not know the run. */
  run(runId: string): Promise<ServedRun | undefined>
  /** Why tasks of a run that goes on do not run yet, one sentence each. */
  waiting(runId: string): Promise<readonly { readonly task: string; readonly reason: string }[]>
  /** Undefined when there is no such attempt. */
  log(runId: string, task: string, attempt?: number, signal?: AbortSignal): Promise<AsyncIterable<Buffer> | undefined>
  /** Why each task was, or was not, taken from the cache. Undefined when the server has no journal of the run. */
  explainCache(runId: string): Promise<readonly CacheExplanation[] | undefined>
  /** What a retry of the run would do. Undefined when the server can't tell. */
  foreseeRetry(runId: string): Promise<readonly PlannedTask[] | undefined>
  /** What a new run would do. Undefined when the server can't tell. */
  foresee(request: PlanRequest): Promise<readonly PlannedTask[] | undefined>
}

/** The Service that `manifests` install. */
const SERVER_SERVICE = { name: 'kfp-ts-server', port: 'http', namespace: 'kfp-ts' }

const TIMEOUT_MILLIS = 10_000

export interface ServerOptions {
  /** Reaches the API server. */
  readonly transport: KubeTransport
  /** Of the runs: servers that separate workspaces want it named. */
  readonly namespace: string
  /** @default the Service of the namespace, else the one that `manifests` install for all of them */
  readonly url?: string | undefined
  /** @default one of the account kfp-ts-reader, when the server asks who calls */
  readonly token?: string | undefined
}

export function findServer({ transport, namespace, url, token }: ServerOptions): ServerApi {
  const caller = { namespace, given: token || undefined, made: readerToken(transport, namespace) }
  if (url) {
    const access: KubeAccess = {
      ...{ server: url, rejectUnauthorized: true, namespace: '' },
      authorization: async () => undefined,
    }
    return createServerApi(createHttpsTransport(access, TIMEOUT_MILLIS), { prefix: '', name: url }, caller)
  }
  const { name, port, namespace: common } = SERVER_SERVICE
  const places = [...new Set([namespace, common])]
  const servers = places.map((place) => {
    const prefix = `/api/v1/namespaces/${encodeURIComponent(place)}/services/http:${name}:${port}/proxy`
    return createServerApi(transport, { prefix, name: `service ${name} in namespace ${place}`, proxy: place }, caller)
  })
  return firstThere(servers, `service ${name} in namespace ${places.join(' or ')}`)
}

/** Asks each until one is there. */
function firstThere(servers: readonly ServerApi[], place: string): ServerApi {
  const ask = async <T>(question: (server: ServerApi) => Promise<T>): Promise<T> => {
    let refusal: ServerError | undefined
    for (const server of servers) {
      try {
        return await question(server)
      } catch (error) {
        if (!(error instanceof ServerError) || ![403, 404, 503].includes(error.status)) throw error
        // One that is there and refuses says more than one that is not; the first is of the caller's own namespace.
        if (refusal === undefined || refusal.status === 404) refusal = error
      }
    }
    if (refusal?.status === 404) throw missing(place)
    throw refusal
  }
  return {
    place,
    runs: (...args) => ask((server) => server.runs(...args)),
    run: (...args) => ask((server) => server.run(...args)),
    waiting: (...args) => ask((server) => server.waiting(...args)),
    log: (...args) => ask((server) => server.log(...args)),
    explainCache: (...args) => ask((server) => server.explainCache(...args)),
    foreseeRetry: (...args) => ask((server) => server.foreseeRetry(...args)),
    foresee: (...args) => ask((server) => server.foresee(...args)),
  }
}

interface Caller {
  readonly namespace: string
  /** Sent at once. */
  readonly given: string | undefined
  /** Sent once the server asks who calls: one that lets everybody look needs no account. */
  readonly made: TokenSource
}

function createServerApi(transport: KubeTransport, place: ServerPlace, { namespace, given, made }: Caller): ServerApi {
  const { prefix, name } = place
  let isAsked = given !== undefined
  const request = (path: string) => ({
    method: 'GET' as const,
    path: `${prefix}/api/v1${path}`,
    timeoutMillis: TIMEOUT_MILLIS,
  })

  const headersWith = (token?: string): Record<string, string> => ({
    'x-mlflow-workspace': namespace,
    // The API server's proxy takes `Authorization` off.
    ...(token && { [place.proxy === undefined ? 'authorization' : 'x-kfp-ts-authorization']: `Bearer ${token}` }),
  })

  async function asking<T>(ask: (headers: Record<string, string>) => Promise<T>): Promise<T> {
    try {
      if (!isAsked) return await ask(headersWith())
    } catch (error) {
      if (!(error instanceof ServerError) || error.status !== 401) throw error
      isAsked = true
    }
    return await ask(headersWith(given ?? (await made().catch((error) => Promise.reject(noToken(place, error))))))
  }
  const refusal = (status: number, words: string, byProxy: boolean) =>
    refused(place, { status, words, byProxy, namespace, given: given !== undefined })

  const json = <T>(path: string, body?: unknown): Promise<T | undefined> =>
    asking(async (headers) => {
      const asked = { ...request(path), headers, ...(body === undefined ? {} : { method: 'POST' as const, body }) }
      const { status, text } = await transport.request(asked).catch((error) => {
        throw unreachable(name, error)
      })
      if (status === 404 && isStatusObject(text)) throw missing(name)
      if (status === 404 || status === 501) return undefined
      if (status >= 300) throw refusal(status, messageIn(text), isStatusObject(text))
      return JSON.parse(text) as T
    })

  return {
    place: name,
    runs: (selection) => json(withQuery('/runs', { ...selection })),
    run: (runId) => json(`/runs/${encodeURIComponent(runId)}`),
    waiting: async (runId) =>
      (await json<{ waiting: { task: string; reason: string }[] }>(`/runs/${encodeURIComponent(runId)}/waiting`))
        ?.waiting ?? [],
    log: (runId, task, attempt, signal) =>
      asking(async (headers) => {
        const path = withQuery(`/runs/${encodeURIComponent(runId)}/logs`, { task, attempt })
        try {
          return (await transport.stream({ ...request(path), headers, signal })).chunks
        } catch (error) {
          if (!(error instanceof KubeError)) throw unreachable(name, error)
          if (error.status === 404 && error.reason !== '') throw missing(name)
          if (error.status === 404) return undefined
          const words = error.message.replace(/^\S+ \S+ \d+ \w*: /, '')
          throw refusal(error.status, messageIn(words), error.reason !== '')
        }
      }),
    explainCache: async (runId) =>
      (await json<{ tasks: CacheExplanation[] }>(`/runs/${encodeURIComponent(runId)}/cache`))?.tasks,
    foreseeRetry: async (runId) =>
      (await json<{ tasks: PlannedTask[] }>(`/runs/${encodeURIComponent(runId)}/retry-plan`))?.tasks,
    foresee: async (plan) => (await json<{ tasks: PlannedTask[] }>('/plan', plan))?.tasks,
  }
}
