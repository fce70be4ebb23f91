/** The Kubernetes configuration of an executor (kfp-ir.md chapter 4.2), already resolved by the engine, as parts of a Pod. Pure. */
import type { JsonObject, JsonValue } from '../../api/json.ts'
import type { Container, EnvVar, Volume, VolumeMount } from './pod-types.ts'

export interface PodParts {
  readonly env: EnvVar[]
  readonly volumes: Volume[]
  readonly mounts: VolumeMount[]
  readonly initContainers: Container[]
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

type Entry = JsonObject

export function podPartsOf(config: JsonObject): PodParts {
  const volumes: Volume[] = []
  const mounts: VolumeMount[] = []
  addSecretsAndConfigMaps(config, volumes, mounts)
  addClaims(config, volumes, mounts)
  addScratch(config, volumes, mounts)
  const metadata = object(config['podMetadata'])
  const security = object(config['securityContext'])
  return {
    env: environment(config),
    volumes: uniqueByName(volumes),
    mounts,
    initContainers: entries(config, 'initContainers').map(initContainer),
    nodeSelector: nodeSelector(config),
    tolerations: entries(config, 'tolerations').flatMap(toleration),
    affinity: affinity(config),
    labels: strings(metadata['labels']),
    annotations: strings(metadata['annotations']),
    imagePullSecrets: entries(config, 'imagePullSecret').flatMap((entry) => named(nameOf(entry, 'secretName'))),
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

function addSecretsAndConfigMaps(config: JsonObject, volumes: Volume[], mounts: VolumeMount[]): void {
  for (const entry of entries(config, 'secretAsVolume')) {
    const name = nameOf(entry, 'secretName')
    if (!name) continue
    volumes.push({ name: volumeName(name), secret: { secretName: name, optional: entry['optional'] === true } })
    mounts.push({ name: volumeName(name), mountPath: String(entry['mountPath']), readOnly: true })
  }
  for (const entry of entries(config, 'configMapAsVolume')) {
    const name = nameOf(entry, 'configMapName')
    if (!name) continue
    volumes.push({ name: volumeName(`cm-${name}`), configMap: { name, optional: entry['optional'] === true } })
    mounts.push({ name: volumeName(`cm-${name}`), mountPath: String(entry['mountPath']), readOnly: true })
  }
}

function addClaims(config: JsonObject, volumes: Volume[], mounts: VolumeMount[]): void {
  for (const entry of entries(config, 'pvcMount')) {
    const claim = nameOf(entry, 'pvcName') ?? text(entry['constant'])
    if (!claim) continue
    volumes.push({ name: volumeName(`pvc-${claim}`), persistentVolumeClaim: { claimName: claim } })
    mounts.push({
      name: volumeName(`pvc-${claim}`),
      mountPath: String(entry['mountPath']),
      subPath: text(entry['subPath']),
    })
  }
  for (const entry of entries(config, 'genericEphemeralVolume')) {
    const name = volumeName(String(entry['volumeName']))
    const spec = {
      accessModes: entry['accessModes'],
      resources: { requests: { storage: entry['size'] } },
      storageClassName: entry['defaultStorageClass'] === true ? undefined : text(entry['storageClassName']),
    }
    volumes.push({ name, ephemeral: { volumeClaimTemplate: { metadata: entry['metadata'], spec } } } as Volume)
    mounts.push({ name, mountPath: String(entry['mountPath']) })
  }
}

function addScratch(config: JsonObject, volumes: Volume[], mounts: VolumeMount[]): void {
  for (const entry of entries(config, 'emptyDirMounts')) {
    const name = volumeName(String(entry['volumeName']))
    volumes.push({ name, emptyDir: { medium: text(entry['medium']), sizeLimit: text(entry['sizeLimit']) } })
    mounts.push({ name, mountPath: String(entry['mountPath']) })
  }
  const shared = object(config['enabledSharedMemory'])
  if (Object.keys(shared).length === 0) return
  const name = volumeName(text(shared['volumeName']) ?? 'shm')
  volumes.push({ name, emptyDir: { medium: 'Memory', sizeLimit: text(shared['size']) } })
  mounts.push({ name, mountPath: '/dev/shm' })
}

function environment(config: JsonObject): EnvVar[] {
  const env: EnvVar[] = []
  for (const entry of entries(config, 'secretAsEnv')) {
    const name = nameOf(entry, 'secretName')
    for (const pair of name ? entries(entry, 'keyToEnv') : []) {
      const ref = { name, key: text(pair['secretKey']), optional: entry['optional'] === true }
      env.push({ name: String(pair['envVar']), valueFrom: { secretKeyRef: ref } })
    }
  }
  for (const entry of entries(config, 'configMapAsEnv')) {
    const name = nameOf(entry, 'configMapName')
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

function nodeSelector(config: JsonObject): Record<string, string> {
  const selector = object(config['nodeSelector'])
  const whole = selector['nodeSelectorJson']
  return strings(isObject(whole) ? whole : (selector['labels'] ?? {}))
}

function toleration(entry: Entry): JsonObject[] {
  if ('tolerationJson' in entry) {
    const given = entry['tolerationJson']
    const list = Array.isArray(given) ? given : [given]
    return list.filter(isObject).filter((item) => Object.keys(item).length > 0)
  }
  const { tolerationSeconds, ...rest } = entry
  const seconds = integer(tolerationSeconds)
  return [seconds === undefined ? rest : { ...rest, tolerationSeconds: seconds }]
}

/** Node affinity terms with a weight are preferences, those without are demands; JSON forms are appended. */
function affinity(config: JsonObject): JsonObject | undefined {
  const required: JsonValue[] = []
  const preferred: JsonValue[] = []
  for (const entry of entries(config, 'nodeAffinity')) {
    const whole = entry['nodeAffinityJson']
    if (isObject(whole)) {
      const demands = object(whole['requiredDuringSchedulingIgnoredDuringExecution'])['nodeSelectorTerms']
      if (Array.isArray(demands)) required.push(...demands)
      const wishes = whole['preferredDuringSchedulingIgnoredDuringExecution']
      if (Array.isArray(wishes)) preferred.push(...wishes)
      continue
    }
    const term = { matchExpressions: entry['matchExpressions'], matchFields: entry['matchFields'] }
    const weight = integer(entry['weight'])
    if (weight) preferred.push({ weight, preference: term })
    else if (term.matchExpressions || term.matchFields) required.push(term)
  }
  if (required.length + preferred.length === 0) return undefined
  return {
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: required.length > 0 ? { nodeSelectorTerms: required } : undefined,
      preferredDuringSchedulingIgnoredDuringExecution: preferred.length > 0 ? preferred : undefined,
    },
  }
}

function initContainer(entry: Entry): Container {
  return {
    name: String(entry['name']),
    image: String(entry['image']),
    command: list(entry['command']),
    args: list(entry['args']),
    env: entries(entry, 'env').map(({ name, value }) => ({ name: String(name), value: text(value) ?? '' })),
    volumeMounts: entries(entry, 'volumeMounts').map((mount) => ({
      name: volumeName(String(mount['volumeName'])),
      mountPath: String(mount['mountPath']),
    })),
    restartPolicy: text(entry['restartPolicy']),
    resources: isObject(entry['resources']) ? (entry['resources'] as Container['resources']) : undefined,
  }
}

/** The name that a `*Parameter` resolved to, else the deprecated plain field. */
function nameOf(entry: Entry, field: string): string | undefined {
  return text(entry[`${field}Parameter`]) ?? text(entry[field])
}

const named = (name: string | undefined): { name: string }[] => (name ? [{ name }] : [])
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: JsonValue | undefined): JsonObject => (isObject(value) ? value : {})
const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
const list = (value: JsonValue | undefined): string[] | undefined =>
  Array.isArray(value) ? value.map(String) : undefined
const strings = (value: JsonValue | undefined): Record<string, string> =>
  Object.fromEntries(Object.entries(object(value)).map(([key, item]) => [key, String(item)]))

function integer(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : undefined
}

function entries(config: JsonObject, field: string): Entry[] {
  const value = config[field]
  return Array.isArray(value) ? value.filter(isObject) : []
}

/** Volumes are named by their source; a name may hold what a volume's may not, such as dots. */
function volumeName(source: string): string {
  return source
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/^-+|-+$/g, '')
}

function uniqueByName(volumes: readonly Volume[]): Volume[] {
  return [...new Map(volumes.map((volume) => [volume.name, volume])).values()]
}
