/** The port to where artifacts lie: a directory or volume, or an S3 bucket. Artifacts are files or trees of files. */
import { createHash } from 'node:crypto'
import type { Readable } from 'node:stream'

/** What lies at a URI. */
export interface StoredArtifact {
  readonly kind: 'file' | 'tree'
  /** Sum over all files. */
  readonly bytes: number
  readonly files: number
  /** Epoch milliseconds of the newest file's last change. */
  readonly modifiedAt: number
  /** Changes with the content: the store's own, or made of sizes and times. */
  readonly etag: string
}

/** What is known of the files of a tree, as what is known of the tree. @returns undefined when there is none */
export function summarizeFiles(
  files: readonly {
    readonly name: string
    readonly bytes: number
    readonly modifiedAt: number
    readonly etag?: string
  }[],
  kind: StoredArtifact['kind'] = 'tree',
): StoredArtifact | undefined {
  if (files.length === 0) return undefined
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
  const modifiedAt = files.reduce((latest, file) => Math.max(latest, file.modifiedAt), 0)
  if (kind === 'file') return { kind, bytes, files: 1, modifiedAt, etag: files[0]!.etag ?? `${bytes}-${modifiedAt}` }
  const hash = createHash('sha256')
  for (const file of files) hash.update(`${file.name}\0${file.bytes}\0${file.etag ?? file.modifiedAt}\n`)
  return { kind, bytes, files: files.length, modifiedAt, etag: hash.digest('hex').slice(0, 32) }
}

export interface ArtifactStore {
  /** @returns undefined when nothing is there */
  readonly find: (uri: string) => Promise<StoredArtifact | undefined>
  /** Copies a file or tree to a local path. @returns undefined when nothing is there */
  readonly download: (uri: string, localPath: string) => Promise<StoredArtifact | undefined>
  /** Copies a local file or tree to the URI; an earlier content there is replaced. @throws when `localPath` is missing */
  readonly upload: (localPath: string, uri: string) => Promise<StoredArtifact>
  /** A file's bytes from `start` to `end` (inclusive), for previews. @returns undefined when no file is there */
  readonly read: (
    uri: string,
    range?: { readonly start: number; readonly end?: number },
  ) => Promise<Readable | undefined>
  /** Paths of the files of a tree, relative to its URI, sorted; `['']` for a single file. At most `limit`. */
  readonly list: (uri: string, limit?: number) => Promise<string[]>
  readonly remove: (uri: string) => Promise<void>
  /**
   * Content digest as in `digestPath`, where the store knows it without reading everything: a directory always does, S3 for
   * single files that kfp-ts uploaded (it is kept beside the object).
   */
  readonly digest: (uri: string) => Promise<string | undefined>
}
