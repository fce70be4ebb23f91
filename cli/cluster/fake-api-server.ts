/** An API server of a few routes, for tests of commands: PipelineRuns and pods in memory, over HTTP. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { PipelineRun } from '../../client/runs.ts'
import type { PodView } from '../../client/task-pod.ts'

export interface FakeApiServer {
  /** For `$KUBECONFIG`. */
  readonly kubeconfig: string
  readonly runs: Map<string, PipelineRun>
  pods: PodView[]
  /** Text by name of the pod. */
  readonly logs: Map<string, string>
  /** What the kfp-ts server behind the proxy of its Service answers, by path below `/api/v1`. Empty: there is no such Service. */
  readonly served: Map<string, unknown>
  /** Set: that server wants this token, which is the account kfp-ts-reader's. */
  token: string | undefined
  /** Answers every request with it, when set. */
  refusal: { readonly status: number; readonly body: string } | undefined
  readonly requests: string[]
  close(): Promise<void>
}

const COLLECTION = /^\/apis\/pipelines\.kfp-ts\.dev\/v1alpha1\/namespaces\/([^/]+)\/pipelineruns(?:\/([^/]+))?$/
const TOKEN = /^\/api\/v1\/namespaces\/ml\/serviceaccounts\/kfp-ts-reader\/token$/
const PROXY = /^\/api\/v1\/namespaces\/ml\/services\/http:kfp-ts-server:http\/proxy\/api\/v1(\/.*)$/
const PODS = /^\/api\/v1\/namespaces\/[^/]+\/pods(?:\/([^/]+)\/log)?$/

export async function startFakeApiServer(): Promise<FakeApiServer> {
  const server = createServer((request, response) => void answer(state, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const state: FakeApiServer = {
    kubeconfig: JSON.stringify({
      'current-context': 'fake',
      contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'fake', namespace: 'ml' } }],
      clusters: [{ name: 'fake', cluster: { server: `http://127.0.0.1:${port}` } }],
      users: [{ name: 'fake', user: {} }],
    }),
    runs: new Map(),
    pods: [],
    logs: new Map(),
    served: new Map(),
    token: undefined,
    refusal: undefined,
    requests: [],
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
  return state
}

async function answer(state: FakeApiServer, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://fake')
  state.requests.push(`${request.method} ${request.url}`)
  let text = ''
  for await (const chunk of request) text += chunk
  const send = (status: number, body: unknown) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  if (state.refusal) return send(state.refusal.status, state.refusal.body)
  const pods = PODS.exec(url.pathname)
  if (pods?.[1]) return send(200, state.logs.get(pods[1]) ?? '')
  if (pods && url.searchParams.has('watch')) return void response.writeHead(200).flushHeaders()
  if (pods) return send(200, { metadata: { resourceVersion: '1' }, items: state.pods })
  const [, namespace = '', name] = COLLECTION.exec(url.pathname) ?? []
  const proxied = PROXY.exec(url.pathname)?.[1]
  if (TOKEN.test(url.pathname) && state.token) return send(201, { status: { token: state.token } })
  if (proxied && state.token && request.headers['x-kfp-ts-authorization'] !== `Bearer ${state.token}`)
    return send(401, { error: { code: 'http-401', message: 'Unauthenticated' } })
  if (proxied && state.served.has(proxied)) return send(200, state.served.get(proxied))
  if (proxied && state.served.size > 0) return send(404, { error: { code: 'not-found', message: 'not found' } })
  if (namespace === '') return send(404, notFound('services', 'kfp-ts-server'))
  if (name === undefined)
    return request.method === 'POST' ? create(state, url, text, send) : list(state, url, send, response)
  const run = state.runs.get(name)
  if (!run) return send(404, notFound('pipelineruns.pipelines.kfp-ts.dev', name))
  if (request.method === 'DELETE') state.runs.delete(name)
  if (request.method === 'PATCH') {
    const { spec } = JSON.parse(text) as { spec: object }
    state.runs.set(name, { ...run, spec: { ...run.spec, ...spec } })
  }
  send(200, state.runs.get(name) ?? run)
}

type Send = (status: number, body: unknown) => void

function create(state: FakeApiServer, url: URL, text: string, send: Send): void {
  const run = JSON.parse(text) as PipelineRun & { metadata: { generateName?: string } }
  const made = {
    ...run,
    metadata: { uid: 'uid-new', ...run.metadata, name: run.metadata.name ?? `${run.metadata.generateName}x1` },
  }
  if (!url.searchParams.has('dryRun')) state.runs.set(made.metadata.name, made)
  send(201, made)
}

function list(state: FakeApiServer, url: URL, send: Send, response: ServerResponse): void {
  const label = /pipeline=(.*)$/.exec(url.searchParams.get('labelSelector') ?? '')?.[1]
  const items = [...state.runs.values()].filter(
    ({ metadata }) => label === undefined || metadata.labels?.['pipelines.kfp-ts.dev/pipeline'] === label,
  )
  if (url.searchParams.has('watch')) response.writeHead(200).flushHeaders()
  else send(200, { metadata: { resourceVersion: '1' }, items })
}

function notFound(kind: string, name: string): object {
  return { kind: 'Status', reason: 'NotFound', message: `${kind} "${name}" not found` }
}
