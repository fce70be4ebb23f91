/**
 * Writes what executors report of a run into the one schema: states, tasks as nested runs, artifacts, metrics.
 * Before: local and operator. After: KFP API, MLflow API and the UI read it.
 */
import { createHash } from 'node:crypto'
import type { RuntimeArtifact } from '../../api/executor-io.ts'
import type { RunReport, TaskReport } from '../../api/run-report.ts'
import type { Db, Metadata } from './database.ts'
import { logBatch, type MetricPoint } from './log-batch.ts'
import { type FullPipelineRun, getPipelineRun, lockPipelineRun, moveRun } from './pipeline-runs.ts'
import { excluded, insertRun, updateRun, upsertTags } from './runs.ts'
import type { RunState } from './tables.ts'

/** The run id under which a task logs: the same for a restarted executor, 32 hex digits as MLflow likes them. */
export function taskRunId(runId: string, taskPath: string): string {
  return createHash('sha256').update(`${runId}\0${taskPath}`).digest('hex').slice(0, 32)
}

/** Makes sure that the task's run exists before a step logs to it; answers its id. */
export async function ensureTaskRun(
  metadata: Metadata,
  runId: string,
  task: Pick<TaskReport, 'path' | 'name'>,
): Promise<string> {
  return await metadata.transaction(async (db) => {
    const run = await getPipelineRun(db, runId)
    return await insertTaskRun(db, run, task, metadata.now())
  })
}

async function insertTaskRun(
  db: Db,
  run: FullPipelineRun,
  task: Pick<TaskReport, 'path' | 'name'>,
  now: number,
): Promise<string> {
  const id = taskRunId(run.run_id, task.path)
  const known = await db.selectFrom('task_runs').select('run_id').where('run_id', '=', id).executeTakeFirst()
  if (known) return id
  await insertRun(db, {
    runId: id,
    experimentId: run.experiment_id,
    namespace: run.namespace,
    kind: 'task',
    name: task.name,
    userId: run.user_id,
    state: 'PENDING',
    startTime: now,
    artifactUri: `mlflow-artifacts:/${run.experiment_id}/${id}/artifacts`,
    parentRunId: run.run_id,
    rootRunId: run.run_id,
    tags: [
      { key: 'mlflow.parentRunId', value: run.run_id },
      { key: 'mlflow.runName', value: task.name },
      { key: 'kfp-ts.task', value: task.path },
    ],
    now,
  })
  await db
    .insertInto('task_runs')
    .values({
      run_id: id,
      pipeline_run_id: run.run_id,
      path: task.path,
      attempts: 0,
      cached: 0,
      inputs: '{}',
      outputs: '{}',
      error: null,
      detail: null,
      state_history: '[]',
    })
    .execute()
  return id
}

/** Writes reports; remembers what it wrote, so that a report of 10,000 tasks costs only what changed. */
export class RunRecorder {
  readonly #metadata: Metadata
  readonly #changed: (runId: string) => void
  readonly #written = new Map<string, Map<string, string>>()

  /** @param changed is told after each write that changed something */
  constructor(metadata: Metadata, changed: (runId: string) => void = () => {}) {
    this.#metadata = metadata
    this.#changed = changed
  }

  /** Brings the record up to the report. A run that was deleted meanwhile is left deleted. */
  async record(report: RunReport): Promise<void> {
    const known = this.#written.get(report.runId) ?? new Map<string, string>()
    const fresh = report.tasks
      .map((task) => ({ task, print: JSON.stringify(task) }))
      .filter(({ task, print }) => known.get(task.path) !== print)
    const wrote = await this.#metadata.transaction((db) =>
      this.#write(
        db,
        report,
        fresh.map(({ task }) => task),
      ),
    )
    for (const { task, print } of fresh) known.set(task.path, print)
    if (report.state === 'SUCCEEDED' || report.state === 'FAILED' || report.state === 'CANCELED') {
      this.#written.delete(report.runId)
    } else this.#written.set(report.runId, known)
    if (wrote) this.#changed(report.runId)
  }

  /** Nothing more will be reported of the run, though it had no end. */
  forget(runId: string): void {
    this.#written.delete(runId)
  }

  async #write(db: Db, report: RunReport, tasks: readonly TaskReport[]): Promise<boolean> {
    const now = this.#metadata.now()
    const exists = await db.selectFrom('pipeline_runs').select('run_id').where('run_id', '=', report.runId).execute()
    if (exists.length === 0) return false
    const run = await lockPipelineRun(db, report.runId)
    for (const task of tasks) await writeTask(db, run, task, now)
    // A run that was asked to stop stays CANCELING until its executor says that it is over.
    const held = run.state === 'CANCELING' && (report.state === 'RUNNING' || report.state === 'PENDING')
    const moved = held ? false : await moveRun(db, run, report.state, now, report.error)
    if (Object.keys(report.outputs).length > 0) {
      await db
        .updateTable('pipeline_runs')
        .set({ outputs: JSON.stringify(report.outputs) })
        .where('run_id', '=', run.run_id)
        .execute()
    }
    return moved || tasks.length > 0
  }
}

