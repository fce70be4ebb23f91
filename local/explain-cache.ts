/** Replays a run's journal to say, for every task that asked the cache, what it was told and what had changed. */
import { partChanges } from '../engine/index.ts'
import type { PartChange, RunConfig, RunEvent } from '../engine/types.ts'
import { type CacheEntry, openCacheIndex } from '../store/cache-index.ts'
import { type RunPaths, readManifest } from '../store/run-folder.ts'
import { artifactPath } from './import-artifact.ts'
import { replay } from './replay.ts'
import { cacheFolder } from './run.ts'

export interface CacheExplanation {
  readonly task: string
  readonly hit: boolean
  /** For a miss. */
  readonly reason?: string
  /** For a hit. */
  readonly source?: { readonly runId: string; readonly task: string }
  /** For a miss: the earlier result that differs in the fewest parts, as far as there is one. */
  readonly nearest?: {
    readonly runId: string
    readonly task: string
    readonly changes: readonly PartChange[]
  }
}

interface Question {
  readonly task: string
  readonly pipelineName: string
  readonly parts: Readonly<Record<string, string>>
  readonly at: number
}

export async function explainCache(paths: RunPaths): Promise<CacheExplanation[]> {
  const manifest = await readManifest<RunConfig>(paths)
  if (!manifest) return []
  const questions = new Map<string, Question>()
  /** The last word about each task. */
  const told = new Map<string, CacheExplanation & { question?: Question }>()
  await replay(paths, manifest, ({ at, event }, { actions }) => {
    if (event.kind === 'cache-answered') {
      const { answer, task } = event
      const question = questions.get(task)
      if (answer.hit)
        told.set(task, { task, hit: true, source: { runId: answer.sourceRunId, task: answer.sourceTask } })
      // What changed since the run that is reused says more than that the cache had nothing either.
      else if (!told.has(task) || manifest.config.reuse === undefined)
        told.set(task, { task, hit: false, reason: answer.reason, ...(question ? { question } : {}) })
    }
    if (event.kind === 'reuse-answered') told.set(event.task, reuseExplanation(event, manifest.config))
    for (const action of actions) {
      if (action.kind !== 'look-up-cache') continue
      const { task, pipelineName, cacheKey } = action
      questions.set(task, { task, pipelineName, parts: cacheKey.parts, at })
    }
  })
  const entries = await entriesOf(paths, [...questions.values()][0]?.pipelineName)
  return [...told.values()].map(({ question, ...explanation }) => {
    const nearest = question && nearestEntry(question, entries)
    return nearest ? { ...explanation, nearest: describe(question, nearest) } : explanation
  })
}

function reuseExplanation(
  { task, answer }: Extract<RunEvent, { kind: 'reuse-answered' }>,
  { reuse }: RunConfig,
): CacheExplanation {
  if (answer.hit) return { task, hit: true, source: { runId: answer.sourceRunId, task: answer.sourceTask } }
  const { reason, changes } = answer
  return { task, hit: false, reason, ...(changes && reuse ? { nearest: { runId: reuse.runId, task, changes } } : {}) }
}

async function entriesOf(paths: RunPaths, pipelineName: string | undefined): Promise<CacheEntry[]> {
  if (pipelineName === undefined) return []
  const index = openCacheIndex(cacheFolder(paths.root), artifactPath)
  const entries: CacheEntry[] = []
  for await (const entry of index.entries(pipelineName)) entries.push(entry)
  return entries
}

/** Among the results that existed then: of the same task, else of any; the fewest changed parts; the newest. */
function nearestEntry(question: Question, entries: readonly CacheEntry[]): CacheEntry | undefined {
  const earlier = entries.filter(({ savedAt }) => savedAt < question.at)
  const sameTask = earlier.filter(({ task }) => withoutIteration(task) === withoutIteration(question.task))
  const candidates = sameTask.length > 0 ? sameTask : earlier
  const ranked = candidates.map((entry) => ({ entry, changes: partChanges(entry.parts, question.parts).length }))
  return ranked.sort((a, b) => a.changes - b.changes || b.entry.savedAt - a.entry.savedAt)[0]?.entry
}

function describe(question: Question, entry: CacheEntry): NonNullable<CacheExplanation['nearest']> {
  const changes = partChanges(entry.parts, question.parts)
  return { runId: entry.runId, task: entry.task, changes }
}

const withoutIteration = (task: string) => task.replaceAll(/\[\d+\]/g, '')
