/** Pipeline runs: the run record, what was asked for, and how its state went. Before: server/kfp, record-run.ts. */
import { sql } from 'kysely'
import type { Db } from './database.ts'
import { MetadataError, notFound } from './errors.ts'
import { upsertParams } from './log-batch.ts'
import { insertRun, type NewRun } from './runs.ts'
import type { PipelineRunRow, RunRow, RunState } from './tables.ts'

/** A run and its pipeline part in one row. */
export type FullPipelineRun = RunRow & Omit<PipelineRunRow, 'run_id'>

export interface StateChange {
  readonly update_time: number
  readonly state: RunState
  readonly error?: unknown
}

/** Longest value that MLflow keeps as a parameter. */
const MAX_PARAM_LENGTH = 6000

/** Inserts the run in state PENDING and logs its parameters, so that it can be searched by them. */
export async function insertPipelineRun(
  db: Db,
  run: NewRun,
  pipeline: Omit<PipelineRunRow, 'run_id' | 'state_history' | 'error' | 'outputs'>,
  parameters: Readonly<Record<string, unknown>>,
): Promise<void> {
  await insertRun(db, run)
  const history: StateChange[] = [{ update_time: run.now, state: run.state }]
  await db
    .insertInto('pipeline_runs')
    .values({ ...pipeline, run_id: run.runId, state_history: JSON.stringify(history), error: null, outputs: null })
    .execute()
  const params = Object.entries(parameters)
    .map(([key, value]) => ({ key, value: typeof value === 'string' ? value : JSON.stringify(value) }))
    .filter(({ value }) => value.length <= MAX_PARAM_LENGTH)
  await upsertParams(db, run.runId, params)
}

/** Rejects with `not-found`, also for runs that no pipeline made. */
export async function getPipelineRun(db: Db, runId: string): Promise<FullPipelineRun> {
  const row = await db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .selectAll('pipeline_runs')
    .selectAll('runs')
    .where('runs.run_id', '=', runId)
    .where('runs.kind', '=', 'pipeline')
    .executeTakeFirst()
  if (!row) throw notFound(`Run ${runId} not found`)
  return row
}

/**
 * The run as it is once all others that change it have committed; they wait until this transaction ends. Postgres lets two
 * transactions read one state, and the later would write over what the earlier made of it.
 */
export async function lockPipelineRun(db: Db, runId: string): Promise<FullPipelineRun> {
  await sql`update runs set state = state where run_id = ${runId}`.execute(db)
  return await getPipelineRun(db, runId)
}

/** States that nothing but a retry leaves. */
export const TERMINAL_STATES: readonly RunState[] = ['SUCCEEDED', 'FAILED', 'CANCELED', 'SKIPPED', 'CACHED']

type StateError = { readonly code: string; readonly message: string }

/** Moves a run to a state and notes when; call it in a transaction. A state that it has already changes nothing. */
export async function setRunState(
  db: Db,
  runId: string,
  state: RunState,
  at: number,
  error?: StateError,
): Promise<boolean> {
  return await moveRun(db, await lockPipelineRun(db, runId), state, at, error)
}

/** The same for a run that this transaction holds, by `lockPipelineRun`. */
export async function moveRun(
  db: Db,
  run: FullPipelineRun,
  state: RunState,
  at: number,
  error?: StateError,
): Promise<boolean> {
  if (run.state === state) return false
  const history = JSON.parse(run.state_history) as StateChange[]
  const ended = TERMINAL_STATES.includes(state)
  await db
    .updateTable('runs')
    .set({ state, end_time: ended ? at : null })
    .where('run_id', '=', run.run_id)
    .execute()
  const changes = [...history, { update_time: at, state, ...(error && { error }) }]
  await db
    .updateTable('pipeline_runs')
    .set({ state_history: JSON.stringify(changes), error: error ? JSON.stringify(error) : null })
    .where('run_id', '=', run.run_id)
    .execute()
  return true
}

/** Asks a live run to stop. Rejects with `invalid` when it is over. */
export async function markCanceling(db: Db, runId: string, at: number): Promise<FullPipelineRun> {
  const run = await lockPipelineRun(db, runId)
  if (!['PENDING', 'RUNNING', 'PAUSED'].includes(run.state)) {
    throw new MetadataError('invalid', `Run ${runId} is ${run.state} and can't be terminated`)
  }
  await moveRun(db, run, 'CANCELING', at)
  return run
}

/** Puts a failed or canceled run back to PENDING, and answers with what it was. Rejects with `invalid` otherwise. */
export async function markRetrying(db: Db, runId: string, at: number): Promise<FullPipelineRun> {
  const run = await lockPipelineRun(db, runId)
  if (run.state !== 'FAILED' && run.state !== 'CANCELED') {
    throw new MetadataError('invalid', `Run ${runId} is ${run.state}: only failed or canceled runs can be retried`)
  }
  await moveRun(db, run, 'PENDING', at)
  return run
}

/**
 * A retry that no executor took over did not happen: the run ended as it had before.
 * @param before as `markRetrying` answered it
 */
export async function undoRetry(db: Db, before: FullPipelineRun): Promise<void> {
  const { run_id: runId, state, end_time, state_history, error } = before
  const undone = await db
    .updateTable('runs')
    .set({ state, end_time })
    .where('run_id', '=', runId)
    // Whatever else it is by now was told by somebody who carries it out.
    .where('state', 'in', ['PENDING', 'CANCELING'])
    .returning('run_id')
    .execute()
  if (undone.length === 0) return
  await db.updateTable('pipeline_runs').set({ state_history, error }).where('run_id', '=', runId).execute()
}

/** Runs that an executor owes an end, oldest first: what a restarted server hands over again. */
export async function unfinishedRuns(db: Db): Promise<FullPipelineRun[]> {
  return await db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .selectAll('pipeline_runs')
    .selectAll('runs')
    .where('runs.kind', '=', 'pipeline')
    .where('runs.state', 'not in', [...TERMINAL_STATES])
    .orderBy('runs.created_at')
    .execute()
}

/** The tasks of a run with their records, in the order they began. */
export async function tasksOfRun(db: Db, runId: string) {
  return await db
    .selectFrom('runs')
    .innerJoin('task_runs', 'task_runs.run_id', 'runs.run_id')
    .selectAll('task_runs')
    .selectAll('runs')
    .where('runs.root_run_id', '=', runId)
    .orderBy('runs.start_time')
    .orderBy('task_runs.path')
    .execute()
}

export type FullTaskRun = Awaited<ReturnType<typeof tasksOfRun>>[number]
