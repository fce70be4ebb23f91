/** The log of an attempt: its tail for messages, and a limit so that a chatty step can't fill the disk. */
import { appendFile, open, truncate } from 'node:fs/promises'
import { isMissing } from '../store/digest.ts'

const TAIL_BYTES = 4096
const TAIL_LINES = 20
/** Above this the middle of a log is dropped. */
export const LOG_LIMIT_BYTES = 256 * 1024 * 1024
const KEPT_AT_END_BYTES = 1024 * 1024

/** Last lines of a log, a few KB at most; empty when there is none. */
export async function readLogTail(path: string): Promise<string> {
  const text = (await readEnd(path, TAIL_BYTES)).toString('utf8')
  return text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}

/**
 * Shortens a log that is longer than the limit while its step goes on writing: the first half of the limit stays, a line says
 * how much was dropped, the newest part follows. The step appends (O_APPEND), so it goes on behind that.
 */
export async function shortenLog(path: string, limitBytes: number = LOG_LIMIT_BYTES): Promise<void> {
  const file = await openIfThere(path, 'r+')
  if (!file) return
  try {
    const { size } = await file.stat()
    if (size <= limitBytes) return
    const end = await readEnd(path, Math.min(KEPT_AT_END_BYTES, limitBytes / 4))
    const kept = Math.floor(limitBytes / 2)
    await truncate(path, kept)
    await appendFile(
      path,
      `\n[kfp-ts] ${size - kept - end.length} bytes of output were dropped here: a log keeps ${limitBytes} bytes\n`,
    )
    await appendFile(path, end)
  } finally {
    await file.close()
  }
}

async function readEnd(path: string, bytes: number): Promise<Buffer> {
  const file = await openIfThere(path, 'r')
  if (!file) return Buffer.alloc(0)
  try {
    const { size } = await file.stat()
    const length = Math.min(size, bytes)
    const buffer = Buffer.alloc(length)
    await file.read(buffer, 0, length, size - length)
    return buffer
  } finally {
    await file.close()
  }
}

async function openIfThere(path: string, flags: 'r' | 'r+') {
  try {
    return await open(path, flags)
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}
