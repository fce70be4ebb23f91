/** A KubeClient for a configured cluster: kubeconfig or the pod's own account, with bounded and repeated requests. */
import { createKubeClient, type KubeClient } from './kube/client.ts'
import { createHttpsTransport } from './kube/https-transport.ts'
import { type KubeAccess, type KubeAccessOptions, loadKubeAccess } from './kube/kubeconfig.ts'
import { throttle } from './kube/throttle.ts'

/** Throws when no cluster is configured; the message says what to set. */
export function connect(options: KubeAccessOptions = {}): { kube: KubeClient; access: KubeAccess } {
  const access = loadKubeAccess(options)
  return { kube: createKubeClient(throttle(createHttpsTransport(access))), access }
}
