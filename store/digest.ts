/** Content digests of files and trees: what the cache compares and what an artifact carries as `digest`. Memory stays constant. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { lstat, readdir, readlink, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'

/**
 * Digest of a file's bytes, or of a tree: the sorted list of its entries with their own digests. Names, contents, link
 * targets and the executable bit count; times and owners do not.
 *
 * @returns `sha256:<hex>`, or undefined when there is nothing at `path`
 */
export async function digestPath(path: string): Promise<string | undefined> {
  try {
    const found = await stat(path)
    return found.isDirectory() ? `sha256:${await digestTree(path)}` : `sha256:${await digestFile(path)}`
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

async function digestTree(directory: string): Promise<string> {
  const hash = createHash('sha256')
  for (const name of (await readdir(directory)).sort()) {
    const path = join(directory, name)
    const entry = await lstat(path)
    if (entry.isSymbolicLink()) hash.update(`link\0${name}\0${await readlink(path)}\n`)
    else if (entry.isDirectory()) hash.update(`tree\0${name}\0${await digestTree(path)}\n`)
    else if (entry.isFile())
      hash.update(`${entry.mode & 0o100 ? 'program' : 'file'}\0${name}\0${await digestFile(path)}\n`)
  }
  return hash.digest('hex')
}

/** The file system's way to say "nothing there". */
export function isMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code
  return code === 'ENOENT' || code === 'ENOTDIR'
}
