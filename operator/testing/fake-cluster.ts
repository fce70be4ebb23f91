/** An API server in memory for the tests of controllers: objects with versions, merge patches, watches. */
import { isDeepStrictEqual } from 'node:util'
import type { JsonValue } from '../../api/json.ts'
import type { KubeClient, WatchEvent } from '../../client/kube/client.ts'
import { keyOf } from '../../client/kube/informer.ts'
import type { KubeObject, Resource } from '../../client/kube/resources.ts'
import { KubeError } from '../../client/kube/transport.ts'
import { canonicalJson } from '../../engine/digest.ts'

type Anything = KubeObject & Record<string, unknown>

export class FakeCluster {
  /** `plural namespace/name` to object. */
  readonly objects = new Map<string, Anything>()
  /** `verb plural name`, in order. */
  readonly calls: string[] = []
  /** Called before each write; what it throws is the server's answer. */
  fault: (verb: string, plural: string) => void = () => {}
  readonly #watchers = new Set<(plural: string, event: WatchEvent<Anything>) => void>()
  #version = 0

  /** What a user does: the generation counts changes of the spec. */
  apply(resource: Resource, object: Anything): void {
    this.#store('MODIFIED', resource.plural, object)
  }

  find(resource: Resource, name: string): Anything | undefined {
    return [...this.objects].find(([key]) => key.startsWith(`${resource.plural} `) && key.endsWith(`/${name}`))?.[1]
  }

  list(resource: Resource): Anything[] {
    return [...this.objects].filter(([key]) => key.startsWith(`${resource.plural} `)).map(([, object]) => object)
  }

  names(resource: Resource): string[] {
    return this.list(resource).map(({ metadata }) => metadata.name)
  }

  readonly client = {
    list: async (resource: Resource) => ({
      metadata: { resourceVersion: String(this.#version) },
      items: this.list(resource),
    }),
    get: async (resource: Resource, namespace: string, name: string) => {
      const object = this.objects.get(`${resource.plural} ${namespace}/${name}`)
      if (!object) throw refusal(404, 'NotFound')
      return object
    },
    /** Server-side apply with one manager: a change of anything but the status is a new generation. */
    apply: async (resource: Resource, namespace: string, wanted: Anything) => {
      this.#write('apply', resource, wanted.metadata.name)
      const before = this.objects.get(`${resource.plural} ${namespace}/${wanted.metadata.name}`)
      const merged = merge(before ?? {}, { ...wanted, metadata: { ...wanted.metadata, namespace } }) as Anything
      if (before && isDeepStrictEqual(before, merged)) return before
      const generation = (before?.metadata.generation ?? 0) + 1
      const metadata = { uid: `uid-${wanted.metadata.name}`, ...merged.metadata, generation }
      return this.#store(before ? 'MODIFIED' : 'ADDED', resource.plural, { ...merged, metadata })
    },
    create: async (resource: Resource, namespace: string, object: Anything) => {
      this.#write('create', resource, object.metadata.name)
      const key = `${resource.plural} ${namespace}/${object.metadata.name}`
      if (this.objects.has(key)) throw refusal(409, 'AlreadyExists')
      return this.#store('ADDED', resource.plural, { ...object, metadata: { ...object.metadata, namespace } })
    },
    patch: async (resource: Resource, namespace: string, name: string, patch: Anything) => {
      this.#write('patch', resource, name)
      const before = this.objects.get(`${resource.plural} ${namespace}/${name}`)
      if (!before) throw refusal(404, 'NotFound')
      const { resourceVersion } = patch.metadata ?? {}
      if (resourceVersion && resourceVersion !== before.metadata.resourceVersion) throw refusal(409, 'Conflict')
      const after = inOrder(merge(before, patch) as Anything)
      // As the real one: no version and no event of what changes nothing.
      return isDeepStrictEqual(before, after) ? before : this.#store('MODIFIED', resource.plural, after)
    },
    delete: async (resource: Resource, namespace: string, name: string) => {
      this.#write('delete', resource, name)
      const object = this.objects.get(`${resource.plural} ${namespace}/${name}`)
      if (!object) throw refusal(404, 'NotFound')
      this.objects.delete(`${resource.plural} ${namespace}/${name}`)
      this.#tell('DELETED', resource.plural, object)
    },
    watch: (resource: Resource, _selection: unknown, _version: string, signal: AbortSignal) =>
      this.#watch(resource.plural, signal),
  } as unknown as KubeClient

  #write(verb: string, resource: Resource, name: string): void {
    this.calls.push(`${verb} ${resource.plural} ${name}`)
    this.fault(verb, resource.plural)
  }

  #store(type: 'ADDED' | 'MODIFIED', plural: string, object: Anything): Anything {
    this.#version += 1
    const versioned = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } }
    const stored = inOrder(versioned)
    this.objects.set(`${plural} ${keyOf(stored)}`, stored)
    this.#tell(type, plural, stored)
    return stored
  }

  #tell(type: 'ADDED' | 'MODIFIED' | 'DELETED', plural: string, object: Anything): void {
    for (const watcher of this.#watchers) watcher(plural, { type, object })
  }

  async *#watch(plural: string, signal: AbortSignal): AsyncGenerator<WatchEvent<Anything>> {
    const queue: WatchEvent<Anything>[] = []
    let wake: () => void = () => {}
    const watcher = (of: string, event: WatchEvent<Anything>) => {
      if (of === plural) queue.push(event)
      wake()
    }
    this.#watchers.add(watcher)
    signal.addEventListener('abort', () => wake())
    while (!signal.aborted) {
      yield* queue.splice(0)
      await new Promise<void>((resolve) => {
        wake = resolve
        if (queue.length > 0 || signal.aborted) resolve()
      })
    }
    this.#watchers.delete(watcher)
  }
}

function refusal(status: number, reason: string): KubeError {
  return new KubeError(
    { method: 'GET', path: '/' } as never,
    { status, text: JSON.stringify({ kind: 'Status', reason, code: status }) } as never,
  )
}

/** As the real one: members come back in the order of their names. */
function inOrder(object: Anything): Anything {
  return JSON.parse(canonicalJson(object as unknown as JsonValue)) as Anything
}

/** RFC 7386. */
function merge(target: unknown, patch: unknown): unknown {
  if (patch === null || typeof patch !== 'object' || Array.isArray(patch)) return patch
  const result: Record<string, unknown> =
    target !== null && typeof target === 'object' && !Array.isArray(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else if (value !== undefined) result[name] = merge(result[name], value)
  }
  return result
}