/** Tag of a task's run: the image that it ran, by its digest. MLflow's clients find runs by it. */
export const IMAGE_TAG = 'kfp-ts.image'

async function writeTask(db: Db, run: FullPipelineRun, task: TaskReport, now: number): Promise<void> {
  const id = await insertTaskRun(db, run, task, now)
  const row = await db.selectFrom('task_runs').selectAll().where('run_id', '=', id).executeTakeFirstOrThrow()
  const history = JSON.parse(row.state_history) as { update_time: number; state: RunState }[]
  if (history.at(-1)?.state !== task.state) history.push({ update_time: now, state: task.state })
  const ended = task.endTime ? Date.parse(task.endTime) : undefined
  await updateRun(db, id, {
    state: task.state,
    ...(task.startTime && { start_time: Date.parse(task.startTime) }),
    end_time: ended ?? null,
  })
  await db
    .updateTable('task_runs')
    .set({
      attempts: task.attempts,
      cached: task.cached ? 1 : 0,
      outputs: JSON.stringify(task.outputs),
      error: task.error ? JSON.stringify(task.error) : null,
      detail: task.waitingFor === undefined ? null : JSON.stringify({ waitingFor: task.waitingFor }),
      state_history: JSON.stringify(history),
    })
    .where('run_id', '=', id)
    .execute()
  if (task.image) await upsertTags(db, id, [{ key: IMAGE_TAG, value: task.image }])
  for (const [key, artifacts] of Object.entries(task.outputs.artifacts)) {
    for (const [position, artifact] of artifacts.entries()) {
      await writeArtifact(db, run, { taskRunId: id, key, position, artifact, now: ended ?? now })
    }
  }
}

interface OutputArtifact {
  readonly taskRunId: string
  readonly key: string
  readonly position: number
  readonly artifact: RuntimeArtifact
  readonly now: number
}

async function writeArtifact(db: Db, run: FullPipelineRun, output: OutputArtifact): Promise<void> {
  const { artifact, key, position } = output
  const type = artifact.type.schemaTitle ?? 'system.Artifact'
  const { metadata } = artifact
  const id = createHash('sha256').update(`${output.taskRunId}\0${key}\0${position}`).digest('hex').slice(0, 32)
  await db
    .insertInto('artifacts')
    .values({
      artifact_id: id,
      namespace: run.namespace,
      type,
      name: artifact.name,
      uri: artifact.uri,
      digest: artifact.digest ?? null,
      metadata: JSON.stringify(metadata),
      created_at: output.now,
    })
    .onConflict((conflict) =>
      conflict.columns(['artifact_id']).doUpdateSet({
        uri: excluded<string>('uri'),
        digest: excluded<string | null>('digest'),
        metadata: excluded<string>('metadata'),
        type: excluded<string>('type'),
      }),
    )
    .execute()
  await db
    .insertInto('artifact_uses')
    .values({ artifact_id: id, task_run_id: output.taskRunId, direction: 'output', key, position })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  if (type === 'system.Metrics') await logArtifactMetrics(db, run, output, metadata)
}

/** The numbers of a Metrics artifact are metrics of the task and, so that runs compare, of the whole run. */
async function logArtifactMetrics(
  db: Db,
  run: FullPipelineRun,
  output: OutputArtifact,
  metadata: Readonly<Record<string, unknown>>,
): Promise<void> {
  const points: MetricPoint[] = Object.entries(metadata)
    .filter((entry): entry is [string, number] => typeof entry[1] === 'number')
    .map(([key, value]) => ({ key, value, timestamp: output.now, step: 0 }))
  if (points.length === 0) return
  await logBatch(db, output.taskRunId, { metrics: points })
  await logBatch(db, run.run_id, { metrics: points })
}
