/** Fetches the bytes of a data set from wherever its text points: a web address, a data URL inside the pipeline, or a file. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { DataError } from '../table/table.ts'

const TIMEOUT_MILLIS = 60_000

/**
 * Text behind `source`: `https://…`, `data:text/csv,…` (also base64), `file:///…` or a path. Gzip is recognised by its first
 * bytes and unpacked.
 *
 * @throws DataError with the cause when it cannot be read.
 */
export async function readSource(source: string): Promise<string> {
  if (source === '') throw new DataError('no source is given: pass a URL, a data URL or a path')
  const bytes = await readBytes(source)
  const gzipped = bytes[0] === 0x1f && bytes[1] === 0x8b
  return new TextDecoder().decode(gzipped ? gunzipSync(bytes) : bytes)
}

async function readBytes(source: string): Promise<Uint8Array> {
  if (/^(https?|data):/.test(source)) return fetchBytes(source)
  try {
    return await readFile(source.startsWith('file:') ? fileURLToPath(source) : source)
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'there is no such file where this step runs' : `it cannot be read (${code})`
    throw new DataError(`${source}: ${why}; a path must be inside the image or on a volume, otherwise use a URL`)
  }
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  // A data URL may be 100 kB long; its beginning is enough to know it.
  const shown = url.length > 80 ? `${url.slice(0, 77)}...` : url
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MILLIS) })
    if (response.ok) return new Uint8Array(await response.arrayBuffer())
    throw new DataError(`${shown}: the server answered ${response.status} ${response.statusText}`)
  } catch (cause) {
    if (cause instanceof DataError) throw cause
    const reason = cause instanceof Error ? (cause.cause instanceof Error ? cause.cause.message : cause.message) : cause
    throw new DataError(`${shown}: ${reason}`)
  }
}
