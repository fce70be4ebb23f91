/** Whose runs a record is about: operators of several clusters, or with selectors of their own, can share one database. Before: run-records.ts. */
import { createHash } from 'node:crypto'
import type { KubeAccess } from '../client/kube/kubeconfig.ts'

/**
 * The cluster by what proves it, its address and its authority, and the runs of it that the operator looks after. Another answer than
 * before, as after a move of the API server, only means that records of the time before are left alone.
 */
export function keeperOf({ server, ca = '' }: Pick<KubeAccess, 'server' | 'ca'>, runSelector = ''): string {
  const cluster = createHash('sha256').update(`${server}\n${ca.trim()}`).digest('hex').slice(0, 24)
  return `${cluster}/${runSelector}`
}
