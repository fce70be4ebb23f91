/** `{{$.pipeline_job_name}}` and its kin. */
import { taskId, workspacePathOf } from './artifact-paths.ts'
import type { TaskPlan } from './program.ts'
import type { RunView } from './tree.ts'
import type { Instant, TaskPath } from './types.ts'

/** @returns undefined for a name that is no constant */
export function runConstant({ state }: RunView, path: TaskPath, plan: TaskPlan, name: string): string | undefined {
  const { config } = state
  switch (name) {
    case 'pipeline_job_name':
      return config.runName
    case 'pipeline_job_resource_name':
      return config.resourceName
    case 'pipeline_job_uuid':
      return config.runId
    case 'pipeline_task_name':
      return plan.key
    case 'pipeline_task_uuid':
      return taskId(config, path)
    case 'pipeline_job_create_time_utc':
      return timeText(config.createTime)
    case 'pipeline_job_schedule_time_utc':
      return timeText(config.scheduleTime ?? config.createTime)
    case 'pipeline_root':
      return config.pipelineRoot
    case 'workspace_path':
      return workspacePathOf(config)
    default:
      return undefined
  }
}

/** RFC 3339 in UTC. */
export function timeText(at: Instant): string {
  return new Date(at).toISOString()
}
