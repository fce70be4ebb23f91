/** The text of an uploaded pipeline package: plain, zip or tar.gz. Bounded: a small archive must not become a large text. */
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import tar from 'tar-stream'
import yauzl from 'yauzl'
import { invalid } from '../../store/metadata/errors.ts'
import { readBounded } from '../read-bounded.ts'

/** Of an upload, and of what it unpacks to. */
export const MAX_PACKAGE_BYTES = 32 * 1024 * 1024
const MAX_ENTRIES = 1000
const PIPELINE_FILE = 'pipeline.yaml'

/** Throws `invalid` for archives that hold no pipeline, too much, or are broken. */
export async function unpackPipeline(content: Buffer): Promise<string> {
  if (content.length > MAX_PACKAGE_BYTES) throw tooLarge()
  if (content[0] === 0x50 && content[1] === 0x4b) return await fromZip(content)
  if (content[0] === 0x1f && content[1] === 0x8b) return await fromTarball(content)
  return content.toString('utf8')
}

function tooLarge(): Error {
  return invalid(`A pipeline package may have ${MAX_PACKAGE_BYTES / 1024 / 1024} MiB, packed and unpacked`)
}

function isPipelineFile(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name) && !name.endsWith('/')
}

async function fromZip(content: Buffer): Promise<string> {
  return await new Promise((resolve, reject) => {
    yauzl.fromBuffer(content, { lazyEntries: true, validateEntrySizes: true }, (error, zip) => {
      if (error) return reject(invalid(`The zip file can not be read: ${error.message}`))
      const names: yauzl.Entry[] = []
      zip.on('error', (broken) => reject(invalid(`The zip file can not be read: ${broken.message}`)))
      zip.on('entry', (entry: yauzl.Entry) => {
        if (isPipelineFile(entry.fileName)) names.push(entry)
        if (names.length > MAX_ENTRIES || zip.entriesRead > MAX_ENTRIES)
          reject(invalid('The zip file has too many entries'))
        else zip.readEntry()
      })
      zip.on('end', () => {
        const chosen = names.find((entry) => entry.fileName === PIPELINE_FILE) ?? names[0]
        if (!chosen) return reject(invalid(`The zip file holds no ${PIPELINE_FILE}`))
        if (chosen.uncompressedSize > MAX_PACKAGE_BYTES) return reject(tooLarge())
        zip.openReadStream(chosen, (failed, stream) => {
          if (failed) return reject(invalid(`The zip file can not be read: ${failed.message}`))
          readBounded(stream, MAX_PACKAGE_BYTES).then(
            (read) => resolve(read.toString('utf8')),
            (cause) => reject(asInvalid(cause)),
          )
        })
      })
      zip.readEntry()
    })
  })
}

function asInvalid(cause: unknown): Error {
  const message = cause instanceof Error ? cause.message : String(cause)
  return invalid(`The archive can not be read: ${message}`)
}

async function fromTarball(content: Buffer): Promise<string> {
  const unzip = createGunzip()
  const extract = tar.extract()
  let unpacked = 0
  unzip.on('data', (chunk: Buffer) => {
    unpacked += chunk.length
    if (unpacked > MAX_PACKAGE_BYTES) unzip.destroy(tooLarge())
  })
  unzip.on('error', (error) => extract.destroy(error))
  unzip.pipe(extract)
  unzip.end(content)
  let first: string | undefined
  let entries = 0
  try {
    for await (const entry of extract) {
      entries += 1
      if (entries > MAX_ENTRIES) throw invalid('too many entries')
      const wanted = entry.header.type === 'file' && isPipelineFile(entry.header.name)
      if (!wanted || (first !== undefined && entry.header.name !== PIPELINE_FILE)) {
        entry.resume()
        continue
      }
      const text = (await readBounded(entry as unknown as Readable, MAX_PACKAGE_BYTES)).toString('utf8')
      if (entry.header.name === PIPELINE_FILE) return text
      first ??= text
    }
  } catch (error) {
    throw asInvalid(error)
  } finally {
    unzip.destroy()
  }
  if (first === undefined) throw invalid(`The tar.gz file holds no ${PIPELINE_FILE}`)
  return first
}
