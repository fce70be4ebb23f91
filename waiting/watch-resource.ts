/** Objects of a cluster, by watching: one watch a kind and namespace, however many wait. Only what is waited for is kept. */
import type { JsonObject } from '../api/json.ts'
import type { ResourceWait, Sight } from '../api/wait.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { type Informer, startInformer } from '../client/kube/informer.ts'
import type { KubeObject } from '../client/kube/resources.ts'
import { isNotFound, KubeError } from '../client/kube/transport.ts'
import { kindFinder, type ResourceKind } from './resource-kinds.ts'
import type { WaitScope, Watch } from './sources.ts'

export interface ResourceWatchOptions {
  readonly kube: KubeClient
  /** For waits whose run has no namespace. */
  readonly defaultNamespace?: string
  /** Why a namespace (undefined: objects without one) may not be looked at; undefined when it may. */
  readonly refusal?: (namespace: string | undefined, scope: WaitScope) => string | undefined
  /** What to do when the cluster says no. */
  readonly deniedHint: string
}

type Listener = (sight: Sight) => void

interface Shared {
  readonly listeners: Map<string, Set<Listener>>
  readonly informer: Informer<JsonObject | undefined>
}

const FIRST_PAUSE_MILLIS = 1_000
const LONGEST_PAUSE_MILLIS = 60_000

export function resourceWatch(options: ResourceWatchOptions): Watch<ResourceWait> {
  const { kube, deniedHint } = options
  const findKind = kindFinder(kube)
  const join = sharedWatches(options)
  return (request, scope, see) => {
    const stopping = new AbortController()
    let leave = (): void => {}
    let pause = FIRST_PAUSE_MILLIS
    let timer: NodeJS.Timeout | undefined
    const tryAgain = (sight: Sight): void => {
      if (stopping.signal.aborted) return
      see(sight)
      if (sight.kind === 'refused' || stopping.signal.aborted) return
      timer = setTimeout(() => void attempt(), pause)
      pause = Math.min(LONGEST_PAUSE_MILLIS, pause * 2)
    }
    const attempt = async (): Promise<void> => {
      try {
        const kind = await findKind(request.apiVersion, request.resourceKind)
        if (stopping.signal.aborted) return
        if (!kind) {
          const message = `the cluster has no kind ${request.resourceKind} in ${request.apiVersion}`
          tryAgain({ kind: 'trouble', message })
          return
        }
        const namespace = namespaceOf(kind, request, scope, options)
        const refused = options.refusal?.(namespace, scope)
        if (refused !== undefined) {
          see({ kind: 'refused', message: refused })
          return
        }
        leave = join(kind, namespace, request.name, see)
        const now = await firstLook(kube, kind, namespace, request.name)
        if (!stopping.signal.aborted) see(now)
      } catch (error) {
        leave()
        leave = () => {}
        tryAgain(sightOf(error, deniedHint))
      }
    }
    void attempt()
    return () => {
      stopping.abort()
      clearTimeout(timer)
      leave()
    }
  }
}

type Join = (kind: ResourceKind, namespace: string | undefined, name: string, listener: Listener) => () => void

/** A watch begins with the first who joins it and ends with the last. */
function sharedWatches(options: ResourceWatchOptions): Join {
  const shared = new Map<string, Shared>()
  return (kind, namespace, name, listener) => {
    const key = `${kind.group}/${kind.version}/${kind.plural}/${namespace ?? ''}`
    const one = shared.get(key) ?? beginWatch(kind, namespace, options)
    shared.set(key, one)
    const same = one.listeners.get(name) ?? new Set()
    one.listeners.set(name, same.add(listener))
    return () => {
      same.delete(listener)
      if (same.size === 0) one.listeners.delete(name)
      if (one.listeners.size > 0) return
      shared.delete(key)
      void one.informer.stop()
    }
  }
}

function beginWatch(
  kind: ResourceKind,
  namespace: string | undefined,
  { kube, deniedHint }: ResourceWatchOptions,
): Shared {
  const listeners = new Map<string, Set<Listener>>()
  const tell = (name: string, sight: Sight): void => {
    for (const listener of [...(listeners.get(name) ?? [])]) listener(sight)
  }
  const informer = startInformer<KubeObject, JsonObject | undefined>({
    client: kube,
    resource: kind,
    selection: { namespace },
    keep: (object) => (listeners.has(object.metadata.name) ? plain(object) : undefined),
    onChange: (key, object, gone) => {
      const name = key.slice(key.lastIndexOf('/') + 1)
      if (gone) tell(name, { kind: 'resource' })
      else if (object) tell(name, { kind: 'resource', object })
    },
    onError: (error) => {
      for (const name of [...listeners.keys()]) tell(name, sightOf(error, deniedHint))
    },
  })
  return { listeners, informer }
}

function namespaceOf(
  { namespaced }: ResourceKind,
  { namespace }: ResourceWait,
  scope: WaitScope,
  { defaultNamespace = 'default' }: ResourceWatchOptions,
): string | undefined {
  if (!namespaced) return undefined
  return namespace ?? (scope.namespace || defaultNamespace)
}

/** The watch tells changes; what is there already may have been told before anybody waited. */
async function firstLook(
  kube: KubeClient,
  kind: ResourceKind,
  namespace: string | undefined,
  name: string,
): Promise<Sight> {
  try {
    return { kind: 'resource', object: plain(await kube.get(kind, namespace, name)) }
  } catch (error) {
    if (isNotFound(error)) return { kind: 'resource' }
    throw error
  }
}

function sightOf(error: unknown, deniedHint: string): Sight {
  const text = error instanceof Error ? error.message : String(error)
  if (!(error instanceof KubeError) || (error.status !== 403 && error.status !== 401))
    return { kind: 'trouble', message: text }
  return { kind: 'refused', message: `the cluster does not let it be seen (${text}); ${deniedHint}` }
}

/** Without what is long and nobody waits for. */
function plain(object: KubeObject): JsonObject {
  const { managedFields: _managed, annotations, ...metadata } = object.metadata as unknown as Record<string, JsonObject>
  const { 'kubectl.kubernetes.io/last-applied-configuration': _applied, ...notes } = annotations ?? {}
  return { ...(object as unknown as JsonObject), metadata: { ...metadata, annotations: notes } }
}
