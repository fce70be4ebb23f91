/** Experiments: one record for MLflow's experiments and KFP's. Before: both APIs. */
import { type Db, nextCounter } from './database.ts'
import { invalid, isUniqueViolation, MetadataError, notFound } from './errors.ts'
import type { ExperimentRow, Lifecycle, StorageState } from './tables.ts'

/** The experiment that exists from the start and takes every run that names none. */
export const DEFAULT_EXPERIMENT_ID = 0

export interface NewExperiment {
  readonly namespace: string
  readonly name: string
  readonly description?: string | undefined
  readonly artifactLocation?: string | undefined
  readonly tags?: readonly { readonly key: string; readonly value: string }[]
  readonly now: number
}

/** Creates the experiment; rejects with `already-exists`, also when a deleted one holds the name. */
export async function createExperiment(db: Db, request: NewExperiment): Promise<ExperimentRow> {
  return await insertExperiment(db, await nextCounter(db, 'experiment'), request)
}

/** Makes sure that `Default` exists in the unnamed namespace. */
export async function ensureDefaultExperiment(db: Db, now: number): Promise<void> {
  const found = await findExperiment(db, DEFAULT_EXPERIMENT_ID)
  if (found) return
  try {
    await insertExperiment(db, DEFAULT_EXPERIMENT_ID, { namespace: '', name: 'Default', now })
  } catch (error) {
    // Another process of the same installation was first.
    if (!(error instanceof MetadataError)) throw error
  }
}

async function insertExperiment(db: Db, id: number, request: NewExperiment): Promise<ExperimentRow> {
  const row: ExperimentRow = {
    experiment_id: id,
    namespace: request.namespace,
    name: request.name,
    description: request.description ?? null,
    artifact_location: request.artifactLocation || `mlflow-artifacts:/${id}`,
    lifecycle_stage: 'active',
    storage_state: 'AVAILABLE',
    created_at: request.now,
    updated_at: request.now,
    last_run_created_at: null,
  }
  // Without an error of the database, after which Postgres would refuse the rest of the transaction.
  const inserted = await db
    .insertInto('experiments')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .returning('experiment_id')
    .execute()
  if (inserted.length === 0) throw experimentExists(request.name)
  const tags = new Map((request.tags ?? []).map((tag) => [tag.key, tag.value]))
  if (tags.size > 0) {
    const rows = [...tags].map(([key, value]) => ({ experiment_id: id, key, value }))
    await db.insertInto('experiment_tags').values(rows).execute()
  }
  return row
}

function experimentExists(name: string): MetadataError {
  return new MetadataError('already-exists', `Experiment(name=${name}) already exists.`)
}

/** Accepts the id as APIs carry it; anything but digits is an id that does not exist. */
export function parseExperimentId(id: string): number | undefined {
  return /^\d{1,15}$/.test(id) ? Number(id) : undefined
}

export async function findExperiment(db: Db, id: number): Promise<ExperimentRow | undefined> {
  return await db.selectFrom('experiments').selectAll().where('experiment_id', '=', id).executeTakeFirst()
}

/** Rejects with `not-found`, also for an experiment of another namespace when `namespace` is given. */
export async function getExperiment(db: Db, id: string, namespace?: string): Promise<ExperimentRow> {
  const number = parseExperimentId(id)
  const row = number === undefined ? undefined : await findExperiment(db, number)
  if (!row || (namespace !== undefined && row.namespace !== namespace)) {
    throw notFound(`No Experiment with id=${id} exists`)
  }
  return row
}

export async function findExperimentByName(
  db: Db,
  namespace: string,
  name: string,
): Promise<ExperimentRow | undefined> {
  return await db
    .selectFrom('experiments')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .executeTakeFirst()
}

