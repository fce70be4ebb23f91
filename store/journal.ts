/** A run's journal: one JSON text a line, on the disk before anybody acts on it. */
import { createReadStream } from 'node:fs'
import { open, stat, truncate } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isMissing } from './digest.ts'

/** An open journal. One writer at a time (see lock.ts). */
export interface Journal<Entry> {
  /** Resolves when the lines are durable. Calls are carried out in order. */
  readonly append: (entries: readonly Entry[]) => Promise<void>
  readonly close: () => Promise<void>
}

/** Opens a journal for appending; a last line that a kill cut short is removed first, since nobody acted on it. */
export async function openJournal<Entry>(path: string): Promise<Journal<Entry>> {
  await dropTornTail(path)
  const file = await open(path, 'a')
  await syncFolder(dirname(path))
  const write = async (entries: readonly Entry[]) => {
    if (entries.length === 0) return
    await file.appendFile(entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''))
    await file.datasync()
  }
  // Writes that overlap could swap places: each waits for the one before, and fails when that failed.
  let last = Promise.resolve()
  return {
    append: (entries) => {
      last = last.then(() => write(entries))
      return last
    },
    close: async () => {
      await last.catch(() => undefined)
      await file.close()
    },
  }
}

/** Reads the entries from the start; a torn last line is left out. Nothing when there is no journal yet. */
export async function* readJournal<Entry>(path: string): AsyncGenerator<Entry> {
  const end = await lengthOfWholeLines(path)
  if (end === 0) return
  let number = 0
  for await (const line of splitLines(createReadStream(path, { end: end - 1 }))) {
    number += 1
    if (line !== '') yield parseEntry<Entry>(path, number, line)
  }
}

/** At newlines alone: node:readline also splits at U+2028 and U+2029, which JSON texts hold as they are. */
async function* splitLines(chunks: AsyncIterable<Buffer>): AsyncGenerator<string> {
  let begun: Buffer[] = []
  for await (const chunk of chunks) {
    let start = 0
    for (let newline = chunk.indexOf(0x0a); newline >= 0; newline = chunk.indexOf(0x0a, start)) {
      yield Buffer.concat([...begun, chunk.subarray(start, newline)]).toString('utf8')
      begun = []
      start = newline + 1
    }
    begun.push(chunk.subarray(start))
  }
}

function parseEntry<Entry>(path: string, number: number, line: string): Entry {
  try {
    return JSON.parse(line) as Entry
  } catch (cause) {
    throw new Error(`${path}:${number}: the journal is damaged: this line is not JSON`, { cause })
  }
}

async function dropTornTail(path: string): Promise<void> {
  const wholeLength = await lengthOfWholeLines(path)
  if (wholeLength !== (await sizeOf(path))) await truncate(path, wholeLength)
}

/** Bytes up to and including the last newline. */
async function lengthOfWholeLines(path: string): Promise<number> {
  const size = await sizeOf(path)
  if (size === 0) return 0
  const file = await open(path, 'r')
  try {
    const window = Buffer.alloc(Math.min(size, 64 * 1024))
    for (let end = size; end > 0; end -= window.length) {
      const start = Math.max(0, end - window.length)
      const { bytesRead } = await file.read(window, 0, end - start, start)
      const newline = window.subarray(0, bytesRead).lastIndexOf(0x0a)
      if (newline >= 0) return start + newline + 1
    }
    return 0
  } finally {
    await file.close()
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

/** A new file's name is durable only when its folder is. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
