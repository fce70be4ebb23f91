/** The experiment that a request names: `0` is the default one of the caller's workspace, whatever its own id. */
import type { Db } from '../../store/metadata/database.ts'
import { DEFAULT_EXPERIMENT_ID, experimentOfName, getExperiment } from '../../store/metadata/experiments.ts'
import type { ExperimentRow } from '../../store/metadata/tables.ts'
import type { Caller } from '../context.ts'

/** Rejects with `not-found`, also for an experiment of another workspace. */
export async function experimentFor(db: Db, caller: Caller, id: string, now: number): Promise<ExperimentRow> {
  const isDefault = id === '' || id === String(DEFAULT_EXPERIMENT_ID)
  if (isDefault && caller.namespace !== '') return await experimentOfName(db, caller.namespace, 'Default', now)
  return await getExperiment(db, id || String(DEFAULT_EXPERIMENT_ID), caller.namespace)
}