/** The experiment of that name, made when there is none yet. */
export async function experimentOfName(db: Db, namespace: string, name: string, now: number): Promise<ExperimentRow> {
  const found = await findExperimentByName(db, namespace, name)
  if (found) return found
  try {
    return await createExperiment(db, { namespace, name, now })
  } catch (error) {
    // Another caller made it in between.
    const made = error instanceof MetadataError ? await findExperimentByName(db, namespace, name) : undefined
    if (!made) throw error
    return made
  }
}

export async function renameExperiment(db: Db, id: number, name: string, now: number): Promise<void> {
  try {
    await db
      .updateTable('experiments')
      .set({ name, updated_at: now })
      .where('experiment_id', '=', id)
      .where('lifecycle_stage', '=', 'active')
      .execute()
  } catch (error) {
    if (isUniqueViolation(error)) throw experimentExists(name)
    throw error
  }
}

/** Takes a name from the deleted experiment that holds it, if one does: that one stays, to be restored under another name. */
export async function freeName(db: Db, namespace: string, name: string, now: number): Promise<void> {
  const holder = await findExperimentByName(db, namespace, name)
  if (holder?.lifecycle_stage !== 'deleted') return
  const { experiment_id: id } = holder
  await db
    .updateTable('experiments')
    .set({ name: `${name.slice(0, 400)} (deleted ${id})`, updated_at: now })
    .where('experiment_id', '=', id)
    .execute()
}

/** Deletes or restores, with its runs, as MLflow does. Rejects with `invalid` when it is in that stage already. */
export async function setExperimentLifecycle(db: Db, id: number, stage: Lifecycle, now: number): Promise<void> {
  const changed = await db
    .updateTable('experiments')
    .set({ lifecycle_stage: stage, updated_at: now })
    .where('experiment_id', '=', id)
    .where('lifecycle_stage', '!=', stage)
    .returning('experiment_id')
    .execute()
  if (changed.length === 0) throw notFound(`No Experiment with id=${id} exists that could be made ${stage}`)
  await db.updateTable('runs').set({ lifecycle_stage: stage }).where('experiment_id', '=', id).execute()
}

/** Archives or restores the experiment alone; what happens to its runs is the caller's. */
export async function setExperimentStorage(db: Db, id: number, state: StorageState, now: number): Promise<void> {
  await db
    .updateTable('experiments')
    .set({ storage_state: state, updated_at: now })
    .where('experiment_id', '=', id)
    .execute()
}

export async function setExperimentTag(db: Db, id: number, key: string, value: string): Promise<void> {
  await db
    .insertInto('experiment_tags')
    .values({ experiment_id: id, key, value })
    .onConflict((conflict) => conflict.columns(['experiment_id', 'key']).doUpdateSet({ value }))
    .execute()
}

export async function deleteExperimentTag(db: Db, id: number, key: string): Promise<void> {
  const gone = await db
    .deleteFrom('experiment_tags')
    .where('experiment_id', '=', id)
    .where('key', '=', key)
    .returning('key')
    .execute()
  if (gone.length === 0) throw notFound(`No tag with name: ${key} in experiment with id ${id}`)
}

/** The tags of several experiments, by id. */
export async function experimentTags(
  db: Db,
  ids: readonly number[],
): Promise<Map<number, { key: string; value: string }[]>> {
  const byId = new Map<number, { key: string; value: string }[]>()
  if (ids.length === 0) return byId
  const rows = await db
    .selectFrom('experiment_tags')
    .selectAll()
    .where('experiment_id', 'in', ids)
    .orderBy('key')
    .execute()
  for (const { experiment_id, key, value } of rows) {
    const list = byId.get(experiment_id)
    if (list) list.push({ key, value })
    else byId.set(experiment_id, [{ key, value }])
  }
  return byId
}

/** Refuses writes to a deleted experiment. */
export function requireActive(experiment: ExperimentRow): void {
  if (experiment.lifecycle_stage !== 'active') {
    throw invalid(
      `The experiment ${experiment.experiment_id} must be in the 'active' state. Current state is ${experiment.lifecycle_stage}.`,
    )
  }
}
