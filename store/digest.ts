/** Content digests of files and trees: what the cache compares and what an artifact carries as `digest`. Memory stays constant. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/**
 * Digest of a file's bytes, or of a tree: the sorted list of its entries with their own digests. Names, contents, link
 * targets and the executable bit count; times and owners do not. Of a link that leads out of the tree what is there counts too.
 *
 * @param within only what lies in this folder is read, wherever links lead: for trees that others wrote
 * @returns `sha256:<hex>`, or undefined when there is nothing at `path`
 */
export async function digestPath(path: string, within = '/'): Promise<string | undefined> {
  try {
    return `sha256:${await digestAt(path, { trees: [], within })}`
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** The digest that a publisher gives to text it holds in memory; equals `digestPath` of a file with this content. */
export function digestBytes(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256')
  await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash)
  return hash.digest('hex')
}

interface Reach {
  /** Real paths of the trees that led here by links. */
  readonly trees: readonly string[]
  readonly within: string
}

async function digestAt(path: string, { trees, within }: Reach): Promise<string> {
  const found = await stat(path)
  if (!found.isDirectory()) return await digestFile(path)
  return await digestTree(path, { trees: [...trees, await realpath(path)], within })
}

async function digestTree(directory: string, reach: Reach): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name)
    const entry = await lstat(path)
    if (entry.isSymbolicLink())
      hash.update(`link\0${name}\0${await readlink(path)}${await digestOutside(path, reach)}\n`)
    else if (entry.isDirectory()) hash.update(`tree\0${name}\0${await digestTree(path, reach)}\n`)
    else if (entry.isFile())
      hash.update(`${entry.mode & 0o100 ? 'program' : 'file'}\0${name}\0${await digestFile(path)}\n`)
  }
  return hash.digest('hex')
}

/** What a link that leads out of the trees adds to its target's name: nothing when nothing can be read there. */
async function digestOutside(link: string, reach: Reach): Promise<string> {
  try {
    const target = await realpath(link)
    if (!isWithin(await realpath(reach.within), target)) return ''
    // Back into a tree, or to a folder that holds one: a circle.
    if (reach.trees.some((tree) => isWithin(tree, target) || isWithin(target, tree))) return ''
    const found = await stat(target)
    return found.isFile() || found.isDirectory() ? `\0${await digestAt(target, reach)}` : ''
  } catch (error) {
    if (isMissing(error) || UNREADABLE.includes((error as NodeJS.ErrnoException).code ?? '')) return ''
    throw error
  }
}

const UNREADABLE = ['EACCES', 'EPERM', 'ELOOP']

export const isWithin = (folder: string, path: string): boolean =>
  path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`)

/** The file system's way to say "nothing there". */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
