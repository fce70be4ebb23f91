/** Runs and aliases, by the metadata database of the process that waits. */
import type { JsonObject } from '../api/json.ts'
import type { AliasWait, RunWait, Sight } from '../api/wait.ts'
import { findAlias } from '../store/metadata/aliases.ts'
import type { Db } from '../store/metadata/database.ts'
import type { Look } from './poll.ts'

/** An alias of the run's own namespace comes before one of the whole installation. */
export function databaseAliasLook(db: Db): Look<AliasWait> {
  return async ({ model, alias }, { namespace }) => {
    const own = await findAlias(db, namespace, model, alias)
    const version = own ?? (namespace === '' ? undefined : await findAlias(db, '', model, alias))
    return { kind: 'alias', ...(version === undefined ? {} : { version }) }
  }
}

export function databaseRunLook(db: Db): Look<RunWait> {
  return async (wait, { namespace }) => await lookUpRun(db, wait, namespace)
}

/** The newest run that fits, of the namespace of the run that waits. */
export async function lookUpRun(db: Db, wait: RunWait, namespace: string): Promise<Sight> {
  const base = db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .leftJoin('schedule_runs', 'schedule_runs.run_id', 'runs.run_id')
    .select(['runs.run_id as id', 'runs.state as state', 'pipeline_runs.outputs as outputs'])
    .select('pipeline_runs.error as error')
    .where('runs.namespace', '=', namespace)
    .orderBy('runs.created_at', 'desc')
    .limit(1)
  const { run, pipeline = '', logicalDate = 0 } = wait
  const row =
    run === undefined
      ? await base
          .where('pipeline_runs.pipeline_name', '=', pipeline)
          .where((at) =>
            at.or([
              at('schedule_runs.logical_date', '=', logicalDate),
              at('pipeline_runs.scheduled_at', '=', logicalDate),
            ]),
          )
          .executeTakeFirst()
      : await base.where((by) => by.or([by('runs.run_id', '=', run), by('runs.name', '=', run)])).executeTakeFirst()
  if (!row) return { kind: 'run' }
  const error = row.error === null ? undefined : (JSON.parse(row.error) as { message?: string }).message
  const outputs = row.outputs === null ? {} : (JSON.parse(row.outputs) as JsonObject)
  return { kind: 'run', run: { id: row.id, state: row.state, outputs, ...(error ? { error } : {}) } }
}
