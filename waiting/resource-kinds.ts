/** Where the objects of a kind live, as the API server tells it: `batch/v1 Job` is at `/apis/batch/v1/…/jobs`. */
import type { KubeClient } from '../client/kube/client.ts'
import type { Resource } from '../client/kube/resources.ts'
import { isNotFound } from '../client/kube/transport.ts'

export interface ResourceKind extends Resource {
  readonly namespaced: boolean
}

/** @returns undefined for a kind that the cluster does not have (yet). What is found is remembered. */
export type FindKind = (apiVersion: string, kind: string) => Promise<ResourceKind | undefined>

interface ApiResourceList {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[]
}

export function kindFinder(kube: KubeClient): FindKind {
  const known = new Map<string, ResourceKind>()
  return async (apiVersion, kind) => {
    const key = `${apiVersion} ${kind}`
    const before = known.get(key)
    if (before) return before
    const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
    const path = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const text = await kube.raw({ method: 'GET', path }).catch((error: unknown) => {
      if (isNotFound(error)) return undefined
      throw error
    })
    const { resources = [] } = text === undefined ? {} : (JSON.parse(text) as ApiResourceList)
    // Subresources have the kind of what they belong to.
    const found = resources.find((one) => one.kind === kind && !one.name.includes('/'))
    if (!found) return undefined
    const resource = { group, version, plural: found.name, namespaced: found.namespaced }
    known.set(key, resource)
    return resource
  }
}
