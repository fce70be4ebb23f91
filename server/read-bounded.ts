/** Reads a stream whole, up to a size. */
import type { Readable } from 'node:stream'
import { invalid } from '../store/metadata/errors.ts'

/** Rejects with `invalid` and ends the stream when there is more. */
export async function readBounded(stream: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) {
      stream.destroy()
      throw invalid(`there are more than the ${maxBytes} bytes that are read at once`)
    }
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
