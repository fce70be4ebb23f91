/** May a failed attempt be followed by another, and when? Each cause has its own budget (kfp-ir.md 2.8). */

import type { RetryPolicy } from '../api/pipeline-spec.ts'
import type { FailureCause } from '../api/run-report.ts'
import { durationMillis } from './durations.ts'
import type { TaskNode } from './run-state.ts'
import { parentPath, planOf, ROOT, type RunView } from './tree.ts'
import type { RetryBudget, TaskPath } from './types.ts'

const DEFAULT_MAX_BACKOFF_MILLIS = 3_600_000

/**
 * @param failures attempts that failed of this cause, the last one included
 * @returns milliseconds to wait before the next attempt; undefined when the budget is used up
 */
export function retryDelay(view: RunView, path: TaskPath, cause: FailureCause, failures: number): number | undefined {
  const budget = budgetFor(view, path, cause)
  if (!budget || failures > budget.maxRetries) return undefined
  const delay = budget.backoffMillis * (budget.backoffFactor ?? 2) ** (failures - 1)
  return Math.min(delay, budget.maxBackoffMillis ?? DEFAULT_MAX_BACKOFF_MILLIS)
}

/** What the author wrote counts for failures of the step itself; the operator's budgets for everything around it. */
const OWN_POLICY_CAUSES: readonly FailureCause[] = ['application', 'oom', 'timeout']

function budgetFor(view: RunView, path: TaskPath, cause: FailureCause): RetryBudget | undefined {
  const configured = view.state.config.retries?.[cause]
  if (!OWN_POLICY_CAUSES.includes(cause) || (configured && cause !== 'application')) return configured
  const policy = nearestPolicy(view, path)
  return policy ? toBudget(policy) : configured
}

/** The task's own policy, else that of the innermost graph around it that has one. */
function nearestPolicy(view: RunView, path: TaskPath): RetryPolicy | undefined {
  for (let current = path; current !== ROOT; ) {
    const node: TaskNode = view.state.tasks[current]!
    const { retryPolicy } = planOf(view, node).spec
    if (retryPolicy) return retryPolicy
    current = parentPath(current, node)
  }
  return undefined
}

function toBudget({ maxRetryCount, backoffDuration, backoffFactor, backoffMaxDuration }: RetryPolicy): RetryBudget {
  return {
    maxRetries: maxRetryCount ?? 0,
    backoffMillis: durationMillis(backoffDuration) ?? 0,
    backoffFactor: backoffFactor || 2,
    maxBackoffMillis: durationMillis(backoffMaxDuration) || DEFAULT_MAX_BACKOFF_MILLIS,
  }
}
