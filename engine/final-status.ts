/** What an exit task is told about the task that it cleans up after. */
import type { JsonValue } from '../api/json.ts'
import type { TaskStateWord } from '../api/run-report.ts'
import { planOf, type RunView } from './tree.ts'
import type { TaskPath } from './types.ts'

/** Kubeflow's cluster words, from the states that its metadata store keeps. */
const CLUSTER_WORDS: Readonly<Record<TaskStateWord, string>> = {
  PENDING: 'RUNNING',
  RUNNING: 'RUNNING',
  SUCCEEDED: 'COMPLETE',
  CACHED: 'CACHED',
  FAILED: 'FAILED',
  SKIPPED: 'CANCELED',
  CANCELED: 'CANCELED',
}

/** @returns undefined when the task does not exist */
export function finalStatus(view: RunView, path: TaskPath): JsonValue | undefined {
  const node = view.state.tasks[path]
  if (!node) return undefined
  const { config } = view.state
  const plainWord = node.state === 'CACHED' ? 'SUCCEEDED' : node.state
  const isFailure = node.state === 'FAILED' && node.error !== undefined
  return {
    state: config.succeededWord === 'SUCCEEDED' ? plainWord : CLUSTER_WORDS[node.state],
    error: isFailure ? { code: 1, message: node.error!.message } : {},
    pipelineJobResourceName: config.resourceName,
    pipelineTaskName: planOf(view, node).key,
  }
}
