/** The model registry: models, versions, aliases. Every change writes its line of history in the same transaction. */
import { sql } from 'kysely'
import type { Db } from './database.ts'
import { invalid, isUniqueViolation, MetadataError, notFound } from './errors.ts'
import { appendHistory, type Change, lastVersionNumber } from './registry-history.ts'
import { excluded, type KeyValuePair } from './runs.ts'
import type { ModelVersionRow, RegisteredModelRow } from './tables.ts'

/** Who changes the registry, when and why; goes into the history as it is. */
export interface RegistryActor {
  readonly namespace: string
  readonly actor: string
  readonly now: number
  readonly reason?: string | undefined
  /** The run that caused the change. */
  readonly runId?: string | undefined
}

export const STAGES = ['None', 'Staging', 'Production', 'Archived'] as const

async function note(db: Db, by: RegistryActor, name: string, change: Change): Promise<void> {
  await appendHistory(db, by, name, change)
}

export async function createRegisteredModel(
  db: Db,
  by: RegistryActor,
  model: { readonly name: string; readonly description?: string | undefined; readonly tags: readonly KeyValuePair[] },
): Promise<RegisteredModelRow> {
  const row: RegisteredModelRow = {
    namespace: by.namespace,
    name: model.name,
    created_at: by.now,
    updated_at: by.now,
    user_id: by.actor,
    description: model.description ?? null,
  }
  try {
    await db.insertInto('registered_models').values(row).execute()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new MetadataError('already-exists', `Registered Model (name=${model.name}) already exists.`)
  }
  await setModelTags(db, by.namespace, model.name, model.tags)
  await note(db, by, model.name, { action: 'create-model' })
  return row
}

export async function getRegisteredModel(db: Db, namespace: string, name: string): Promise<RegisteredModelRow> {
  const row = await db
    .selectFrom('registered_models')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .executeTakeFirst()
  if (!row) throw notFound(`Registered Model with name=${name} not found`)
  return row
}

export async function describeRegisteredModel(db: Db, by: RegistryActor, name: string, text: string): Promise<void> {
  await getRegisteredModel(db, by.namespace, name)
  await db
    .updateTable('registered_models')
    .set({ description: text, updated_at: by.now })
    .where('namespace', '=', by.namespace)
    .where('name', '=', name)
    .execute()
}

const MODEL_TABLES = [
  'registered_models',
  'registered_model_tags',
  'model_versions',
  'model_version_tags',
  'model_aliases',
] as const

/** A line under each name tells of it; the lines from before stay as they are (registry-history.ts follows them). */
export async function renameRegisteredModel(db: Db, by: RegistryActor, name: string, to: string): Promise<void> {
  await lockModel(db, by.namespace, name)
  await getRegisteredModel(db, by.namespace, name)
  const taken = await db
    .selectFrom('registered_models')
    .select('name')
    .where('namespace', '=', by.namespace)
    .where('name', '=', to)
    .executeTakeFirst()
  if (taken) throw new MetadataError('already-exists', `Registered Model (name=${to}) already exists.`)
  for (const table of [...MODEL_TABLES, 'promotions'] as const) {
    await sql`update ${sql.table(table)} set name = ${to} where namespace = ${by.namespace} and name = ${name}`.execute(
      db,
    )
  }
  await touchModel(db, by, to)
  // In this order: the story of the new name ends before the line that tells of its leaving the old one.
  await note(db, by, to, { action: 'rename-model', detail: { from: name } })
  await note(db, by, name, { action: 'rename-model', detail: { to } })
}

export async function deleteRegisteredModel(db: Db, by: RegistryActor, name: string): Promise<void> {
  await lockModel(db, by.namespace, name)
  await getRegisteredModel(db, by.namespace, name)
  for (const table of MODEL_TABLES) {
    await sql`delete from ${sql.table(table)} where namespace = ${by.namespace} and name = ${name}`.execute(db)
  }
  await rejectPromotions(db, by, name)
  await note(db, by, name, { action: 'delete-model' })
}

/** Nobody is to agree to a version of it any more: another model may get the name and the numbers. */
async function rejectPromotions(db: Db, by: RegistryActor, name: string): Promise<void> {
  const reason = 'the model was deleted'
  const rejected = await db
    .updateTable('promotions')
    .set({ state: 'REJECTED', decided_by: by.actor, decided_at: by.now, reason })
    .where('namespace', '=', by.namespace)
    .where('name', '=', name)
    .where('state', '=', 'PENDING')
    .where((is) => is.or([is('expires_at', 'is', null), is('expires_at', '>', by.now)]))
    .returning(['promotion_id', 'alias', 'version'])
    .execute()
  for (const { promotion_id: promotionId, alias, version } of rejected) {
    await note(db, { ...by, reason }, name, { action: 'reject-promotion', alias, version, detail: { promotionId } })
  }
}

/** Makes changes of one model wait for each other until the end of the transaction. */
export async function lockModel(db: Db, namespace: string, name: string): Promise<void> {
  await sql`update registered_models set name = name where namespace = ${namespace} and name = ${name}`.execute(db)
}

async function touchModel(db: Db, by: RegistryActor, name: string): Promise<void> {
  await db
    .updateTable('registered_models')
    .set({ updated_at: by.now })
    .where('namespace', '=', by.namespace)
    .where('name', '=', name)
    .execute()
}

