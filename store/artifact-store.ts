/** The port to where artifacts lie: a directory or volume, or an S3 bucket. Artifacts are files or trees of files. */
import type { Readable } from 'node:stream'

/** What lies at a URI. */
export interface StoredArtifact {
  readonly kind: 'file' | 'tree'
  /** Sum over all files. */
  readonly bytes: number
  readonly files: number
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
