/** How a task went in an earlier run, for dependsOnPast Task. Before: the gates of both executors. */
import type { TaskStateWord } from '../../api/run-report.ts'
import type { Db } from './database.ts'
import { TERMINAL_STATES } from './pipeline-runs.ts'
import type { RunState } from './tables.ts'

/** Undefined when nothing is waited for: the run is not there, or went well without the task. */
export async function recordedTaskState(db: Db, runId: string, path: string): Promise<TaskStateWord | undefined> {
  const run = await db.selectFrom('runs').select('state').where('run_id', '=', runId).executeTakeFirst()
  if (!run) return undefined
  const task = await db
    .selectFrom('task_runs')
    .innerJoin('runs', 'runs.run_id', 'task_runs.run_id')
    .select('runs.state')
    .where('task_runs.pipeline_run_id', '=', runId)
    .where('task_runs.path', '=', path)
    .executeTakeFirst()
  return pastTaskState(run.state, task?.state as TaskStateWord | undefined)
}

/** A task without a record waits while its run goes on, fails with a failed run, and is new in a run that went well. */
export function pastTaskState(run: RunState, task: TaskStateWord | undefined): TaskStateWord | undefined {
  if (task) return task
  if (!TERMINAL_STATES.includes(run)) return 'PENDING'
  return run === 'FAILED' || run === 'CANCELED' ? 'FAILED' : undefined
}
