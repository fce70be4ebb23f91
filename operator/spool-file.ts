/** A file to put bytes aside in that a killed process does not leave behind: it has no name. Before: object-log.ts. */
import { closeSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface SpoolFile {
  /** Appends. */
  readonly handle: FileHandle
  /** For who opens files by path; good until `remove`. */
  readonly path: string
  remove(): Promise<void>
}

/** Where there is no /proc the file keeps its name, and is removed by `remove` only. */
export async function openSpoolFile(): Promise<SpoolFile> {
  // At one go: what is killed in between leaves an empty file at most.
  const folder = mkdtempSync(join(tmpdir(), 'kfp-ts-log-'))
  const file = join(folder, 'log')
  const descriptor = openSync(file, 'ax')
  const nameless = existsSync(pathOf(descriptor))
  if (nameless) rmSync(folder, { recursive: true })
  try {
    const handle = await open(nameless ? pathOf(descriptor) : file, 'a')
    return {
      handle,
      path: nameless ? pathOf(handle.fd) : file,
      async remove() {
        await handle.close()
        if (!nameless) await rm(folder, { recursive: true, force: true })
      },
    }
  } finally {
    closeSync(descriptor)
  }
}

const pathOf = (descriptor: number): string => `/proc/self/fd/${descriptor}`
