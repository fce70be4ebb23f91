/** The files of the corpus, for all tests that go through it. */
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

export const corpusFolder = resolve(import.meta.dirname, 'corpus')

/** Paths relative to `corpus/<part>`, sorted. */
export function corpusFiles(part: 'valid' | 'invalid'): string[] {
  return readdirSync(join(corpusFolder, part), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(corpusFolder, part).length + 1))
    .sort()
}
