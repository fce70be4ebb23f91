/** Typed verbs over a KubeTransport: what the operator and the runs client say to an API server. */
import { type KubeList, type KubeObject, type Resource, resourcePath, withQuery } from './resources.ts'
import { KubeError, type KubeRequest, type KubeStream, type KubeTransport } from './transport.ts'

/** Which objects of a kind. */
export interface Selection {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
}
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR'
  readonly object: T
}
export interface LogOptions {
  readonly container?: string | undefined
  readonly follow?: boolean | undefined
  readonly tailLines?: number | undefined
  /** RFC 3339. */
  readonly sinceTime?: string | undefined
  readonly limitBytes?: number | undefined
  readonly previous?: boolean | undefined
}

export interface KubeClient {
  get<T extends KubeObject>(resource: Resource, namespace: string | undefined, name: string): Promise<T>
  /** One page; `limit` and `continueToken` walk through a large collection. */
  list<T extends KubeObject>(
    resource: Resource,
    selection?: Selection,
    page?: {
      readonly limit?: number | undefined
      readonly continueToken?: string | undefined
      readonly resourceVersion?: string | undefined
    },
  ): Promise<KubeList<T>>
  /** `dryRun`: the API server checks everything, unknown fields too, and keeps nothing. */
  create<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    object: T,
    options?: { readonly dryRun?: boolean | undefined },
  ): Promise<T>
  /** JSON merge patch; `subresource` is `status` where only that may change. */
  patch<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    patch: unknown,
    subresource?: string,
  ): Promise<T>
  /**
   * Server-side apply: makes the object, or changes the fields that it names and that `manager` owned. Without `force` a
   * field that somebody else owns is a conflict.
   */
  apply<T extends KubeObject>(
    resource: Resource,
    namespace: string | undefined,
    object: T,
    options: { readonly manager: string; readonly force?: boolean | undefined },
  ): Promise<T>
  replace<T extends KubeObject>(resource: Resource, namespace: string | undefined, name: string, object: T): Promise<T>
  delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    options?: {
      readonly gracePeriodSeconds?: number | undefined
      readonly uid?: string | undefined
      readonly propagation?: 'Background' | 'Foreground' | 'Orphan' | undefined
    },
  ): Promise<void>
  deleteCollection(resource: Resource, selection: Selection, options?: { gracePeriodSeconds?: number }): Promise<void>
  /** Ends when the server closes it or `signal` aborts; throws KubeError (410: list again) or KubeConnectionError. */
  watch<T extends KubeObject>(
    resource: Resource,
    selection: Selection,
    resourceVersion: string,
    signal?: AbortSignal,
  ): AsyncGenerator<WatchEvent<T>>
  log(namespace: string, pod: string, options?: LogOptions, signal?: AbortSignal): Promise<KubeStream>
  /** Any other path, for checks such as `/readyz`. */
  raw(request: KubeRequest): Promise<string>
}

const WATCH_SECONDS = 300

export function createKubeClient(transport: KubeTransport): KubeClient {
  async function send<T>(request: KubeRequest): Promise<T> {
    const response = await transport.request(request)
    if (response.status >= 300) throw new KubeError(request, response)
    return JSON.parse(response.text) as T
  }
  const selectionQuery = ({ labelSelector, fieldSelector }: Selection) => ({ labelSelector, fieldSelector })

  return {
    get: (resource, namespace, name) => send({ method: 'GET', path: resourcePath(resource, namespace, name) }),
    list: (resource, selection = {}, page = {}) =>
      send({
        method: 'GET',
        path: withQuery(resourcePath(resource, selection.namespace), {
          ...selectionQuery(selection),
          limit: page.limit,
          continue: page.continueToken,
          resourceVersion: page.resourceVersion,
        }),
      }),
    create: (resource, namespace, object, { dryRun } = {}) =>
      send({
        method: 'POST',
        path: withQuery(resourcePath(resource, namespace), dryRun ? { dryRun: 'All', fieldValidation: 'Strict' } : {}),
        body: object,
      }),
    replace: (resource, namespace, name, object) =>
      send({ method: 'PUT', path: resourcePath(resource, namespace, name), body: object }),
    patch: (resource, namespace, name, patch, subresource) =>
      send({
        method: 'PATCH',
        path: resourcePath(resource, namespace, name, subresource),
        body: patch,
        contentType: 'application/merge-patch+json',
      }),
    apply: (resource, namespace, object, { manager, force }) =>
      send({
        method: 'PATCH',
        path: withQuery(resourcePath(resource, namespace, object.metadata.name), { fieldManager: manager, force }),
        body: object,
        contentType: 'application/apply-patch+yaml',
      }),
    async delete(resource, namespace, name, options = {}) {
      await send({
        method: 'DELETE',
        path: resourcePath(resource, namespace, name),
        body: {
          gracePeriodSeconds: options.gracePeriodSeconds,
          propagationPolicy: options.propagation ?? 'Background',
          preconditions: options.uid ? { uid: options.uid } : undefined,
        },
      })
    },
    async deleteCollection(resource, selection, options = {}) {
      await send({
        method: 'DELETE',
        path: withQuery(resourcePath(resource, selection.namespace), selectionQuery(selection)),
        body: { gracePeriodSeconds: options.gracePeriodSeconds, propagationPolicy: 'Background' },
      })
    },
    watch: (resource, selection, resourceVersion, signal) =>
      watchLines(transport, {
        method: 'GET',
        path: withQuery(resourcePath(resource, selection.namespace), {
          ...selectionQuery(selection),
          watch: true,
          allowWatchBookmarks: true,
          resourceVersion,
          timeoutSeconds: WATCH_SECONDS,
        }),
        signal,
      }),
    log: (namespace, pod, options = {}, signal) =>
      transport.stream({
        method: 'GET',
        path: withQuery(resourcePath({ group: '', version: 'v1', plural: 'pods' }, namespace, pod, 'log'), {
          ...options,
        }),
        signal,
      }),
    async raw(request) {
      const response = await transport.request(request)
      if (response.status >= 300) throw new KubeError(request, response)
      return response.text
    },
  }
}

async function* watchLines<T extends KubeObject>(
  transport: KubeTransport,
  request: KubeRequest,
): AsyncGenerator<WatchEvent<T>> {
  const stream = await transport.stream(request)
  try {
    for await (const line of splitLines(stream.chunks)) {
      const event = JSON.parse(line) as WatchEvent<T>
      if (event.type === 'ERROR') {
        const status = event.object as unknown as { code?: number }
        throw new KubeError(request, { status: status.code ?? 500, text: JSON.stringify(event.object) })
      }
      yield event
    }
  } finally {
    stream.close()
  }
}

/** Lines of a byte stream without their ends; a cut last line is dropped (the watch is opened again). */
export async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let rest: Buffer[] = []
  for await (const chunk of chunks) {
    let from = 0
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      rest.push(chunk.subarray(from, at))
      const line = Buffer.concat(rest).toString('utf8')
      rest = []
      from = at + 1
      if (line !== '') yield line
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
}
