/** Is something there, how large, since when? By the stores that this process can read. */
import { fileURLToPath } from 'node:url'
import type { ObjectWait } from '../api/wait.ts'
import type { ArtifactStore, StoredArtifact } from '../store/artifact-store.ts'
import { measure } from '../store/directory-store.ts'
import type { Look } from './poll.ts'

/** Finds what a URI names, or says why it may never be looked at. */
export type FindObject = (uri: string) => Promise<StoredArtifact | undefined | { readonly refused: string }>

export function objectLook(find: FindObject): Look<ObjectWait> {
  return async ({ uri }) => {
    const found = await find(uri)
    if (!found) return { kind: 'object' }
    if ('refused' in found) return { kind: 'refused', message: found.refused }
    const { bytes, etag, modifiedAt } = found
    return { kind: 'object', found: { bytes, etag, modifiedAt } }
  }
}

/** Paths of this machine, and whatever stores it has. */
export function findOnThisMachine(openStore: (uri: string) => Promise<ArtifactStore | undefined>): FindObject {
  return async (uri) => {
    if (uri.startsWith('/')) return await measure(uri)
    if (uri.startsWith('file://')) return await measure(fileURLToPath(uri))
    const store = await openStore(uri)
    return store ? await store.find(uri) : { refused: 'only paths and s3:// URIs can be looked at here' }
  }
}
