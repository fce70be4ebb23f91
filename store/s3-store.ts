/** Artifacts in an S3 bucket (or MinIO and its like). A file is one object; a tree is the objects below `<key>/`. */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, readdir, stat } from 'node:fs/promises'
import { dirname, join, relative, sep } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import {
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { type ArtifactStore, type StoredArtifact, summarizeFiles } from './artifact-store.ts'
import { digestPath } from './digest.ts'
import { measure } from './directory-store.ts'

export interface S3Settings {
  /** For MinIO and others, for example `http://127.0.0.1:9000`; path-style addressing is used with it. */
  readonly endpoint?: string
  /** @default 'us-east-1' */
  readonly region?: string
  /** Absent: what the AWS SDK finds (environment, profile, pod identity). */
  readonly credentials?: {
    readonly accessKeyId: string
    readonly secretAccessKey: string
    readonly sessionToken?: string
  }
}

export interface Place {
  readonly bucket: string
  readonly key: string
}

/** Objects copied at the same time. */
const PARALLEL_COPIES = 8
const DIGEST_METADATA = 'kfp-ts-digest'

/** `s3://` and `minio://` URIs; a query (`?region=…&endpoint=…`) is not part of the key. */
export function s3Store(settings: S3Settings = {}): ArtifactStore & { readonly close: () => void } {
  const client = s3Client(settings)
  return {
    find: async (uri) => find(client, placeOf(uri)),
    download: async (uri, target) => download(client, placeOf(uri), target),
    upload: async (source, uri) => upload(client, source, placeOf(uri)),
    read: async (uri, range) => read(client, placeOf(uri), range),
    list: async (uri, limit = 1000) => {
      const place = placeOf(uri)
      if (await sizeOfObject(client, place)) return ['']
      const objects = await listTree(client, place, limit)
      return objects.map(({ key }) => key.slice(place.key.length + 1)).sort()
    },
    remove: async (uri) => removeTree(client, placeOf(uri)),
    digest: async (uri) => (await sizeOfObject(client, placeOf(uri)))?.digest,
    close: () => client.destroy(),
  }
}

/** @throws Error for anything that is not `s3://bucket/key` */
export function placeOf(uri: string): Place {
  const [, bucket, key] = /^(?:s3|minio):\/\/([^/?]+)\/([^?]*)/.exec(uri) ?? []
  if (!bucket || !key) throw new Error(`${uri} is not of the form s3://bucket/key`)
  return { bucket, key: key.replace(/\/+$/, '') }
}

/** Without limits a lost packet of the handshake costs two minutes, and a server that falls silent holds a run for ever. */
const PATIENCE = { connectionTimeout: 10_000, socketTimeout: 300_000 }
const ATTEMPTS = 6

export function s3Client({ endpoint, region = 'us-east-1', credentials }: S3Settings): S3Client {
  return new S3Client({
    region,
    requestHandler: PATIENCE,
    maxAttempts: ATTEMPTS,
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
}

async function find(client: S3Client, place: Place): Promise<StoredArtifact | undefined> {
  const object = await sizeOfObject(client, place)
  return object ? summarizeFiles([object], 'file') : summarizeFiles(await listTree(client, place))
}

async function download(client: S3Client, place: Place, target: string): Promise<StoredArtifact | undefined> {
  const object = await sizeOfObject(client, place)
  if (object) {
    await downloadObject(client, place, target)
    return summarizeFiles([object], 'file')
  }
  const objects = await listTree(client, place)
  await inParallel(objects, async ({ key, name }) => {
    if (name.split('/').includes('..')) throw new Error(`the object ${key} has a name that leads out of its folder`)
    if (name !== '' && !name.endsWith('/'))
      await downloadObject(client, { bucket: place.bucket, key }, join(target, name))
  })
  return summarizeFiles(objects)
}

async function upload(client: S3Client, source: string, place: Place): Promise<StoredArtifact> {
  const found = await stat(source)
  if (!found.isDirectory()) await uploadObject(client, source, place)
  else {
    const entries = await readdir(source, { recursive: true, withFileTypes: true })
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))
    await inParallel(files, (file) => {
      const name = relative(source, file).split(sep).join('/')
      return uploadObject(client, file, { bucket: place.bucket, key: `${place.key}/${name}` })
    })
  }
  return (await measure(source))!
}

async function uploadObject(client: S3Client, source: string, { bucket, key }: Place): Promise<void> {
  const digest = await digestPath(source)
  const params = {
    Bucket: bucket,
    Key: key,
    Body: createReadStream(source),
    Metadata: { [DIGEST_METADATA]: digest ?? '' },
  }
  await new Upload({ client, params }).done()
}

async function downloadObject(client: S3Client, place: Place, target: string): Promise<void> {
  const body = await read(client, place)
  if (!body) throw new Error(`the object ${place.key} disappeared while it was read`)
  await mkdir(dirname(target), { recursive: true })
  await pipeline(body, createWriteStream(target))
}

async function read(
  client: S3Client,
  { bucket, key }: Place,
  range?: { readonly start: number; readonly end?: number },
): Promise<Readable | undefined> {
  const part = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end ?? ''}` }
  try {
    const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...part }))
    return Body as Readable
  } catch (error) {
    if (isNotThere(error)) return undefined
    throw error
  }
}

export async function sizeOfObject(client: S3Client, { bucket, key }: Place) {
  try {
    const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }))
    return {
      name: '',
      bytes: head.ContentLength ?? 0,
      digest: head.Metadata?.[DIGEST_METADATA] || undefined,
      modifiedAt: head.LastModified?.getTime() ?? 0,
      ...etagOf(head.ETag),
    }
  } catch (error) {
    if (isNotThere(error)) return undefined
    throw error
  }
}

async function listTree(client: S3Client, { bucket, key }: Place, limit = Number.POSITIVE_INFINITY) {
  const objects: { key: string; name: string; bytes: number; modifiedAt: number; etag?: string }[] = []
  let token: string | undefined
  do {
    const query = { Bucket: bucket, Prefix: `${key}/`, ...(token === undefined ? {} : { ContinuationToken: token }) }
    const page = await client.send(new ListObjectsV2Command(query))
    for (const { Key = '', Size = 0, LastModified, ETag } of page.Contents ?? []) {
      const name = Key.slice(key.length + 1)
      objects.push({ key: Key, name, bytes: Size, modifiedAt: LastModified?.getTime() ?? 0, ...etagOf(ETag) })
    }
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined && objects.length < limit)
  return objects.slice(0, limit)
}

export async function removeTree(client: S3Client, place: Place): Promise<void> {
  const keys = [place.key, ...(await listTree(client, place)).map(({ key }) => key)]
  for (let start = 0; start < keys.length; start += 1000) {
    const Objects = keys.slice(start, start + 1000).map((Key) => ({ Key }))
    await client.send(new DeleteObjectsCommand({ Bucket: place.bucket, Delete: { Objects, Quiet: true } }))
  }
}

const etagOf = (etag: string | undefined): { etag?: string } => (etag ? { etag: etag.replaceAll('"', '') } : {})

async function inParallel<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const queue = items.values()
  const worker = async () => {
    for (const item of queue) await work(item)
  }
  await Promise.all(Array.from({ length: Math.min(PARALLEL_COPIES, items.length) }, worker))
}

export function isNotThere(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } }
  return name === 'NoSuchKey' || name === 'NotFound' || $metadata?.httpStatusCode === 404
}
