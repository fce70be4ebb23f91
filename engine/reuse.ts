/** The results of an earlier run, by what made them: what a run under `RunConfig.reuse` may take over, and why not. Pure. */
import type { TaskOutputs } from '../api/executor-io.ts'
import type { TaskStateWord } from '../api/run-report.ts'
import type { Program } from './program.ts'
import { resolveInputs } from './resolve-inputs.ts'
import { contentKeyOf } from './reuse-key.ts'
import type { RunState, TaskNode } from './run-state.ts'
import type { RunView } from './tree.ts'
import type { CacheAnswer, CacheKey, PartChange, TaskPath } from './types.ts'
import { walkTasks } from './walk.ts'

/** A step that finished. */
export interface ReusableResult {
  readonly task: TaskPath
  readonly parts: Readonly<Record<string, string>>
  readonly outputs: TaskOutputs
}

/** Made once of a run, asked once for each step of the run that reuses it. */
export interface ReusableResults {
  readonly runId: string
  readonly runName: string
  readonly byKey: ReadonlyMap<string, readonly ReusableResult[]>
  readonly byTask: ReadonlyMap<TaskPath, ReusableResult>
  /** Steps without a result. */
  readonly unfinished: ReadonlyMap<TaskPath, TaskStateWord>
}

/**
 * Every step of a run that finished, itself or from a cache, with its content key. Cost: the size of the run.
 *
 * @param state of the earlier run, as its journal leads to it
 */
export function reusableResults(program: Program, state: RunState): ReusableResults {
  const view: RunView = { program, state }
  const byKey = new Map<string, ReusableResult[]>()
  const byTask = new Map<TaskPath, ReusableResult>()
  const unfinished = new Map<TaskPath, TaskStateWord>()
  for (const { path, node, plan } of walkTasks(view)) {
    if (plan.component.leaf?.kind !== 'container' || (plan.loop && node.index === undefined)) continue
    const contentKey = hasResult(node) ? keyOrNothing(view, path) : undefined
    if (!contentKey) {
      unfinished.set(path, node.state)
      continue
    }
    const result = { task: path, parts: contentKey.parts, outputs: node.outputs ?? NO_OUTPUTS }
    byTask.set(path, result)
    const same = byKey.get(contentKey.key)
    if (same) same.push(result)
    else byKey.set(contentKey.key, [result])
  }
  const { runId, runName } = state.config
  return { runId, runName, byKey, byTask, unfinished }
}

const NO_OUTPUTS: TaskOutputs = { parameters: {}, artifacts: {} }

const hasResult = ({ state }: TaskNode): boolean => state === 'SUCCEEDED' || state === 'CACHED'

/** A result whose inputs can't be told any more is no result to compare with. */
function keyOrNothing(view: RunView, path: TaskPath): CacheKey | undefined {
  try {
    return contentKeyOf(view, path, resolveInputs(view, path))
  } catch {
    return undefined
  }
}

/**
 * The answer to `find-reusable`. The result at the same place wins; one at another place (a renamed task, a loop with more items)
 * counts when it is the only one with this content: of several equal steps nobody can say which is meant.
 */
export function findReusable(results: ReusableResults, task: TaskPath, { key, parts }: CacheKey): CacheAnswer {
  const same = results.byKey.get(key) ?? []
  const result = same.find((one) => one.task === task) ?? (same.length === 1 ? same[0] : undefined)
  if (result) return { hit: true, outputs: result.outputs, sourceRunId: results.runId, sourceTask: result.task }
  if (same.length > 1)
    return miss(`run ${results.runName} has ${same.length} results of this content, none of them at this place`)
  const state = results.unfinished.get(task)
  if (state !== undefined) return miss(`it did not finish in run ${results.runName} (${state})`)
  const nearest = results.byTask.get(task) ?? nearestIteration(results, task)
  if (!nearest) return miss(`run ${results.runName} has no such task`)
  const changes = partChanges(nearest.parts, parts)
  const named = changes.slice(0, 3).map(({ part }) => part)
  const more = changes.length > named.length ? ` and ${changes.length - named.length} more` : ''
  return { ...miss(`changed since run ${results.runName}: ${named.join(', ')}${more}`), changes }
}

const miss = (reason: string) => ({ hit: false as const, reason })

/** A new iteration is compared with the first one there was. */
function nearestIteration({ byTask }: ReusableResults, task: TaskPath): ReusableResult | undefined {
  const first = task.replaceAll(/\[\d+\]/g, '[0]')
  return first === task ? undefined : byTask.get(first)
}

/** In the order of the parts' names. */
export function partChanges(
  before: Readonly<Record<string, string>>,
  now: Readonly<Record<string, string>>,
): PartChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort()
  return names
    .filter((part) => before[part] !== now[part])
    .map((part) => ({
      part,
      ...(part in before ? { before: before[part]! } : {}),
      ...(part in now ? { now: now[part]! } : {}),
    }))
}
