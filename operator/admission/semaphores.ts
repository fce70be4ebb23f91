/**
 * Limits of semaphores that are no pool of the operator: keys of one ConfigMap in the namespace of the runs, where kfp 2.14 has them.
 * Watched, and only once a run names such a semaphore. Before: run-queue.ts.
 */
import type { KubeClient } from '../../client/kube/client.ts'
import { type Informer, startInformer } from '../../client/kube/informer.ts'
import { CONFIG_MAPS, type KubeObject } from '../../client/kube/resources.ts'
import type { Limit } from './ledger.ts'

/** The operator's rights are on this name only (manifests/base/rbac.yaml). */
export const SEMAPHORE_CONFIG_MAP = 'semaphore-config'

export interface Semaphores {
  /** The limit, or a sentence why there is none. */
  limitOf(namespace: string, key: string): Limit | string
  /** Who is told of each namespace whose limits may have changed. */
  onChange: (namespace: string) => void
  stop(): Promise<void>
}

export interface SemaphoresOptions {
  readonly kube: Pick<KubeClient, 'list' | 'watch'>
  /** The only namespace of the operator. */
  readonly namespace?: string | undefined
  readonly onError: (error: unknown) => void
}

type Data = Readonly<Record<string, string>>
interface ConfigMap extends KubeObject {
  readonly data?: Data | undefined
}

const LONGEST_VALUE = 40

export function createSemaphores({ kube, namespace: only, onError }: SemaphoresOptions): Semaphores {
  let maps: Informer<Data> | undefined
  /** Why they are not known: no list was had yet. */
  let unknown: string | undefined = 'it is being read'

  function start(): Informer<Data> {
    const informer = startInformer<ConfigMap, Data>({
      client: kube as KubeClient,
      resource: CONFIG_MAPS,
      selection: { namespace: only, fieldSelector: `metadata.name=${SEMAPHORE_CONFIG_MAP}` },
      keep: ({ data }) => data ?? {},
      onChange: (key) => semaphores.onChange(key.slice(0, key.lastIndexOf('/'))),
      onError(error) {
        if (unknown) unknown = `it can't be read: ${error instanceof Error ? error.message : error}`
        onError(error)
      },
    })
    void informer.synced.then(() => {
      unknown = undefined
    })
    return informer
  }

  const semaphores: Semaphores = {
    limitOf(namespace, key) {
      maps ??= start()
      const map = `the ConfigMap "${SEMAPHORE_CONFIG_MAP}" of namespace "${namespace}"`
      const data = maps.get(`${namespace}/${SEMAPHORE_CONFIG_MAP}`)
      const without = `the semaphore "${key}" has no limit`
      const remedy = `set its key "${key}" to how many runs may go at once`
      if (!data)
        return unknown ? `${without}: ${map}: ${unknown}` : `${without}: ${map} is not there; make it and ${remedy}`
      const value = Object.hasOwn(data, key) ? data[key]!.trim() : undefined
      if (value === undefined) return `${without}: ${map} does not name it; ${remedy}`
      const width = /^\d+$/.test(value) ? Number(value) : Number.NaN
      if (Number.isSafeInteger(width)) return { width, name: `the semaphore "${key}"` }
      return `${without}: ${map} says "${value.slice(0, LONGEST_VALUE)}", which is no whole number; ${remedy}`
    },
    onChange: () => {},
    stop: async () => await maps?.stop(),
  }
  return semaphores
}
