/** Volumes of a pod and where its step mounts them, from the resolved Kubernetes configuration (kfp-ir.md 4.2). Pure. */
import type { JsonObject } from '../../api/json.ts'
import { entries, object, text } from './config-fields.ts'
import type { Volume, VolumeMount } from './pod-types.ts'

export interface PodVolumes {
  readonly volumes: readonly Volume[]
  readonly mounts: readonly VolumeMount[]
  /** The volume that an init container calls by the name that the author knows it by. */
  readonly nameOf: (authorsName: string) => string
}

export function podVolumes(config: JsonObject): PodVolumes {
  const names = new VolumeNames()
  const mounts = [
    ...claims(config, names),
    ...secretsAndConfigMaps(config, names),
    ...ephemeral(config, names),
    ...scratch(config, names),
  ]
  return { volumes: names.volumes, mounts, nameOf: (name) => names.find(name) }
}

/** Names of the operator's own volumes (build-pod.ts): the author of a pipeline may have a claim that is called so. */
const OWN_NAMES = /^kfp-ts-(store|s3|minio|workspace)$/

/** A secret, a claim and a scratch folder may all be called `data`; each is a volume, and one that is mounted twice is one. */
class VolumeNames {
  readonly volumes: Volume[] = []
  readonly #known = new Map<string, string>()

  add(authorsName: string, source: JsonObject): string {
    const key = JSON.stringify([authorsName, source])
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const name = this.#free(volumeName(authorsName))
    this.#known.set(key, name)
    this.volumes.push({ name, ...source })
    return name
  }

  find(authorsName: string): string {
    const prefix = `${JSON.stringify([authorsName]).slice(0, -1)},`
    for (const [key, name] of this.#known) if (key.startsWith(prefix)) return name
    return volumeName(authorsName)
  }

  #free(wanted: string): string {
    const isTaken = (name: string) => OWN_NAMES.test(name) || this.volumes.some((volume) => volume.name === name)
    let name = wanted
    for (let count = 2; isTaken(name); count++) name = `${wanted.slice(0, 58)}-${count}`
    return name
  }
}

/** A name of anything as one of a volume, which may not hold dots or capitals. */
function volumeName(source: string): string {
  const name = source
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 63)
    .replace(/-+$/, '')
  return name === '' ? 'volume' : name
}

function claims(config: JsonObject, names: VolumeNames): VolumeMount[] {
  return entries(config, 'pvcMount').flatMap(({ pvcName, mountPath, subPath }) => {
    const claimName = text(pvcName)
    if (claimName === undefined) return []
    const name = names.add(claimName, { persistentVolumeClaim: { claimName } })
    return [{ name, ...mountAt(mountPath), subPath: text(subPath) }]
  })
}

function secretsAndConfigMaps(config: JsonObject, names: VolumeNames): VolumeMount[] {
  const secrets = entries(config, 'secretAsVolume').flatMap((entry) => {
    const secretName = text(entry['secretName'])
    const source = (name: string) => ({ secret: { secretName: name, optional: entry['optional'] === true } })
    return secretName === undefined ? [] : [{ entry, name: names.add(secretName, source(secretName)) }]
  })
  const configMaps = entries(config, 'configMapAsVolume').flatMap((entry) => {
    const name = text(entry['configMapName'])
    if (name === undefined) return []
    return [{ entry, name: names.add(name, { configMap: { name, optional: entry['optional'] === true } }) }]
  })
  return [...secrets, ...configMaps].map(({ entry, name }) => ({
    name,
    ...mountAt(entry['mountPath']),
    readOnly: true,
  }))
}

function ephemeral(config: JsonObject, names: VolumeNames): VolumeMount[] {
  return entries(config, 'genericEphemeralVolume').map((entry) => {
    const spec = {
      accessModes: entry['accessModes'],
      resources: { requests: { storage: entry['size'] } },
      // No class at all is a class of its own: that of volumes that nobody provisions.
      storageClassName: entry['defaultStorageClass'] === true ? undefined : (text(entry['storageClassName']) ?? ''),
    }
    const volumeClaimTemplate = { metadata: entry['metadata'], spec } as JsonObject
    const name = names.add(text(entry['volumeName']) ?? '', { ephemeral: { volumeClaimTemplate } })
    return { name, ...mountAt(entry['mountPath']) }
  })
}

function scratch(config: JsonObject, names: VolumeNames): VolumeMount[] {
  const folders = entries(config, 'emptyDirMounts').map((entry) => {
    const emptyDir = { medium: text(entry['medium']), sizeLimit: text(entry['sizeLimit']) } as JsonObject
    return { name: names.add(text(entry['volumeName']) ?? '', { emptyDir }), ...mountAt(entry['mountPath']) }
  })
  const shared = object(config['enabledSharedMemory'])
  if (Object.keys(shared).length === 0) return folders
  const emptyDir = { medium: 'Memory', sizeLimit: text(shared['size']) } as JsonObject
  return [...folders, { name: names.add(text(shared['volumeName']) ?? 'shm', { emptyDir }), mountPath: '/dev/shm' }]
}

/** A path that is missing is for the API server to refuse, with the name of the volume. */
const mountAt = (mountPath: JsonObject[string]): { readonly mountPath: string } => ({
  mountPath: text(mountPath) ?? '',
})
