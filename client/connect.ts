/** A KubeClient for a configured cluster: kubeconfig or the pod's own account, with bounded and repeated requests. */
import { createKubeClient, type KubeClient } from './kube/client.ts'
import { createHttpsTransport } from './kube/https-transport.ts'
import { type KubeAccess, type KubeAccessOptions, loadKubeAccess } from './kube/kubeconfig.ts'
import { throttle } from './kube/throttle.ts'
import type { KubeTransport } from './kube/transport.ts'

export interface ConnectOptions extends KubeAccessOptions {
  /** How long one answer may take to begin. @default 30_000 */
  readonly timeoutMillis?: number | undefined
  /** Tries of a request that met no answer or an overloaded server. @default 4 */
  readonly maxTries?: number | undefined
}

export interface Connection {
  readonly kube: KubeClient
  readonly access: KubeAccess
  /** For paths that `kube` has no name for, such as proxies of services. */
  readonly transport: KubeTransport
}

/** Throws when no cluster is configured; the message says what to set. */
export function connect({ timeoutMillis, maxTries, ...options }: ConnectOptions = {}): Connection {
  const access = loadKubeAccess(options)
  const transport = createHttpsTransport(access, timeoutMillis)
  return { kube: createKubeClient(throttle(transport, { maxTries })), access, transport }
}
