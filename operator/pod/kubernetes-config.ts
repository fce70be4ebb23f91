/** The Kubernetes configuration of an executor (kfp-ir.md chapter 4.2), already resolved by the engine, as parts of a Pod. Pure. */
import { isJsonObject, type JsonObject } from '../../api/json.ts'
import { affinityOf } from '../../engine/affinity.ts'
import { entries, integer, object, text, textMap, texts } from './config-fields.ts'
import type { Container, EnvVar, Volume, VolumeMount } from './pod-types.ts'
import { podVolumes } from './pod-volumes.ts'

export interface PodParts {
  readonly env: EnvVar[]
  readonly volumes: readonly Volume[]
  readonly mounts: readonly VolumeMount[]
  readonly initContainers: readonly Container[]
  readonly nodeSelector: Record<string, string>
  readonly tolerations: JsonObject[]
  readonly affinity?: JsonObject | undefined
  readonly labels: Record<string, string>
  readonly annotations: Record<string, string>
  readonly imagePullSecrets: { readonly name: string }[]
  readonly imagePullPolicy?: string | undefined
  readonly activeDeadlineSeconds?: number | undefined
  readonly runAsUser?: number | undefined
  readonly runAsGroup?: number | undefined
  readonly runAsNonRoot?: boolean | undefined
}

export function podPartsOf(config: JsonObject): PodParts {
  const { volumes, mounts, nameOf } = podVolumes(config)
  const metadata = object(config['podMetadata'])
  const security = object(config['securityContext'])
  return {
    env: environment(config),
    volumes,
    mounts,
    initContainers: entries(config, 'initContainers').map((entry) => initContainer(entry, nameOf)),
    nodeSelector: textMap(object(config['nodeSelector'])['labels']),
    tolerations: entries(config, 'tolerations').map(toleration),
    affinity: affinityOf(config),
    labels: textMap(metadata['labels']),
    annotations: textMap(metadata['annotations']),
    imagePullSecrets: entries(config, 'imagePullSecret').flatMap((entry) => named(text(entry['secretName']))),
    imagePullPolicy: text(config['imagePullPolicy']),
    activeDeadlineSeconds: integer(config['activeDeadlineSeconds']),
    runAsUser: integer(security['runAsUser']),
    runAsGroup: integer(security['runAsGroup']),
    runAsNonRoot: security['runAsNonRoot'] === undefined ? undefined : security['runAsNonRoot'] === true,
  }
}

/** What the pod takes of a pool of the operator. */
export function poolOf(config: JsonObject): { name: string; weight: number } | undefined {
  const share = object(config['pool'])
  const name = text(share['name'])
  return name === undefined ? undefined : { name, weight: Math.max(1, integer(share['weight']) ?? 1) }
}

function environment(config: JsonObject): EnvVar[] {
  const env: EnvVar[] = []
  for (const entry of entries(config, 'secretAsEnv')) {
    const name = text(entry['secretName'])
    for (const pair of name ? entries(entry, 'keyToEnv') : []) {
      const ref = { name, key: text(pair['secretKey']), optional: entry['optional'] === true }
      env.push({ name: String(pair['envVar']), valueFrom: { secretKeyRef: ref } })
    }
  }
  for (const entry of entries(config, 'configMapAsEnv')) {
    const name = text(entry['configMapName'])
    for (const pair of name ? entries(entry, 'keyToEnv') : []) {
      const ref = { name, key: text(pair['configMapKey']), optional: entry['optional'] === true }
      env.push({ name: String(pair['envVar']), valueFrom: { configMapKeyRef: ref } })
    }
  }
  for (const entry of entries(config, 'fieldPathAsEnv')) {
    env.push({ name: String(entry['name']), valueFrom: { fieldRef: { fieldPath: text(entry['fieldPath']) } } })
  }
  return env
}

function toleration({ tolerationSeconds, ...rest }: JsonObject): JsonObject {
  const seconds = integer(tolerationSeconds)
  return seconds === undefined ? rest : { ...rest, tolerationSeconds: seconds }
}

function initContainer(entry: JsonObject, volumeNameOf: (authorsName: string) => string): Container {
  return {
    name: String(entry['name']),
    image: String(entry['image']),
    command: texts(entry['command']),
    args: texts(entry['args']),
    env: entries(entry, 'env').map(({ name, value }) => ({ name: String(name), value: text(value) ?? '' })),
    volumeMounts: entries(entry, 'volumeMounts').map((mount) => ({
      name: volumeNameOf(text(mount['volumeName']) ?? ''),
      mountPath: text(mount['mountPath']) ?? '',
    })),
    restartPolicy: text(entry['restartPolicy']),
    resources: isJsonObject(entry['resources']) ? (entry['resources'] as Container['resources']) : undefined,
  }
}

const named = (name: string | undefined): { name: string }[] => (name ? [{ name }] : [])
