/** Caching, retry, trigger and final status of a task to their IR fields. */
import type { Issue } from '../../api/issue.ts'
import type { CachingOptions, PipelineTaskSpec } from '../../api/pipeline-spec.ts'
import { groupKey, type TaskNode } from '../../dsl/graph.ts'
import { makeIssue } from '../../dsl/scope.ts'
import type { TaskInputs } from './values.ts'

/** `{}` means off. */
export function cachingOf(task: TaskNode): CachingOptions {
  const { enabled, key } = task.settings.caching ?? { enabled: true }
  return { ...(enabled ? { enableCache: true } : {}), ...(key === undefined ? {} : { cacheKey: key }) }
}

export function retryOf(task: TaskNode, issues: Issue[]): Pick<PipelineTaskSpec, 'retryPolicy'> {
  const { retry } = task.settings
  if (!retry) return {}
  const wrong = Object.entries(retry).find(([, value]) => !Number.isFinite(value) || value < 0)
  if (wrong || !Number.isInteger(retry.maxRetries)) {
    const [name, value] = wrong ?? ['maxRetries', retry.maxRetries]
    issues.push(
      makeIssue({
        code: 'wrong-retry',
        message: `task "${task.key}": ${name} of setRetry cannot be ${value}`,
        hint: 'maxRetries is a whole number from 0, the others are numbers from 0',
        site: task.site,
      }),
    )
  }
  return {
    retryPolicy: {
      maxRetryCount: retry.maxRetries,
      backoffDuration: `${retry.backoffSeconds}s`,
      backoffFactor: retry.backoffFactor,
      backoffMaxDuration: `${retry.maxBackoffSeconds}s`,
    },
  }
}

export function triggerOf(task: TaskNode): Pick<PipelineTaskSpec, 'triggerPolicy'> {
  const isCompleted = task.exitOf !== undefined || task.settings.ignoreUpstreamFailure
  return isCompleted ? { triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' } } : {}
}

/** Wires the inputs that get the final status of what the task comes after. */
export function finalStatusInputs(task: TaskNode, waits: readonly string[], inputs: TaskInputs, issues: Issue[]): void {
  const names = Object.entries(task.component.inputs).flatMap(([name, type]) =>
    type.kind === 'parameter' && type.parameterType === 'TASK_FINAL_STATUS' ? [name] : [],
  )
  if (names.length === 0) return
  const producer = task.exitOf ? groupKey(task.exitOf) : task.settings.ignoreUpstreamFailure ? waits[0] : undefined
  if (!task.exitOf && task.settings.ignoreUpstreamFailure && waits.length !== 1) {
    issues.push(
      makeIssue({
        code: 'final-status',
        message: `task "${task.key}" asks for a final status and waits for ${waits.length} tasks of its block`,
        hint: 'a task that ignores upstream failures gets the status of exactly one task: wait for one',
        site: task.site,
      }),
    )
    return
  }
  if (producer === undefined) return
  for (const name of names) inputs.parameters[name] = { taskFinalStatus: { producerTask: producer } }
}
