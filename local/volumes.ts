/** Persistent volume claims without a cluster: folders under the root, mounted into a step where this host allows it. */
import { createHash } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join, normalize } from 'node:path'
import type { JsonObject, JsonValue } from '../api/json.ts'
import type { AttemptResult, TaskPath, VolumeRequest } from '../engine/types.ts'

export const volumesFolder = (root: string) => join(root, 'volumes')

/** Folder of a claim; `name` is what the pipeline calls it. */
export function volumeFolder(root: string, name: string): string {
  return join(volumesFolder(root), name.replaceAll(/[^\w.-]/g, '_').replace(/^\.+/, '_'))
}

/** Makes or removes the folder of a claim. A name that is left to us comes from run and task, so that doing it twice is harmless. */
export async function changeVolume(
  root: string,
  runId: string,
  task: TaskPath,
  request: VolumeRequest,
): Promise<AttemptResult> {
  if (request.operation === 'delete') {
    await rm(volumeFolder(root, request.name), { recursive: true, force: true })
    return { outcome: 'succeeded', outputs: { parameters: {}, artifacts: {} } }
  }
  const generated = createHash('sha256').update(`${runId}\0${task}`).digest('hex').slice(0, 12)
  const name = request.name ?? `${generated}${request.nameSuffix ?? ''}`
  await mkdir(volumeFolder(root, name), { recursive: true })
  return { outcome: 'succeeded', outputs: { parameters: { name }, artifacts: {} } }
}

/** A folder that a step wants to see under a path of its own. */
export interface Mount {
  readonly folder: string
  readonly mountPath: string
}

/** Claims and scratch volumes that the Kubernetes configuration of a step asks for. Scratch volumes live with the attempt. */
export function mountsOf(root: string, scratchFolder: string, kubernetes: JsonObject): Mount[] {
  const claims = items(kubernetes['pvcMount']).flatMap((entry) => {
    const name = claimName(entry)
    if (name === undefined || typeof entry['mountPath'] !== 'string') return []
    const subPath = typeof entry['subPath'] === 'string' ? entry['subPath'] : ''
    return [
      {
        folder: join(volumeFolder(root, name), normalize(`/${subPath}`)).replace(/\/$/, ''),
        mountPath: entry['mountPath'],
      },
    ]
  })
  const scratch = [...items(kubernetes['emptyDirMounts']), ...items(kubernetes['genericEphemeralVolume'])].flatMap(
    (entry) =>
      typeof entry['mountPath'] === 'string'
        ? [{ folder: join(scratchFolder, 'volumes', String(entry['volumeName'])), mountPath: entry['mountPath'] }]
        : [],
  )
  return [...claims, ...scratch]
}

/** Kubernetes settings that have no meaning here: a line each for the user, once a run. */
export function ignoredSettings(kubernetes: JsonObject): string[] {
  const secrets = ['secretAsEnv', 'configMapAsEnv'].filter((field) => items(kubernetes[field]).length > 0)
  const files = ['secretAsVolume', 'configMapAsVolume'].filter((field) => items(kubernetes[field]).length > 0)
  const others = ['fieldPathAsEnv', 'initContainers', 'securityContext'].filter(
    (field) => kubernetes[field] !== undefined,
  )
  return [
    ...secrets.map(
      (field) => `${field}: there are no cluster secrets here; a variable of that name in your shell is passed on`,
    ),
    ...files.map((field) => `${field} is ignored here: there is no cluster to take the files from`),
    ...others.map((field) => `${field} is ignored here: it has a meaning in a Pod only`),
  ]
}

/**
 * Wraps a command so that it alone sees the mounts: a private mount namespace, gone with the process. Nothing of the host is
 * changed but that an empty folder is made where a mount path did not exist.
 */
export function withMounts(argv: readonly string[], mounts: readonly Mount[], asRoot: boolean): string[] {
  if (mounts.length === 0) return [...argv]
  const script =
    'while [ "$1" != -- ]; do mkdir -p "$2" && mount --bind "$1" "$2" || exit 125; shift 2; done; shift; exec "$@"'
  const pairs = mounts.flatMap(({ folder, mountPath }) => [folder, mountPath])
  const unshare = asRoot ? ['unshare', '--mount'] : ['unshare', '--user', '--map-root-user', '--mount']
  return [...unshare, 'sh', '-c', script, 'kfp-ts-mounts', ...pairs, '--', ...argv]
}

/** Makes the folders and keeps a note for people who look at them. */
export async function prepareMounts(root: string, mounts: readonly Mount[]): Promise<void> {
  for (const { folder } of mounts) await mkdir(folder, { recursive: true })
  if (mounts.some(({ folder }) => folder.startsWith(volumesFolder(root)))) {
    await writeFile(
      join(volumesFolder(root), 'README'),
      'Folders that stand in for persistent volume claims of local runs.\n',
    )
  }
}

/** A resolved entry names its claim by one of several generations of fields. */
function claimName(entry: JsonObject): string | undefined {
  for (const field of ['pvcNameParameter', 'pvcName', 'constant', 'taskOutputParameter', 'componentInputParameter']) {
    const value = entry[field]
    if (typeof value === 'string' && value !== '') return value
    const constant = asObject(asObject(value)?.['runtimeValue'])?.['constant']
    if (typeof constant === 'string') return constant
  }
  return undefined
}

function items(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.map(asObject).filter((item) => item !== undefined) : []
}

function asObject(value: JsonValue | undefined): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined
}
