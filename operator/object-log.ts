/** A log in an object store, where nothing can be appended to: objects of a bounded size, the last one replaced while it grows. */
import { Readable, Writable } from 'node:stream'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { TAIL_BYTES } from './log-resume.ts'
import type { KeptLog } from './run-store.ts'
import { openSpoolFile, type SpoolFile } from './spool-file.ts'

export interface ObjectLogOptions {
  readonly store: Pick<ArtifactStore, 'find' | 'read' | 'upload' | 'download'>
  /** Of the first object; the others are `<uri>.2`, `<uri>.3`, … */
  readonly uri: string
  /** @default 8 MiB */
  readonly maxObjectBytes?: number
  /** How old the last bytes may become before they are stored. @default 3_000 */
  readonly flushMillis?: number
}

const MAX_OBJECT_BYTES = 8 * 1024 * 1024
const FLUSH_MILLIS = 3_000
/** Copying the last object again and again may take a tenth of the time at most. */
const SHARE_OF_TIME = 10

const uriOf = (uri: string, index: number): string => (index === 1 ? uri : `${uri}.${index}`)

async function lastIndex({ store, uri }: ObjectLogOptions): Promise<number> {
  let index = 0
  while (await store.find(uriOf(uri, index + 1))) index++
  return index
}

/** Appends to what is kept. At most one object of it is held here, in a file. */
export async function openObjectLog(options: ObjectLogOptions): Promise<Writable> {
  const last = await lastIndex(options)
  const spool = await openSpoolFile()
  try {
    if (last > 0) await options.store.download(uriOf(options.uri, last), spool.path)
    const { size } = await spool.handle.stat()
    // A step that says nothing has a log too: an empty one.
    return new ObjectLog(options, { spool, index: Math.max(1, last), size }, last === 0)
  } catch (error) {
    await spool.remove()
    throw error
  }
}

interface Part {
  readonly spool: SpoolFile
  index: number
  size: number
}

class ObjectLog extends Writable {
  readonly #options: ObjectLogOptions
  readonly #part: Part
  /** One thing at a time: nothing is written while the file is copied. */
  #work: Promise<void> = Promise.resolve()
  #isDirty: boolean
  #timer: NodeJS.Timeout | undefined
  #tookMillis = 0

  constructor(options: ObjectLogOptions, part: Part, isNew: boolean) {
    super({ highWaterMark: 256 * 1024 })
    this.#options = options
    this.#part = part
    this.#isDirty = isNew
  }

  #then(callback: (error?: Error | null) => void, work: () => Promise<void>): void {
    this.#work = this.#work.then(work).then(() => callback(), callback)
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    this.#then(callback, async () => {
      const part = this.#part
      if (part.size >= (this.#options.maxObjectBytes ?? MAX_OBJECT_BYTES)) {
        await this.#flush()
        await part.spool.handle.truncate(0)
        part.index++
        part.size = 0
      }
      await part.spool.handle.appendFile(chunk)
      part.size += chunk.length
      this.#isDirty = true
      const wait = Math.max(this.#options.flushMillis ?? FLUSH_MILLIS, this.#tookMillis * SHARE_OF_TIME)
      this.#timer ??= setTimeout(() => {
        this.#timer = undefined
        this.#then(
          (error) => error && this.destroy(error),
          () => this.#flush(),
        )
      }, wait).unref()
    })
  }

  async #flush(): Promise<void> {
    if (!this.#isDirty) return
    const startedAt = performance.now()
    const { spool, index } = this.#part
    await this.#options.store.upload(spool.path, uriOf(this.#options.uri, index))
    this.#isDirty = false
    this.#tookMillis = performance.now() - startedAt
  }

  override _final(callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#then(callback, () => this.#flush())
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    clearTimeout(this.#timer)
    this.#work
      .then(() => this.#part.spool.remove())
      .then(
        () => callback(error),
        (failure) => callback(error ?? failure),
      )
  }
}

/** All objects one after the other; undefined when there is none. */
export async function readObjectLog(options: ObjectLogOptions): Promise<Readable | undefined> {
  const { store, uri } = options
  const first = await store.read(uri)
  if (!first) return undefined
  async function* parts(): AsyncGenerator<Buffer> {
    for (let part: Readable | undefined = first, index = 2; part; part = await store.read(uriOf(uri, index++)))
      yield* part
  }
  return Readable.from(parts())
}

export async function keptObjectLog(options: ObjectLogOptions): Promise<KeptLog | undefined> {
  const { store, uri } = options
  const index = await lastIndex(options)
  const last = index > 0 ? await store.find(uriOf(uri, index)) : undefined
  if (!last) return undefined
  const end = await endOf(store, uriOf(uri, index), last.bytes, TAIL_BYTES)
  if (end.length >= TAIL_BYTES || index === 1) {
    return { modifiedAt: last.modifiedAt, tail: { bytes: end, isWhole: index === 1 && end.length === last.bytes } }
  }
  const before = uriOf(uri, index - 1)
  const { bytes = 0 } = (await store.find(before)) ?? {}
  const more = await endOf(store, before, bytes, TAIL_BYTES - end.length)
  return { modifiedAt: last.modifiedAt, tail: { bytes: Buffer.concat([more, end]), isWhole: false } }
}

async function endOf(store: Pick<ArtifactStore, 'read'>, uri: string, bytes: number, wanted: number): Promise<Buffer> {
  if (bytes === 0) return Buffer.alloc(0)
  const stream = await store.read(uri, { start: Math.max(0, bytes - wanted) })
  const chunks: Buffer[] = []
  for await (const chunk of stream ?? []) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks)
}
