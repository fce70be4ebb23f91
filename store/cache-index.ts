/** The cache of task results on disk: one file an entry, found by content key, believed only while its artifacts are unchanged. */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RuntimeArtifact, TaskOutputs } from '../api/executor-io.ts'
import { digestPath, isMissing } from './digest.ts'
import { writeFileAtomically } from './write-file.ts'

/** A result that may be used again. */
export interface CacheEntry {
  readonly key: string
  /** What the key was made of (see engine's CacheKey). */
  readonly parts: Readonly<Record<string, string>>
  readonly outputs: TaskOutputs
  readonly runId: string
  readonly task: string
  /** Epoch milliseconds. */
  readonly savedAt: number
}

export type CacheLookup = { readonly entry: CacheEntry } | { readonly reason: string }

export interface CacheIndex {
  /** Finds the entry of a key and tests that its artifacts still are what they were. */
  readonly lookUp: (pipelineName: string, key: string) => Promise<CacheLookup>
  /** The newest entry of a key wins. */
  readonly save: (pipelineName: string, entry: CacheEntry) => Promise<void>
  /** All entries of a pipeline, for `explain`. Unreadable ones are left out. */
  readonly entries: (pipelineName: string) => AsyncIterable<CacheEntry>
}

/**
 * @param folder holds the entries; made when the first one is saved
 * @param localPath path of an artifact on this machine, undefined for what is kept elsewhere and cannot be tested here
 */
export function openCacheIndex(
  folder: string,
  localPath: (artifact: RuntimeArtifact) => string | undefined,
): CacheIndex {
  const folderOf = (pipelineName: string) =>
    join(folder, createHash('sha256').update(pipelineName).digest('hex').slice(0, 16))
  const fileOf = (pipelineName: string, key: string) => join(folderOf(pipelineName), `${key}.json`)
  return {
    lookUp: async (pipelineName, key) => {
      const entry = await readEntry(fileOf(pipelineName, key))
      if (!entry) return { reason: 'no earlier result has this key' }
      const damage = await findDamage(entry.outputs, localPath)
      return damage ? { reason: `the result of run ${entry.runId} can't be used: ${damage}` } : { entry }
    },
    save: (pipelineName, entry) => writeFileAtomically(fileOf(pipelineName, entry.key), JSON.stringify(entry), false),
    entries: async function* (pipelineName) {
      for (const name of await namesIn(folderOf(pipelineName))) {
        const entry = await readEntry(join(folderOf(pipelineName), name))
        if (entry) yield entry
      }
    },
  }
}

/** First artifact that is gone or changed, in words; undefined when all are as they were. */
export async function findDamage(
  outputs: TaskOutputs,
  localPath: (artifact: RuntimeArtifact) => string | undefined,
): Promise<string | undefined> {
  for (const [output, artifacts] of Object.entries(outputs.artifacts)) {
    for (const artifact of artifacts) {
      const path = artifact.digest === undefined ? undefined : localPath(artifact)
      if (path === undefined) continue
      const digest = await digestPath(path)
      if (digest === undefined) return `artifact "${output}" no longer exists at ${path}`
      if (digest !== artifact.digest) return `artifact "${output}" at ${path} was changed since (its checksum differs)`
    }
  }
  return undefined
}

async function readEntry(path: string): Promise<CacheEntry | undefined> {
  try {
    const entry = JSON.parse(await readFile(path, 'utf8')) as CacheEntry
    return typeof entry.key === 'string' && entry.outputs ? entry : undefined
  } catch (error) {
    if (isMissing(error) || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => name.endsWith('.json'))
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}
