/** Says for every task of a run of the cluster that asked the cache what it was told, and what had changed. Before: a server asks. */
import type { CacheExplanation } from '../api/cache-explanation.ts'
import { cacheStory } from '../engine/index.ts'
import { replay } from './replay.ts'
import type { ReusePorts } from './reuse.ts'
import type { RunRecords } from './run-records.ts'

/** @returns undefined for a run that never started, or whose journal is gone */
export async function explainCache(
  { records, loader }: Omit<ReusePorts, 'store'>,
  runId: string,
): Promise<CacheExplanation[] | undefined> {
  const stored = await records.load(runId)
  if (!stored || stored.journal.length === 0) return undefined
  const { header } = stored
  const story = cacheStory(header.config)
  replay(loader, stored, (record, { actions }) => story.hear(record, actions))
  const asked = story.lastAsked()
  const earlier = asked ? await records.earlierResults(header.namespace, asked.pipelineName, asked.at) : []
  return await withNames(records, story.explain(earlier))
}

/** People know a run by the name of its resource. */
async function withNames(records: RunRecords, told: readonly CacheExplanation[]): Promise<CacheExplanation[]> {
  const ids = told.flatMap(({ source, nearest }) => [source?.runId, nearest?.runId]).filter((id) => id !== undefined)
  const names = await records.namesOf([...new Set(ids)])
  const named = <T extends { readonly runId: string }>(earlier: T): T => {
    const runName = names.get(earlier.runId)
    return runName === undefined ? earlier : { ...earlier, runName }
  }
  return told.map((item) => ({
    ...item,
    ...(item.source ? { source: named(item.source) } : {}),
    ...(item.nearest ? { nearest: named(item.nearest) } : {}),
  }))
}
