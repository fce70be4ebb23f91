/**
 * What a kfp-ts server beside the operator knows of a run and the cluster does not: every task's state, logs of pods that are gone,
 * what a retry would do. Reached by its URL, or through the API server's proxy of its Service, as `kfp.Client` does.
 */
import type { CacheExplanation } from '../api/cache-explanation.ts'
import type { JsonValue } from '../api/json.ts'
import type { TaskReport } from '../api/run-report.ts'
import { createHttpsTransport } from './kube/https-transport.ts'
import type { KubeAccess } from './kube/kubeconfig.ts'
import { withQuery } from './kube/resources.ts'
import { KubeConnectionError, KubeError, type KubeTransport } from './kube/transport.ts'

/** A run as `GET /api/v1/runs/ID` tells it. */
export interface ServedRun {
  readonly runId: string
  readonly pipeline: string
  readonly state: string
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

export interface ServerApi {
  /** For messages: the URL, or the Service and its namespace. */
  readonly place: string
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

/** The server did not answer, or refused; the message says where it was looked for. */
export class ServerError extends Error {
  readonly code = 'server-error'
  /** 0: no answer. */
  readonly status: number
  constructor(message: string, status: number, cause: unknown) {
    super(message, { cause })
    this.name = 'ServerError'
    this.status = status
  }
}

/** The Service that `manifests` install. */
export const SERVER_SERVICE = { name: 'kfp-ts-server', port: 'http', namespace: 'kfp-ts' }

const TIMEOUT_MILLIS = 10_000

/** @param namespace of the runs: servers that separate workspaces want it named */
export function serverByUrl(url: string, namespace: string, token?: string): ServerApi {
  const access: KubeAccess = {
    server: url,
    rejectUnauthorized: true,
    namespace: '',
    authorization: async () => (token ? `Bearer ${token}` : undefined),
  }
  return createServerApi(createHttpsTransport(access, TIMEOUT_MILLIS), '', url, async () => workspace(namespace))
}

const workspace = (namespace: string): Record<string, string> => ({ 'x-mlflow-workspace': namespace })

/**
 * The server of the namespace, else the one that `manifests` install for all of them.
 *
 * @param transport to the API server, which keeps the caller's `authorization` for itself: the token goes in a header of ours
 */
export function serverByProxy(
  transport: KubeTransport,
  namespace: string,
  access: Pick<KubeAccess, 'authorization'>,
  token?: string,
): ServerApi {
  const headersOf = async () => {
    const value = token ? `Bearer ${token}` : await access.authorization()
    const forwarded = value?.startsWith('Bearer ') ? { 'x-kfp-ts-authorization': value } : {}
    return { ...workspace(namespace), ...forwarded }
  }
  const { name, port, namespace: common } = SERVER_SERVICE
  const servers = [...new Set([namespace, common])].map((place) => {
    const prefix = `/api/v1/namespaces/${encodeURIComponent(place)}/services/http:${name}:${port}/proxy`
    return createServerApi(transport, prefix, `service ${name} in namespace ${place}`, headersOf)
  })
  return firstThere(servers, `service ${name} in namespace ${[...new Set([namespace, common])].join(' or ')}`)
}

/** Asks each until one is there. */
function firstThere(servers: readonly ServerApi[], place: string): ServerApi {
  const ask = async <T>(question: (server: ServerApi) => Promise<T>): Promise<T> => {
    let refusal: unknown
    for (const server of servers) {
      try {
        return await question(server)
      } catch (error) {
        if (!(error instanceof ServerError) || ![403, 404, 503].includes(error.status)) throw error
        // What the first one says against it is about the caller's own namespace.
        refusal ??= error
      }
    }
    if (refusal instanceof ServerError && refusal.status === 404) throw missing(place)
    throw refusal
  }
  return {
    place,
    run: (...args) => ask((server) => server.run(...args)),
    waiting: (...args) => ask((server) => server.waiting(...args)),
    log: (...args) => ask((server) => server.log(...args)),
    explainCache: (...args) => ask((server) => server.explainCache(...args)),
    foreseeRetry: (...args) => ask((server) => server.foreseeRetry(...args)),
    foresee: (...args) => ask((server) => server.foresee(...args)),
  }
}

function createServerApi(
  transport: KubeTransport,
  prefix: string,
  place: string,
  headersOf: () => Promise<Record<string, string>>,
): ServerApi {
  const request = (path: string) => ({
    method: 'GET' as const,
    path: `${prefix}/api/v1${path}`,
    timeoutMillis: TIMEOUT_MILLIS,
  })

  async function json<T>(path: string, body?: unknown): Promise<T | undefined> {
    const asked = {
      ...request(path),
      headers: await headersOf(),
      ...(body === undefined ? {} : { method: 'POST' as const, body }),
    }
    const { status, text } = await transport.request(asked).catch((error) => {
      throw unreachable(place, error)
    })
    if (status === 404 && isStatusObject(text)) throw missing(place)
    if (status === 404 || status === 501) return undefined
    if (status >= 300) throw refused(place, status, text)
    return JSON.parse(text) as T
  }

  return {
    place,
    run: (runId) => json(`/runs/${encodeURIComponent(runId)}`),
    waiting: async (runId) =>
      (await json<{ waiting: { task: string; reason: string }[] }>(`/runs/${encodeURIComponent(runId)}/waiting`))
        ?.waiting ?? [],
    async log(runId, task, attempt, signal) {
      const path = withQuery(`/runs/${encodeURIComponent(runId)}/logs`, { task, attempt })
      try {
        const { chunks } = await transport.stream({ ...request(path), headers: await headersOf(), signal })
        return chunks
      } catch (error) {
        if (error instanceof KubeError && error.status === 404 && error.reason !== '') throw missing(place)
        if (error instanceof KubeError && error.status === 404) return undefined
        if (error instanceof KubeError) throw refused(place, error.status, error.message)
        throw unreachable(place, error)
      }
    },
    explainCache: async (runId) =>
      (await json<{ tasks: CacheExplanation[] }>(`/runs/${encodeURIComponent(runId)}/cache`))?.tasks,
    foreseeRetry: async (runId) =>
      (await json<{ tasks: PlannedTask[] }>(`/runs/${encodeURIComponent(runId)}/retry-plan`))?.tasks,
    foresee: async (plan) => (await json<{ tasks: PlannedTask[] }>('/plan', plan))?.tasks,
  }
}

/** The API server's own words: it has no such Service. */
const isStatusObject = (text: string): boolean => /"kind":\s*"Status"/.test(text)

const missing = (place: string): ServerError => new ServerError(`there is no kfp-ts server (${place})`, 404, undefined)

function unreachable(place: string, error: unknown): ServerError {
  const reason = error instanceof KubeConnectionError ? error.message.replace(/^\S+ \S+ /, '') : String(error)
  return new ServerError(`the kfp-ts server (${place}) does not answer: ${reason}`, 0, error)
}

function refused(place: string, status: number, text: string): ServerError {
  const remedy =
    status === 401
      ? ' (set KFP_TS_TOKEN, for example to `kubectl create token ACCOUNT --audience pipelines.kubeflow.org`)'
      : ''
  return new ServerError(
    `the kfp-ts server (${place}) refuses with ${status}${remedy}: ${messageIn(text)}`,
    status,
    text,
  )
}

function messageIn(text: string): string {
  try {
    const { error, message } = JSON.parse(text) as { error?: { message?: string }; message?: string }
    return error?.message ?? message ?? text.slice(0, 300)
  } catch {
    return text.slice(0, 300)
  }
}
