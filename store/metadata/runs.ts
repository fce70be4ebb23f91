/** Runs: written by MLflow clients, by pipelines and by their tasks. Before: both APIs and record-run.ts. */
import { type Expression, sql } from 'kysely'
import type { Db } from './database.ts'
import { invalid, notFound } from './errors.ts'
import type { Lifecycle, RunRow } from './tables.ts'

export interface KeyValuePair {
  readonly key: string
  readonly value: string
}

export interface NewRun {
  readonly runId: string
  readonly experimentId: number
  readonly namespace: string
  readonly kind: RunRow['kind']
  readonly name: string
  readonly userId: string
  readonly state: RunRow['state']
  readonly startTime: number
  readonly artifactUri: string
  readonly parentRunId?: string | undefined
  readonly rootRunId?: string | undefined
  readonly description?: string | undefined
  readonly tags?: readonly KeyValuePair[]
  readonly now: number
}

/** Inserts the run and its tags, and notes it in its experiment. */
export async function insertRun(db: Db, run: NewRun): Promise<RunRow> {
  const row: RunRow = {
    run_id: run.runId,
    experiment_id: run.experimentId,
    namespace: run.namespace,
    kind: run.kind,
    name: run.name,
    user_id: run.userId,
    state: run.state,
    lifecycle_stage: 'active',
    storage_state: 'AVAILABLE',
    description: run.description ?? null,
    created_at: run.now,
    start_time: run.startTime,
    end_time: null,
    artifact_uri: run.artifactUri,
    parent_run_id: run.parentRunId ?? null,
    root_run_id: run.rootRunId ?? null,
  }
  await db.insertInto('runs').values(row).execute()
  const tags = new Map((run.tags ?? []).map((tag) => [tag.key, tag.value]))
  if (tags.size > 0)
    await upsertTags(
      db,
      run.runId,
      [...tags].map(([key, value]) => ({ key, value })),
    )
  if (run.kind !== 'task') {
    await db
      .updateTable('experiments')
      .set({ last_run_created_at: run.now })
      .where('experiment_id', '=', run.experimentId)
      .execute()
  }
  return row
}

/** Rejects with `not-found`, also for a run of another namespace when `namespace` is given. */
export async function getRun(db: Db, runId: string, namespace?: string): Promise<RunRow> {
  const row = await findRun(db, runId, namespace)
  if (!row) throw notFound(`Run with id=${runId} not found`)
  return row
}

/** Undefined where `getRun` rejects. */
export async function findRun(db: Db, runId: string, namespace?: string): Promise<RunRow | undefined> {
  const row = await db.selectFrom('runs').selectAll().where('run_id', '=', runId).executeTakeFirst()
  return namespace === undefined || row?.namespace === namespace ? row : undefined
}

/** Refuses writes to a deleted run. */
export function requireActiveRun(run: RunRow): void {
  if (run.lifecycle_stage !== 'active') {
    throw invalid(`The run ${run.run_id} must be in the 'active' state. Current state is ${run.lifecycle_stage}.`)
  }
}

export async function updateRun(
  db: Db,
  runId: string,
  change: Partial<Pick<RunRow, 'state' | 'end_time' | 'name' | 'storage_state' | 'lifecycle_stage' | 'start_time'>>,
): Promise<void> {
  if (Object.keys(change).length === 0) return
  await db.updateTable('runs').set(change).where('run_id', '=', runId).execute()
}

export async function setRunLifecycle(db: Db, runId: string, stage: Lifecycle): Promise<void> {
  await updateRun(db, runId, { lifecycle_stage: stage })
}

/** Removes the run with all that it logged and all its tasks. */
export async function removeRun(db: Db, runId: string): Promise<void> {
  await db.deleteFrom('runs').where('root_run_id', '=', runId).execute()
  await db.deleteFrom('runs').where('run_id', '=', runId).execute()
}

export async function upsertTags(db: Db, runId: string, tags: readonly KeyValuePair[]): Promise<void> {
  const last = new Map(tags.map((tag) => [tag.key, tag.value]))
  if (last.size === 0) return
  await db
    .insertInto('tags')
    .values([...last].map(([key, value]) => ({ run_id: runId, key, value })))
    .onConflict((conflict) => conflict.columns(['run_id', 'key']).doUpdateSet({ value: excluded<string>('value') }))
    .execute()
}

/** The value that the refused row of an upsert carried. */
export function excluded<T>(column: string): Expression<T> {
  return sql<T>`excluded.${sql.ref(column)}`
}

export async function deleteTag(db: Db, runId: string, key: string): Promise<void> {
  const gone = await db.deleteFrom('tags').where('run_id', '=', runId).where('key', '=', key).returning('key').execute()
  if (gone.length === 0) throw notFound(`No tag with name: ${key} in run with id ${runId}`)
}
