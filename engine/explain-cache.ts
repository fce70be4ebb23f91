/** What the cache and an earlier run were asked, and what they said, as a run's journal tells it. Before: `explain` here and in a cluster. */
import type { CacheExplanation } from '../api/cache-explanation.ts'
import { partChanges } from './reuse.ts'
import type { Action, JournalRecord, RunConfig, RunEvent } from './types.ts'

/** A result that is in the cache. */
export interface EarlierResult {
  readonly runId: string
  readonly task: string
  /** What its key was made of. */
  readonly parts: Readonly<Record<string, string>>
  /** Epoch milliseconds. */
  readonly savedAt: number
}

/** Listens to a run that is replayed, then explains. */
export interface CacheStory {
  /** One record of the journal and what followed from it. */
  hear(record: JournalRecord, actions: readonly Action[]): void
  /** Undefined while the cache was asked nothing. */
  lastAsked(): { readonly pipelineName: string; readonly at: number } | undefined
  /** The last word about each task. @param earlier results of the pipeline */
  explain(earlier: readonly EarlierResult[]): CacheExplanation[]
}

interface Question {
  readonly task: string
  readonly pipelineName: string
  readonly parts: Readonly<Record<string, string>>
  readonly at: number
}

export function cacheStory(config: RunConfig): CacheStory {
  const questions = new Map<string, Question>()
  const told = new Map<string, CacheExplanation & { question?: Question }>()
  let last: Question | undefined
  return {
    hear({ at, event }, actions) {
      if (event.kind === 'cache-answered') {
        const { answer, task } = event
        const question = questions.get(task)
        if (answer.hit)
          told.set(task, { task, hit: true, source: { runId: answer.sourceRunId, task: answer.sourceTask } })
        // What changed since the run that is reused says more than that the cache had nothing either.
        else if (!told.has(task) || config.reuse === undefined)
          told.set(task, { task, hit: false, reason: answer.reason, ...(question ? { question } : {}) })
      }
      if (event.kind === 'reuse-answered') told.set(event.task, reuseExplanation(event, config))
      for (const action of actions) {
        if (action.kind !== 'look-up-cache') continue
        const { task, pipelineName, cacheKey } = action
        last = { task, pipelineName, parts: cacheKey.parts, at }
        questions.set(task, last)
      }
    },
    lastAsked: () => last,
    explain(earlier) {
      const candidates = candidatesAmong(earlier)
      return [...told.values()].map(({ question, ...explanation }) => {
        const nearest = question && nearestResult(question, candidates(question))
        return nearest ? { ...explanation, nearest } : explanation
      })
    },
  }
}

function reuseExplanation(
  { task, answer }: Extract<RunEvent, { kind: 'reuse-answered' }>,
  { reuse }: RunConfig,
): CacheExplanation {
  if (answer.hit) return { task, hit: true, source: { runId: answer.sourceRunId, task: answer.sourceTask } }
  const { reason, changes } = answer
  return { task, hit: false, reason, ...(changes && reuse ? { nearest: { runId: reuse.runId, task, changes } } : {}) }
}

/** Each of ten thousand iterations is compared with so many others, not with all. */
const MOST_CANDIDATES = 200

/** Results that existed when the question was asked: of the same task, else of any; the newest. */
function candidatesAmong(earlier: readonly EarlierResult[]) {
  const newest = [...earlier].sort((a, b) => b.savedAt - a.savedAt)
  const byTask = Map.groupBy(newest, ({ task }) => withoutIteration(task))
  return ({ task, at }: Question): EarlierResult[] => {
    const existed = (results: readonly EarlierResult[] = []) => {
      const from = results.findIndex(({ savedAt }) => savedAt < at)
      return from < 0 ? [] : results.slice(from, from + MOST_CANDIDATES)
    }
    const same = existed(byTask.get(withoutIteration(task)))
    return same.length > 0 ? same : existed(newest)
  }
}

/** The fewest changed parts; of several the newest. */
function nearestResult(
  { parts }: Question,
  newestFirst: readonly EarlierResult[],
): NonNullable<CacheExplanation['nearest']> | undefined {
  let nearest: EarlierResult | undefined
  let fewest = Number.POSITIVE_INFINITY
  for (const result of newestFirst) {
    const count = changesBetween(result.parts, parts)
    if (count >= fewest) continue
    nearest = result
    fewest = count
  }
  return nearest && { runId: nearest.runId, task: nearest.task, changes: partChanges(nearest.parts, parts) }
}

/** Counted without making anything: it is asked millions of times for a large loop. */
function changesBetween(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>): number {
  let count = 0
  for (const part in now) if (before[part] !== now[part]) count++
  for (const part in before) if (!(part in now)) count++
  return count
}

const withoutIteration = (task: string) => task.replaceAll(/\[\d+\]/g, '')
