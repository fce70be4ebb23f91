/** What makes a step of an edited pipeline the same as in the run whose results are reused. Before: attempts.ts. After: reuse.ts. */
import type { JsonValue } from '../api/json.ts'
import { contentParts, mountedClaims, shortValue } from './cache-key.ts'
import { canonicalJson, digestOf } from './digest.ts'
import { imageOf, inputScope } from './launch.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import type { TaskNode } from './run-state.ts'
import { parentPath, planOf, ROOT, type RunView } from './tree.ts'
import type { Action, CacheKey, TaskPath } from './types.ts'

/**
 * Steps in containers, whatever their caching options. A task that runs however the ones before it ended, such as an exit task,
 * is about this very run and always runs, with all that is in it. Imports and volume claims cost no pod and are made again.
 */
export function mayReuse(view: RunView, path: TaskPath): boolean {
  if (!view.state.config.reuse) return false
  for (let current = path; current !== ROOT; ) {
    const node: TaskNode = view.state.tasks[current]!
    if (planOf(view, node).runsAlways) return false
    current = parentPath(current, node)
  }
  return true
}

/**
 * The parts of a cache key, and two that an author may have edited without touching those: the environment as it is written, and
 * the names of the claims that are mounted, since what lies on another claim is other data. A `cacheKey` of the author is ignored.
 *
 * @throws TaskError when an input or platform setting can't be resolved
 */
export function contentKeyOf(view: RunView, path: TaskPath, inputs: ResolvedInputs): CacheKey {
  const plan = planOf(view, view.state.tasks[path]!)
  const { config } = view.state
  const container = plan.component.leaf!.executor.container!
  const parts = contentParts(plan, config, imageOf(container, inputScope(view, path, plan, inputs)), inputs)
  if (container.env?.length) parts['env'] = shortValue(canonicalJson(container.env as unknown as JsonValue))
  const claims = mountedClaims(view, path, inputs)
  if (claims.length > 0) parts['volumes'] = shortValue(canonicalJson(claims))
  return { key: digestOf(JSON.stringify(parts)), parts }
}

export function findReusableAction(view: RunView, path: TaskPath, inputs: ResolvedInputs): Action {
  const contentKey = contentKeyOf(view, path, inputs)
  return { kind: 'find-reusable', task: path, runId: view.state.config.reuse!.runId, contentKey }
}