export async function setModelTags(
  db: Db,
  namespace: string,
  name: string,
  tags: readonly KeyValuePair[],
): Promise<void> {
  const last = new Map(tags.map((tag) => [tag.key, tag.value]))
  if (last.size === 0) return
  await db
    .insertInto('registered_model_tags')
    .values([...last].map(([key, value]) => ({ namespace, name, key, value })))
    .onConflict((c) => c.columns(['namespace', 'name', 'key']).doUpdateSet({ value: excluded<string>('value') }))
    .execute()
}

export async function deleteRegisteredModelTag(db: Db, namespace: string, name: string, key: string): Promise<void> {
  await db
    .deleteFrom('registered_model_tags')
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('key', '=', key)
    .execute()
}

export type NewVersion = Pick<
  ModelVersionRow,
  'name' | 'source' | 'storage_location' | 'run_id' | 'run_link' | 'model_id' | 'description'
> & { readonly tags: readonly KeyValuePair[] }

/** Creates the version after the last one that ever existed; READY at once. */
export async function createModelVersion(db: Db, by: RegistryActor, request: NewVersion): Promise<ModelVersionRow> {
  // The row lock of the model keeps two clients from the same number, and the model from being deleted meanwhile.
  await touchModel(db, by, request.name)
  await getRegisteredModel(db, by.namespace, request.name)
  const { tags, ...given } = request
  const row: ModelVersionRow = {
    ...given,
    namespace: by.namespace,
    version: (await lastVersionNumber(db, by.namespace, request.name)) + 1,
    created_at: by.now,
    updated_at: by.now,
    user_id: by.actor,
    current_stage: 'None',
    status: 'READY',
    status_message: null,
  }
  await db.insertInto('model_versions').values(row).execute()
  await setVersionTags(db, by.namespace, request.name, row.version, tags)
  await note(db, request.run_id ? { ...by, runId: request.run_id } : by, request.name, {
    action: 'create-version',
    version: row.version,
    detail: { source: row.source, modelId: row.model_id },
  })
  return row
}

export async function getModelVersion(
  db: Db,
  namespace: string,
  name: string,
  version: string | number,
): Promise<ModelVersionRow> {
  const number = parseVersion(version)
  const row = await db
    .selectFrom('model_versions')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('version', '=', number)
    .executeTakeFirst()
  if (!row) throw notFound(`Model Version (name=${name}, version=${version}) not found`)
  return row
}

export function parseVersion(version: string | number): number {
  const text = String(version)
  if (!/^\d{1,15}$/.test(text)) throw invalid(`Parameter 'version' must be an integer, got '${text.slice(0, 60)}'.`)
  return Number(text)
}

export async function updateModelVersion(
  db: Db,
  by: RegistryActor,
  version: Pick<ModelVersionRow, 'name' | 'version'>,
  change: Partial<Pick<ModelVersionRow, 'description' | 'status' | 'status_message' | 'current_stage'>>,
): Promise<void> {
  await db
    .updateTable('model_versions')
    .set({ ...change, updated_at: by.now })
    .where('namespace', '=', by.namespace)
    .where('name', '=', version.name)
    .where('version', '=', version.version)
    .execute()
  await touchModel(db, by, version.name)
}

export async function deleteModelVersion(db: Db, by: RegistryActor, row: ModelVersionRow): Promise<void> {
  for (const table of ['model_versions', 'model_version_tags', 'model_aliases'] as const) {
    await sql`delete from ${sql.table(table)}
      where namespace = ${by.namespace} and name = ${row.name} and version = ${row.version}`.execute(db)
  }
  await touchModel(db, by, row.name)
  await note(db, by, row.name, { action: 'delete-version', version: row.version })
}

export async function setVersionTags(
  db: Db,
  namespace: string,
  name: string,
  version: number,
  tags: readonly KeyValuePair[],
): Promise<void> {
  const last = new Map(tags.map((tag) => [tag.key, tag.value]))
  if (last.size === 0) return
  await db
    .insertInto('model_version_tags')
    .values([...last].map(([key, value]) => ({ namespace, name, version, key, value })))
    .onConflict((c) =>
      c.columns(['namespace', 'name', 'version', 'key']).doUpdateSet({ value: excluded<string>('value') }),
    )
    .execute()
}

export async function deleteVersionTag(
  db: Db,
  row: Pick<ModelVersionRow, 'namespace' | 'name' | 'version'>,
  key: string,
): Promise<void> {
  await db
    .deleteFrom('model_version_tags')
    .where('namespace', '=', row.namespace)
    .where('name', '=', row.name)
    .where('version', '=', row.version)
    .where('key', '=', key)
    .execute()
}

/** Moves a version to a stage of the older clients, and others out of it when asked. */
export async function transitionStage(
  db: Db,
  by: RegistryActor,
  row: ModelVersionRow,
  stage: string,
  archiveOthers: boolean,
): Promise<ModelVersionRow> {
  if (archiveOthers) {
    await db
      .updateTable('model_versions')
      .set({ current_stage: 'Archived', updated_at: by.now })
      .where('namespace', '=', by.namespace)
      .where('name', '=', row.name)
      .where('current_stage', '=', stage)
      .where('version', '!=', row.version)
      .execute()
  }
  await updateModelVersion(db, by, row, { current_stage: stage })
  await note(db, by, row.name, {
    action: 'transition-stage',
    version: row.version,
    detail: { from: row.current_stage, to: stage },
  })
  return { ...row, current_stage: stage, updated_at: by.now }
}
