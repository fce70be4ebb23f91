/** The port to the bytes of artifacts, and its adapter for a directory. Paths are relative, with slashes. Before: MLflow proxy, KFP reads. */
import { createReadStream, createWriteStream } from 'node:fs'
import { lstat, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { invalid } from '../store/metadata/errors.ts'

export interface ArtifactEntry {
  /** Name in its folder. */
  readonly name: string
  readonly isDirectory: boolean
  /** Bytes; only for files. */
  readonly size?: number
}

/** Positions of the first and the last byte. */
export interface ByteRange {
  readonly start: number
  /** @default the last one of the file */
  readonly end?: number | undefined
}

/** Files by relative path. Nothing is held in memory but a buffer of the stream. */
export interface ArtifactFiles {
  /** Replaces the file at once when the stream has ended; a broken stream leaves what was there. */
  write(path: string, content: Readable): Promise<void>
  /** Undefined when there is no file. `size` is that of the whole file; the stream begins and ends where `range` says. */
  read(path: string, range?: ByteRange): Promise<{ readonly size: number; readonly stream: Readable } | undefined>
  /** One level, by name; empty when there is no such folder. */
  list(path: string): Promise<ArtifactEntry[]>
  /** Removes a file or a folder; nothing happens when there is none. */
  remove(path: string): Promise<void>
}

/**
 * The path with its dots checked: relative, no `..`, no empty parts, no backslash, no control characters.
 * Throws `invalid` for any other; percent signs that still decode to another path are refused too.
 */
export function checkArtifactPath(path: string): string {
  if (path === '') return ''
  let decoded = path
  for (let round = 0; round < 4; round++) {
    checkParts(decoded, path)
    const next = decodeOnce(decoded)
    if (next === decoded) break
    decoded = next
  }
  return path
}

function decodeOnce(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    // A percent sign that is part of a file name.
    return path
  }
}

function checkParts(path: string, shown: string): void {
  const parts = path.replace(/\/$/, '').split('/')
  const bad = parts.some((part) => part === '' || part === '.' || part === '..')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
  if (bad || /[\\\u0000-\u001f\u007f]/.test(path) || /^[A-Za-z]:/.test(path) || path.length > 4096) {
    throw invalid(`Invalid path: '${shown.slice(0, 200)}'`)
  }
  if (parts.some((part) => Buffer.byteLength(part) > 255)) throw invalid('Invalid path: a name has more than 255 bytes')
}

/** Artifacts in a directory of this machine. Symbolic links are not followed out of it: they are not followed at all. */
export class ArtifactDirectory implements ArtifactFiles {
  readonly #root: string

  constructor(root: string) {
    this.#root = resolve(root)
  }

  #locate(path: string): string {
    const full = join(this.#root, checkArtifactPath(path))
    if (full !== this.#root && !full.startsWith(this.#root + sep)) throw invalid(`Invalid path: '${path}'`)
    return full
  }

  async #refuseLinks(full: string): Promise<void> {
    for (let at = full; at.length > this.#root.length; at = dirname(at)) {
      const found = await statOrUndefined(at)
      if (found?.isSymbolicLink()) throw invalid('Invalid path: it leads through a symbolic link')
    }
  }

  async write(path: string, content: Readable): Promise<void> {
    const full = this.#locate(path)
    await this.#refuseLinks(full)
    const partial = join(dirname(full), `.${process.pid}-${Math.random().toString(36).slice(2)}.partial`)
    try {
      await mkdir(dirname(full), { recursive: true })
      await pipeline(content, createWriteStream(partial, { flush: true }))
      await rename(partial, full)
    } catch (error) {
      await rm(partial, { force: true })
      if (isPathConflict(error)) throw invalid(`Invalid path: '${path}' is in the way of a file or folder`)
      throw error
    }
  }

  async read(path: string, range?: ByteRange) {
    const full = this.#locate(path)
    await this.#refuseLinks(full)
    const found = await statOrUndefined(full)
    if (!found?.isFile()) return undefined
    return { size: found.size, stream: createReadStream(full, range) }
  }

  async list(path: string): Promise<ArtifactEntry[]> {
    const full = this.#locate(path)
    await this.#refuseLinks(full)
    if (!(await statOrUndefined(full))?.isDirectory()) return []
    const entries: ArtifactEntry[] = []
    for (const entry of await readdir(full, { withFileTypes: true })) {
      if (entry.name.endsWith('.partial') && entry.name.startsWith('.')) continue
      if (entry.isDirectory()) entries.push({ name: entry.name, isDirectory: true })
      else if (entry.isFile()) {
        const found = await statOrUndefined(join(full, entry.name))
        if (found) entries.push({ name: entry.name, isDirectory: false, size: found.size })
      }
    }
    return entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async remove(path: string): Promise<void> {
    const full = this.#locate(path)
    if (full === this.#root) throw invalid('Invalid path: the root of all artifacts is not removed')
    await this.#refuseLinks(full)
    await rm(full, { recursive: true, force: true })
  }
}

async function statOrUndefined(path: string) {
  try {
    return await lstat(path)
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'ENAMETOOLONG'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function isPathConflict(error: unknown): boolean {
  return ['EISDIR', 'ENOTDIR', 'EEXIST', 'ENOTEMPTY', 'ENAMETOOLONG'].includes(
    (error as NodeJS.ErrnoException).code ?? '',
  )
}
