/**
 * Pipelines as they are uploaded: YAML or JSON, or a zip or tar.gz with one inside, as Kubeflow's own tools pack them.
 * Before: a file's or a request's bytes. After: `api/parse.ts`.
 */
import type { Issue } from '../api/issue.ts'
import type { IssueCode } from '../api/issue-codes.ts'
import { MAX_FILE_BYTES } from '../api/parse/read-text.ts'
import { type ParseOptions, type ParseResult, parsePipelineDocument } from '../api/parse.ts'

/** More files than that are no pipeline archive; counted before anything is unpacked. */
const MAX_ENTRIES = 1000

/**
 * Like `parsePipelineDocument`, but looks into archives first. In an archive the file `pipeline.yaml` counts, or else the only
 * YAML or JSON file; nothing else is unpacked, and never more than the size limit of a pipeline.
 */
export async function parsePipelineFile(bytes: Uint8Array, options: ParseOptions = {}): Promise<ParseResult> {
  const unpack = isZip(bytes) ? unpackZip : isGzip(bytes) ? unpackTarGz : undefined
  if (!unpack) return parsePipelineDocument(bytes, options)
  try {
    const { name, content } = await unpack(bytes)
    return parsePipelineDocument(content, { file: options.file === undefined ? name : `${options.file}/${name}` })
  } catch (error) {
    if (!(error instanceof ArchiveProblem)) throw error
    return { issues: [toIssue(error, options)] }
  }
}

interface UnpackedFile {
  readonly name: string
  readonly content: Uint8Array
}

class ArchiveProblem extends Error {
  readonly hint: string
  readonly code: IssueCode
  constructor(message: string, hint: string, code: IssueCode = 'bad-archive') {
    super(message)
    this.hint = hint
    this.code = code
  }
}

function toIssue({ code, message, hint }: ArchiveProblem, { file }: ParseOptions): Issue {
  return { code, severity: 'error', path: '', message, hint, ...(file === undefined ? {} : { location: { file } }) }
}

function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 0x03 || bytes[2] === 0x05)
}

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b
}

async function unpackZip(bytes: Uint8Array): Promise<UnpackedFile> {
  const { fromBufferPromise } = await import('yauzl')
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const archive = await fromBufferPromise(buffer, { lazyEntries: true }).catch(rethrowDamage)
  if (archive.entryCount > MAX_ENTRIES) throw tooManyEntries()
  try {
    const entries: { readonly fileName: string }[] = []
    for await (const entry of archive.eachEntry()) entries.push(entry)
    const name = chooseName(entries.map(({ fileName }) => fileName))
    const chosen = entries.find(({ fileName }) => fileName === name) as Parameters<
      typeof archive.openReadStreamPromise
    >[0]
    return { name, content: await readBounded(await archive.openReadStreamPromise(chosen)) }
  } catch (error) {
    return rethrowDamage(error)
  } finally {
    archive.close()
  }
}

async function unpackTarGz(bytes: Uint8Array): Promise<UnpackedFile> {
  const [{ extract }, { createGunzip }, stream] = await Promise.all([
    import('tar-stream'),
    import('node:zlib'),
    import('node:stream'),
  ])
  const files = new Map<string, Uint8Array>()
  const archive = extract()
  const feeding = stream.promises.pipeline(
    stream.Readable.from([bytes]),
    createGunzip(),
    limit(stream.Transform),
    archive,
  )
  feeding.catch(() => undefined)
  const names: string[] = []
  try {
    for await (const entry of archive) {
      names.push(entry.header.name)
      if (names.length > MAX_ENTRIES) throw tooManyEntries()
      if (isPipelineFile(entry.header.name)) files.set(entry.header.name, await readBounded(entry))
      else entry.resume()
    }
    await feeding
  } catch (error) {
    return rethrowDamage(error)
  } finally {
    archive.destroy()
  }
  const name = chooseName(names)
  return { name, content: files.get(name)! }
}

/** All of a tar is inflated to find its files: bounds that too. */
function limit(Transform: typeof import('node:stream').Transform) {
  let seen = 0
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      seen += chunk.length
      if (seen > 2 * MAX_FILE_BYTES) done(tooLarge())
      else done(null, chunk)
    },
  })
}

interface ByteStream extends AsyncIterable<unknown> {
  destroy(): unknown
}

async function readBounded(stream: ByteStream): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const item of stream) {
    const chunk = item as Uint8Array
    size += chunk.length
    if (size > MAX_FILE_BYTES) {
      stream.destroy()
      throw tooLarge()
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function isPipelineFile(name: string): boolean {
  const base = baseName(name)
  return /\.(ya?ml|json)$/i.test(base) && !base.startsWith('.') && !name.startsWith('__MACOSX/')
}

function chooseName(names: readonly string[]): string {
  const candidates = names.filter(isPipelineFile)
  const chosen = candidates.find((name) => baseName(name) === 'pipeline.yaml') ?? candidates[0]
  if (chosen === undefined) {
    const message = names.length === 0 ? 'the archive is empty' : 'the archive holds no YAML or JSON file'
    throw new ArchiveProblem(message, 'pack the compiled pipeline into it as pipeline.yaml')
  }
  if (candidates.length > 1 && baseName(chosen) !== 'pipeline.yaml') {
    const list = candidates.slice(0, 5).join(', ')
    throw new ArchiveProblem(`the archive holds several pipelines: ${list}`, 'name one of them pipeline.yaml')
  }
  return chosen
}

function baseName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1)
}

function tooManyEntries(): ArchiveProblem {
  return new ArchiveProblem(`the archive holds more than ${MAX_ENTRIES} files`, 'pack the compiled pipeline alone')
}

function tooLarge(): ArchiveProblem {
  const limitMegabytes = MAX_FILE_BYTES / (1024 * 1024)
  const message = `the unpacked file is larger than ${limitMegabytes} MB`
  return new ArchiveProblem(message, 'pass data by URI or artifact, not inside the pipeline', 'file-too-large')
}

function rethrowDamage(error: unknown): never {
  if (error instanceof ArchiveProblem) throw error
  const reason = error instanceof Error ? error.message : String(error)
  throw new ArchiveProblem(`the archive cannot be read: ${reason}`, 'pack it again, or give the YAML file itself')
}
