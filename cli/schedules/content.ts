/** What an object or file looks like now, for triggers on artifacts: a mark that changes with the content. Before: schedule-pass.ts. */
import { stat } from 'node:fs/promises'
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { digestPath, isMissing } from '../../store/digest.ts'

/** Undefined when nothing is there. Rejects for what is no place of this machine nor an object. */
export async function contentOnThisMachine(uri: string): Promise<string | undefined> {
  if (/^(s3|minio):/.test(uri)) return await contentOfObject(uri)
  const path = uri.startsWith('file:') ? fileURLToPath(uri) : uri
  if (!isAbsolute(path)) throw new Error(`${uri} is neither an absolute path nor a file: or s3: URI`)
  return await digestOnce(path)
}

/** Digests of files by place; a large file that lies still is read once. */
const known = new Map<string, { readonly mark: string; readonly digest: string | undefined }>()
/** A file that was changed so shortly ago may change again within the same tick of its clock. */
const SETTLED_MILLIS = 2_000

async function digestOnce(path: string): Promise<string | undefined> {
  const found = await stat(path).catch((error) => {
    if (isMissing(error)) return undefined
    throw error
  })
  if (!found) return undefined
  if (found.isDirectory()) return await digestPath(path)
  const mark = `${found.ino}/${found.size}/${found.mtimeMs}`
  const before = known.get(path)
  if (before?.mark === mark) return before.digest
  const digest = await digestPath(path)
  if (Date.now() - found.mtimeMs > SETTLED_MILLIS) known.set(path, { mark, digest })
  return digest
}

/** The digest that kfp-ts kept beside the object; of others, the store's own mark. */
async function contentOfObject(uri: string): Promise<string | undefined> {
  const { s3Store } = await import('../../store/s3-store.ts')
  const endpoint = process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL']
  const region = process.env['AWS_REGION']
  const store = s3Store({ ...(endpoint ? { endpoint } : {}), ...(region ? { region } : {}) })
  try {
    return (await store.digest(uri)) ?? (await store.find(uri))?.etag
  } finally {
    store.close()
  }
}
