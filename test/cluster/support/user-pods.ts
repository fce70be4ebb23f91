/** What pods of steps must not hold, checked on all of a namespace that enforces the restricted profile. */
import { expect } from 'vitest'
import { PODS } from '../../../client/kube/resources.ts'
import type { Pod } from '../../../operator/pod/pod-types.ts'
import { kube, NAMESPACES, type Place } from './cluster.ts'

/** Secrets of the cases themselves, which their pipelines name. */
const OF_PIPELINES = /^test-secret-\d$/

interface SeenContainer {
  readonly name: string
  readonly env?: readonly { readonly valueFrom?: { readonly secretKeyRef?: { readonly name: string } } }[]
  readonly envFrom?: readonly object[]
  readonly volumeMounts?: readonly { readonly mountPath: string }[]
}

/** @returns how many pods were looked at */
export async function expectBarePods(place: Place): Promise<number> {
  const { metadata } = await kube.get(NAMESPACES, undefined, place.namespace)
  expect(metadata.labels?.['pod-security.kubernetes.io/enforce']).toBe('restricted')
  const { items } = await kube.list<Pod>(PODS, {
    namespace: place.namespace,
    labelSelector: 'pipelines.kfp-ts.dev/run',
  })
  for (const pod of items) expectBare(pod)
  return items.length
}

function expectBare({ metadata, spec }: Pod): void {
  const { name } = metadata
  expect(spec?.automountServiceAccountToken, name).toBe(false)
  expect(spec?.enableServiceLinks, name).toBe(false)
  for (const volume of spec?.volumes ?? []) {
    expect(volume, name).not.toHaveProperty('projected')
    expect(volume, name).not.toHaveProperty('hostPath')
    const { secret } = volume as { secret?: { secretName: string } }
    if (secret) expect(secret.secretName, name).toMatch(OF_PIPELINES)
  }
  for (const container of (spec?.containers ?? []) as unknown as SeenContainer[]) {
    expect(container.envFrom, name).toBeUndefined()
    for (const { valueFrom } of container.env ?? []) {
      if (valueFrom?.secretKeyRef) expect(valueFrom.secretKeyRef.name, name).toMatch(OF_PIPELINES)
    }
    for (const { mountPath } of container.volumeMounts ?? []) expect(mountPath, name).not.toMatch(/serviceaccount/)
  }
}
