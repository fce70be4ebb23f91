/** Keeps a slim copy of the objects of one kind: list, then watch, again when the watch ends. Tells its listener every change. */
import type { KubeClient, Selection } from './client.ts'
import type { KubeObject, Resource } from './resources.ts'
import { isGone } from './transport.ts'

export interface InformerOptions<T extends KubeObject, S> {
  readonly client: KubeClient
  readonly resource: Resource
  readonly selection: Selection
  /** What is kept of an object: drop what nobody reads, it is held for every object of the cluster. */
  readonly keep: (object: T) => S
  /**
   * Called for each new, changed or gone object, in order. `gone` objects carry their last known state. An object that takes the name
   * of another comes after that one went.
   */
  readonly onChange: (key: string, kept: S, gone: boolean) => void
  readonly onError?: (error: unknown) => void
  /** Objects of one page of a list. @default 500 */
  readonly pageSize?: number | undefined
}

export interface Informer<S> {
  /** Resolves after the first complete list. */
  readonly synced: Promise<void>
  get(key: string): S | undefined
  values(): IterableIterator<S>
  readonly size: number
  stop(): Promise<void>
}

/** `namespace/name`, or `name` for objects without a namespace. */
export const keyOf = (object: KubeObject): string =>
  object.metadata.namespace ? `${object.metadata.namespace}/${object.metadata.name}` : object.metadata.name

export function startInformer<T extends KubeObject, S>(options: InformerOptions<T, S>): Informer<S> {
  const kept = new Map<string, S>()
  const known = new Map<string, { readonly uid: string | undefined; readonly version: string }>()
  const stopping = new AbortController()
  let markSynced: () => void = () => {}
  const synced = new Promise<void>((resolve) => {
    markSynced = resolve
  })

  function put(object: T): void {
    const key = keyOf(object)
    const { uid, resourceVersion: version = '' } = object.metadata
    const before = known.get(key)
    if (before?.version === version) return
    // Deleted and made again under its name while nobody watched.
    if (before && before.uid !== uid) drop(key)
    const value = options.keep(object)
    kept.set(key, value)
    known.set(key, { uid, version })
    options.onChange(key, value, false)
  }
  function drop(key: string, last?: T): void {
    const value = last ? options.keep(last) : kept.get(key)
    const wasKept = kept.delete(key)
    known.delete(key)
    if (wasKept && value !== undefined) options.onChange(key, value, true)
  }

  async function list(): Promise<string> {
    const seen = new Set<string>()
    let token: string | undefined
    let version = ''
    do {
      const page = await options.client.list<T>(options.resource, options.selection, {
        limit: options.pageSize ?? 500,
        continueToken: token,
      })
      for (const object of page.items) {
        seen.add(keyOf(object))
        put(object)
      }
      token = page.metadata.continue || undefined
      version = page.metadata.resourceVersion ?? version
    } while (token)
    for (const key of [...kept.keys()]) if (!seen.has(key)) drop(key)
    return version
  }

  /** Follows changes until the version is too old (410) or the informer stops; returns after 410 only. */
  async function follow(from: string): Promise<void> {
    let version = from
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        for await (const event of options.client.watch<T>(
          options.resource,
          options.selection,
          version,
          stopping.signal,
        )) {
          failures = 0
          version = event.object.metadata.resourceVersion ?? version
          if (event.type === 'DELETED') drop(keyOf(event.object), event.object)
          else if (event.type !== 'BOOKMARK') put(event.object)
        }
      } catch (error) {
        if (stopping.signal.aborted || isGone(error)) return
        options.onError?.(error)
        await pause(Math.min(5_000, 100 * 2 ** failures++), stopping.signal)
      }
    }
  }

  async function run(): Promise<void> {
    let failures = 0
    while (!stopping.signal.aborted) {
      try {
        const version = await list()
        failures = 0
        markSynced()
        await follow(version)
      } catch (error) {
        if (stopping.signal.aborted) return
        options.onError?.(error)
        await pause(Math.min(10_000, 200 * 2 ** failures++), stopping.signal)
      }
    }
  }

  const running = run()
  return {
    synced,
    get: (key) => kept.get(key),
    values: () => kept.values(),
    get size() {
      return kept.size
    },
    async stop() {
      stopping.abort()
      await running
    },
  }
}

function pause(millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, millis)
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
