/** Rights as the API server has them, which hears of a role or a binding a moment after it was stored. */
import type { KubeObject, Resource } from '../../../client/kube/resources.ts'
import { kube } from './cluster.ts'

const ACCESS_REVIEWS: Resource = { group: 'authorization.k8s.io', version: 'v1', plural: 'subjectaccessreviews' }

export interface Attempted {
  readonly namespace: string
  readonly verb: string
  readonly group: string
  readonly resource: string
}

/** @param account `NAMESPACE:NAME` of a service account */
export async function mayDo(account: string, resourceAttributes: Attempted): Promise<boolean> {
  const spec = { user: `system:serviceaccount:${account}`, resourceAttributes }
  const review = await kube.create(ACCESS_REVIEWS, undefined, { metadata: {}, spec } as unknown as KubeObject)
  return (review as KubeObject & { status: { allowed: boolean } }).status.allowed
}
