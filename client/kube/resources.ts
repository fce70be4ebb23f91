/** The kinds of Kubernetes objects that kfp-ts touches, with their REST paths and the fields it reads. */

export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string | undefined
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly generation?: number | undefined
  readonly creationTimestamp?: string | undefined
  readonly deletionTimestamp?: string | undefined
  readonly labels?: Readonly<Record<string, string>> | undefined
  readonly annotations?: Readonly<Record<string, string>> | undefined
  readonly ownerReferences?: readonly OwnerReference[] | undefined
  readonly finalizers?: readonly string[] | undefined
}
export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean | undefined
  readonly blockOwnerDeletion?: boolean | undefined
}
export interface KubeObject {
  readonly apiVersion?: string | undefined
  readonly kind?: string | undefined
  readonly metadata: ObjectMeta
}
export interface KubeList<T> {
  readonly metadata: { readonly resourceVersion?: string | undefined; readonly continue?: string | undefined }
  readonly items: readonly T[]
}

/** Where objects of one kind live. */
export interface Resource {
  /** `''` is the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
}

export const PODS: Resource = { group: '', version: 'v1', plural: 'pods' }
export const EVENTS: Resource = { group: '', version: 'v1', plural: 'events' }
export const SECRETS: Resource = { group: '', version: 'v1', plural: 'secrets' }
export const CONFIG_MAPS: Resource = { group: '', version: 'v1', plural: 'configmaps' }
export const VOLUME_CLAIMS: Resource = { group: '', version: 'v1', plural: 'persistentvolumeclaims' }
export const LEASES: Resource = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' }
export const PIPELINE_RUNS: Resource = { group: 'pipelines.kfp-ts.dev', version: 'v1alpha1', plural: 'pipelineruns' }
export const PIPELINES: Resource = { group: 'pipelines.kfp-ts.dev', version: 'v1alpha1', plural: 'pipelines' }

export const MODEL_DEPLOYMENTS: Resource = {
  group: 'pipelines.kfp-ts.dev',
  version: 'v1alpha1',
  plural: 'modeldeployments',
}

/** REST path of a collection, of one object, or of its subresource. Without a namespace: across all of them. */
export function resourcePath(resource: Resource, namespace?: string, name?: string, subresource?: string): string {
  const base = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const parts = [base]
  if (namespace) parts.push('namespaces', encodeURIComponent(namespace))
  parts.push(resource.plural)
  if (name) parts.push(encodeURIComponent(name))
  if (subresource) parts.push(subresource)
  return parts.join('/')
}

export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined>>,
): string {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value))
  const text = search.toString()
  return text ? `${path}?${text}` : path
}
