/** Aliases: names that move between versions. Moving one is the only way a model goes live. Before: registry APIs. */
import type { Db } from './database.ts'
import { invalid, MetadataError } from './errors.ts'
import { getModelVersion, getRegisteredModel, lockModel, type RegistryActor } from './registry.ts'
import { appendHistory, previousAliasTarget } from './registry-history.ts'
import { excluded } from './runs.ts'
import type { ModelVersionRow } from './tables.ts'

/** Points the alias at the version and notes what it pointed at before. */
export async function setAlias(
  db: Db,
  by: RegistryActor,
  name: string,
  alias: string,
  version: string | number,
  action: 'set-alias' | 'rollback-alias' = 'set-alias',
): Promise<ModelVersionRow> {
  checkAlias(alias)
  await getRegisteredModel(db, by.namespace, name)
  await lockModel(db, by.namespace, name)
  const row = await getModelVersion(db, by.namespace, name, version)
  const before = await findAlias(db, by.namespace, name, alias)
  await db
    .insertInto('model_aliases')
    .values({ namespace: by.namespace, name, alias, version: row.version })
    .onConflict((c) => c.columns(['namespace', 'name', 'alias']).doUpdateSet({ version: excluded<number>('version') }))
    .execute()
  if (before !== row.version) {
    await appendHistory(db, by, name, { action, alias, version: row.version, previousVersion: before })
  }
  return row
}

function checkAlias(alias: string): void {
  if (!/^[\p{L}\p{N}_-]{1,255}$/u.test(alias)) {
    throw invalid(`Invalid alias name: '${alias.slice(0, 60)}'. Use letters, digits, underscores and dashes.`)
  }
  if (alias.toLowerCase() === 'latest' || /^v\d+$/i.test(alias)) {
    throw invalid(`'${alias}' is a reserved alias name: it would read as a version.`)
  }
}

export async function findAlias(db: Db, namespace: string, name: string, alias: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('model_aliases')
    .select('version')
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .executeTakeFirst()
  return row?.version
}

/** Rejects with `invalid` for an unknown alias: the code that MLflow clients expect. */
export async function getVersionByAlias(
  db: Db,
  namespace: string,
  name: string,
  alias: string,
): Promise<ModelVersionRow> {
  await getRegisteredModel(db, namespace, name)
  const version = await findAlias(db, namespace, name, alias)
  if (version === undefined) throw invalid(`Registered model alias ${alias} not found.`)
  return await getModelVersion(db, namespace, name, version)
}

/** Removes the alias; nothing happens when there is none. */
export async function deleteAlias(db: Db, by: RegistryActor, name: string, alias: string): Promise<void> {
  await getRegisteredModel(db, by.namespace, name)
  const before = await findAlias(db, by.namespace, name, alias)
  if (before === undefined) return
  await db
    .deleteFrom('model_aliases')
    .where('namespace', '=', by.namespace)
    .where('name', '=', name)
    .where('alias', '=', alias)
    .execute()
  await appendHistory(db, by, name, { action: 'delete-alias', alias, previousVersion: before })
}

/** Points the alias back at the version it held before. Rejects with `failed-precondition` when there was none. */
export async function rollbackAlias(
  db: Db,
  by: RegistryActor,
  name: string,
  alias: string,
): Promise<{ from: number; to: number }> {
  await lockModel(db, by.namespace, name)
  const present = (await getVersionByAlias(db, by.namespace, name, alias)).version
  const target = await previousAliasTarget(db, by.namespace, name, alias, present)
  if (target === undefined) {
    throw new MetadataError(
      'failed-precondition',
      `Alias ${alias} of ${name} held no other version that still exists: there is nothing to roll back to.`,
    )
  }
  await setAlias(db, by, name, alias, target, 'rollback-alias')
  return { from: present, to: target }
}
