/** Dry runs on a cluster: what a retry, or a new run, would do, from journals, cache and store. Changes nothing. Before: a server asks. */
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import { type Ask, begin, checkArguments, type ForeseenTask, foresee } from '../engine/index.ts'
import type { Action, CacheAnswer, RunConfig } from '../engine/types.ts'
import { replay } from './replay.ts'
import { openReuse, type ReusePorts } from './reuse.ts'
import type { RunRecords } from './run-records.ts'
import { damageOfOutputs, type RunStore } from './run-store.ts'

export interface ForeseeParts extends ReusePorts {
  readonly now: () => number
}

/** A run that does not exist yet. */
export interface WantedRun {
  readonly namespace: string
  readonly pipelineText: string
  readonly arguments: Readonly<Record<string, JsonValue>>
  readonly cache: boolean
  readonly reuse?: RunConfig['reuse'] | undefined
}

/** @returns undefined for a run that never started, or whose journal is gone */
export async function foreseeRetry(parts: ForeseeParts, runId: string): Promise<ForeseenTask[] | undefined> {
  const stored = await parts.records.load(runId)
  if (!stored || stored.journal.length === 0) return undefined
  const { program, state } = replay(parts.loader, stored)
  const ask = askStores(parts, stored.header.namespace)
  return await foresee(program, state, { kind: 'retry-requested' }, ask, parts.now())
}

/** Rejects with InvalidInputError with all problems of the pipeline or its arguments. */
export async function foreseeRun(parts: ForeseeParts, run: WantedRun): Promise<ForeseenTask[]> {
  const { program } = parts.loader.fromText(run.pipelineText)
  const errors = checkArguments(program, run.arguments).filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new InvalidInputError(errors)
  const now = parts.now()
  const config: RunConfig = {
    // Content keys, and so the answers, do not depend on the run's own name and places.
    runId: 'dry-run',
    runName: 'dry-run',
    resourceName: `${program.pipelineName}-dry-run`,
    arguments: run.arguments,
    pipelineRoot: parts.store.rootOf(undefined),
    scratchRoot: '/',
    cache: run.cache,
    createTime: now,
    ...(run.reuse ? { reuse: run.reuse } : {}),
  }
  return await foresee(program, begin(program, config), { kind: 'started' }, askStores(parts, run.namespace), now)
}

function askStores(parts: ForeseeParts, namespace: string): Ask {
  const { records, store } = parts
  const reuse = openReuse(parts)
  return async (action) => {
    switch (action.kind) {
      case 'find-reusable': {
        const { task, runId, contentKey } = action
        return { kind: 'reuse-answered', task, answer: await reuse(runId, task, contentKey) }
      }
      case 'look-up-cache':
        return {
          kind: 'cache-answered',
          task: action.task,
          answer: await answerOfCache(records, store, namespace, action),
        }
      default:
        return undefined
    }
  }
}

/** What the cache of a namespace has; a result whose artifacts are gone or changed is none. */
export async function answerOfCache(
  records: RunRecords,
  store: RunStore,
  namespace: string,
  { pipelineName, cacheKey }: Extract<Action, { kind: 'look-up-cache' }>,
): Promise<CacheAnswer> {
  const found = await records.lookUpCache(namespace, pipelineName, cacheKey.key)
  if (!found) return { hit: false, reason: 'no earlier result has this key' }
  const { outputs, runId: sourceRunId, task: sourceTask } = found
  const damage = await damageOfOutputs(store, outputs)
  if (damage) {
    // People know a run by the name of its resource.
    const name = (await records.namesOf([sourceRunId])).get(sourceRunId) ?? sourceRunId
    return { hit: false, reason: `the result of run ${name} can't be used: ${damage}` }
  }
  return { hit: true, outputs, sourceRunId, sourceTask }
}
