/** Reads a file by URI, but only below one folder: artifacts name their own place, and steps can write anything there. */
import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'

/** Undefined when the URI leads elsewhere, also through a link, or to no file. */
export async function readBelow(folder: string, uri: string): Promise<Readable | undefined> {
  try {
    const path = uri.startsWith('file:') ? fileURLToPath(uri) : uri
    if (!path.startsWith('/')) return undefined
    const base = await realpath(folder)
    const full = await realpath(resolve(path))
    if (!full.startsWith(base + sep) || !(await stat(full)).isFile()) return undefined
    return createReadStream(full)
  } catch {
    return undefined
  }
}
