/** Says for every task of a run of this machine that asked the cache what it was told, and what had changed. Before: cli explain. */
import type { CacheExplanation } from '../api/cache-explanation.ts'
import { cacheStory } from '../engine/index.ts'
import type { RunConfig } from '../engine/types.ts'
import { type CacheEntry, openCacheIndex } from '../store/cache-index.ts'
import { type RunPaths, readManifest } from '../store/run-folder.ts'
import { artifactPath } from './import-artifact.ts'
import { replay } from './replay.ts'
import { cacheFolder } from './run.ts'

export async function explainCache(paths: RunPaths): Promise<CacheExplanation[]> {
  const manifest = await readManifest<RunConfig>(paths)
  if (!manifest) return []
  const story = cacheStory(manifest.config)
  await replay(paths, manifest, (record, { actions }) => story.hear(record, actions))
  return story.explain(await entriesOf(paths, story.lastAsked()?.pipelineName))
}

async function entriesOf(paths: RunPaths, pipelineName: string | undefined): Promise<CacheEntry[]> {
  if (pipelineName === undefined) return []
  const entries: CacheEntry[] = []
  for await (const entry of openCacheIndex(cacheFolder(paths.root), artifactPath).entries(pipelineName))
    entries.push(entry)
  return entries
}
