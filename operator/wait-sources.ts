/** What waiting tasks of a cluster look at, and what they may not: they look with the operator's rights and from its place. */
import type { KubeClient } from '../client/kube/client.ts'
import type { Db } from '../store/metadata/database.ts'
import { allowedHosts } from '../waiting/allowed-hosts.ts'
import { databaseAliasLook } from '../waiting/look-database.ts'
import { httpLook } from '../waiting/look-http.ts'
import { objectLook } from '../waiting/look-object.ts'
import { polling } from '../waiting/poll.ts'
import type { WaitScope, WaitSources } from '../waiting/sources.ts'
import { resourceWatch } from '../waiting/watch-resource.ts'
import type { RunStore } from './run-store.ts'

export interface WaitSettings {
  /** Hosts that HTTP waits may ask: names, `name:port`, `*.suffix`, `*`. None by default. */
  readonly allowHosts: readonly string[]
  /** Namespaces whose resources runs of other namespaces may wait for; `*` means all, and objects without a namespace. */
  readonly allowNamespaces: readonly string[]
}

export interface WaitSourceOptions {
  readonly kube: KubeClient
  readonly db: Db
  readonly store: RunStore
  readonly settings: WaitSettings
}

/** All but other runs, which the operator watches anyway (run-news.ts). */
export function operatorWaitSources({ kube, db, store, settings }: WaitSourceOptions): Omit<WaitSources, 'run'> {
  return {
    http: polling(httpLook(allowedHosts(settings.allowHosts))),
    object: polling(objectLook((uri) => store.find(uri))),
    alias: polling(databaseAliasLook(db)),
    resource: resourceWatch({
      kube,
      refusal: namespaceRefusal(settings.allowNamespaces),
      deniedHint: 'give the operator a role that may get, list and watch it, with the label that docs/waiting.md names',
    }),
  }
}

function namespaceRefusal(allowed: readonly string[]) {
  return (namespace: string | undefined, scope: WaitScope): string | undefined => {
    if (allowed.includes('*') || namespace === scope.namespace) return undefined
    if (namespace !== undefined && allowed.includes(namespace)) return undefined
    const what = namespace === undefined ? 'objects without a namespace' : `objects of namespace ${namespace}`
    return `${what} are not for runs of ${scope.namespace}: start the operator with --wait-allow-namespace ${namespace ?? "'*'"}`
  }
}
