/** What a step's process gets so that `mlflow` inside it logs to the step's own record. Before: executors call it. */
import type { TaskReport } from '../api/run-report.ts'
import { ensureTaskRun } from '../store/metadata/record-run.ts'
import type { Services } from './context.ts'

/** A step that runs longer than this logs no more. */
const TOKEN_LIFETIME_MILLIS = 7 * 24 * 3_600_000

/**
 * Makes sure the task's run exists and answers the environment of its step.
 * @param url where the step reaches this server
 */
export async function stepEnvironment(
  services: Pick<Services, 'metadata' | 'tokens'>,
  url: string,
  run: { readonly runId: string; readonly namespace: string },
  task: Pick<TaskReport, 'path' | 'name'>,
): Promise<Record<string, string>> {
  const taskRun = await ensureTaskRun(services.metadata, run.runId, task)
  return {
    MLFLOW_TRACKING_URI: url,
    MLFLOW_RUN_ID: taskRun,
    MLFLOW_TRACKING_TOKEN: services.tokens.issue(taskRun, run.namespace, TOKEN_LIFETIME_MILLIS),
  }
}
