/** Files of one prefix of an S3 bucket, written and read as streams. Nothing is held in memory but the parts on their way. */
import { Readable } from 'node:stream'
import { GetObjectCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { isNotThere, type Place, placeOf, removeTree, type S3Settings, s3Client, sizeOfObject } from './s3-store.ts'

export interface S3Bucket {
  /** Replaces the object at once when the stream has ended; a broken stream leaves what was there. */
  write(path: string, content: Readable): Promise<void>
  /** Undefined when there is no such object. `size` is that of the whole object. */
  read(
    path: string,
    range?: { readonly start: number; readonly end?: number | undefined },
  ): Promise<{ readonly size: number; readonly stream: Readable } | undefined>
  /** One level; `''` is the prefix itself. */
  list(path: string): Promise<{ files: { name: string; size: number }[]; folders: string[] }>
  /** The object and all below it. */
  remove(path: string): Promise<void>
  close(): void
}

/** An upload has 10,000 parts at most, so a file up to 160 GB. */
const PART_BYTES = 16 * 1024 * 1024
const PARTS_AT_ONCE = 3

/** @param root for example `s3://bucket/prefix`, or `s3://bucket` */
export function s3Bucket(root: string, settings: S3Settings = {}): S3Bucket {
  const client = s3Client(settings)
  const trimmed = root.replace(/\/+$/, '')
  if (!/^(s3|minio):\/\/[^/?]+/.test(trimmed)) throw new Error(`${root} is not of the form s3://BUCKET/PREFIX`)
  const place = (path: string): Place => placeOf(`${trimmed}/${path}`)

  return {
    async write(path, content) {
      const { bucket, key } = place(path)
      const upload = new Upload({
        client,
        params: { Bucket: bucket, Key: key, Body: content },
        partSize: PART_BYTES,
        queueSize: PARTS_AT_ONCE,
      })
      await upload.done()
    },
    async read(path, range) {
      const { bucket, key } = place(path)
      const part = range === undefined ? {} : { Range: `bytes=${range.start}-${range.end ?? ''}` }
      try {
        const found = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key, ...part }))
        const whole = /\/(\d+)$/.exec(found.ContentRange ?? '')?.[1]
        return { size: Number(whole ?? found.ContentLength ?? 0), stream: found.Body as Readable }
      } catch (error) {
        if (isNotThere(error)) return undefined
        if ((error as { name?: string }).name !== 'InvalidRange') throw error
        const whole = await sizeOfObject(client, { bucket, key })
        return whole && { size: whole.bytes, stream: Readable.from([]) }
      }
    },
    list: (path) => listLevel(client, path === '' ? folderOf(trimmed) : place(`${path}/`), path === ''),
    remove: (path) => removeTree(client, place(path)),
    close: () => client.destroy(),
  }
}

/** A bucket without a prefix has no key to begin with. */
function folderOf(root: string): Place {
  const [, bucket = '', key = ''] = /^[a-z0-9]+:\/\/([^/]+)\/?(.*)$/.exec(root) ?? []
  return { bucket, key }
}

async function listLevel(client: S3Client, { bucket, key }: Place, isRoot: boolean) {
  const prefix = isRoot && key === '' ? '' : `${key}/`
  const files: { name: string; size: number }[] = []
  const folders: string[] = []
  let token: string | undefined
  do {
    const page = await client.send(
      new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: prefix,
        Delimiter: '/',
        ...(token === undefined ? {} : { ContinuationToken: token }),
      }),
    )
    for (const { Key = '', Size = 0 } of page.Contents ?? []) {
      // Consoles make an empty object for a folder.
      if (Key !== prefix) files.push({ name: Key.slice(prefix.length), size: Size })
    }
    for (const { Prefix = '' } of page.CommonPrefixes ?? []) folders.push(Prefix.slice(prefix.length, -1))
    token = page.IsTruncated ? page.NextContinuationToken : undefined
  } while (token !== undefined)
  return { files, folders }
}
