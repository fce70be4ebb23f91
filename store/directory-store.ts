/** Artifacts on a disk or mounted volume: a URI is an absolute path, a `file://` URL, or a prefix mapped to a folder. */
import { createReadStream } from 'node:fs'
import { cp, mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type ArtifactStore, type StoredArtifact, summarizeFiles } from './artifact-store.ts'
import { digestPath, isMissing } from './digest.ts'

/** @param prefixes URI prefix to the folder that it stands for, for example `{ 'volume://artifacts/': '/artifacts/' }` */
export function directoryStore(prefixes: Readonly<Record<string, string>> = {}): ArtifactStore {
  const pathOf = (uri: string) => localPath(uri, prefixes)
  const copy = async (from: string, to: string) => {
    await mkdir(dirname(to), { recursive: true })
    await rm(to, { recursive: true, force: true })
    await cp(from, to, { recursive: true, preserveTimestamps: true })
  }
  return {
    find: async (uri) => measure(pathOf(uri)),
    download: async (uri, target) => {
      const found = await measure(pathOf(uri))
      if (found && resolve(target) !== pathOf(uri)) await copy(pathOf(uri), target)
      return found
    },
    upload: async (source, uri) => {
      if (resolve(source) !== pathOf(uri)) await copy(source, pathOf(uri))
      return (await measure(pathOf(uri)))!
    },
    read: async (uri, range) => {
      const found = await measure(pathOf(uri))
      return found?.kind === 'file' ? createReadStream(pathOf(uri), range) : undefined
    },
    list: async (uri, limit = 1000) => (await listFiles(pathOf(uri))).slice(0, limit),
    remove: async (uri) => rm(pathOf(uri), { recursive: true, force: true }),
    digest: (uri) => digestPath(pathOf(uri)),
  }
}

/** Refuses paths that leave the mapped folder. */
function localPath(uri: string, prefixes: Readonly<Record<string, string>>): string {
  for (const [prefix, folder] of Object.entries(prefixes)) {
    if (!uri.startsWith(prefix)) continue
    const path = resolve(folder, uri.slice(prefix.length))
    const base = resolve(folder)
    if (path !== base && !path.startsWith(base.endsWith(sep) ? base : base + sep))
      throw new Error(`${uri} leads out of ${folder}`)
    return path
  }
  if (uri.startsWith('file://')) return fileURLToPath(uri)
  if (uri.startsWith('/')) return resolve(uri)
  throw new Error(`${uri} is not a path on this machine`)
}

/** What lies at a path of this machine; undefined when nothing does. */
export async function measure(path: string): Promise<StoredArtifact | undefined> {
  try {
    const found = await stat(path)
    if (!found.isDirectory())
      return summarizeFiles([{ name: '', bytes: found.size, modifiedAt: Math.floor(found.mtimeMs) }], 'file')
    const files = await Promise.all(
      (await listFiles(path)).map(async (name) => {
        const { size, mtimeMs } = await stat(join(path, name))
        return { name, bytes: size, modifiedAt: Math.floor(mtimeMs) }
      }),
    )
    const empty = { kind: 'tree', bytes: 0, files: 0, modifiedAt: Math.floor(found.mtimeMs), etag: 'empty' } as const
    return summarizeFiles(files) ?? empty
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

async function listFiles(path: string): Promise<string[]> {
  const found = await stat(path).catch(() => undefined)
  if (!found) return []
  if (!found.isDirectory()) return ['']
  const entries = await readdir(path, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => relative(path, join(entry.parentPath, entry.name)))
    .sort()
}
