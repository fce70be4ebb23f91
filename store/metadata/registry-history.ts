/** The registry's memory: append-only lines, and what an alias meant at an earlier time. Before: registry.ts, aliases.ts. */
import { sql } from 'kysely'
import { type Db, nextCounter } from './database.ts'
import type { RegistryActor } from './registry.ts'
import type { RegistryHistoryRow } from './tables.ts'

export interface Change {
  readonly action:
    | 'create-model'
    | 'rename-model'
    | 'delete-model'
    | 'create-version'
    | 'delete-version'
    | 'transition-stage'
    | 'set-alias'
    | 'delete-alias'
    | 'rollback-alias'
    | 'request-promotion'
    | 'approve-promotion'
    | 'reject-promotion'
  readonly version?: number
  readonly alias?: string
  readonly previousVersion?: number | undefined
  readonly detail?: Readonly<Record<string, unknown>>
}

/** Adds one line. Its time never lies before the line before it, so that `asOf` has one answer. */
export async function appendHistory(db: Db, by: RegistryActor, name: string, change: Change): Promise<void> {
  await db
    .insertInto('registry_history')
    .values({
      seq: await nextCounter(db, 'history'),
      namespace: by.namespace,
      name,
      at: by.now,
      actor: by.actor,
      action: change.action,
      version: change.version ?? null,
      alias: change.alias ?? null,
      previous_version: change.previousVersion ?? null,
      reason: by.reason ?? null,
      run_id: by.runId ?? null,
      detail: change.detail ? JSON.stringify(change.detail) : null,
    })
    .execute()
}

/** The history of one model, newest first. */
export async function modelHistory(
  db: Db,
  namespace: string,
  name: string,
  page: { readonly limit: number; readonly beforeSeq?: number | undefined; readonly alias?: string | undefined },
): Promise<RegistryHistoryRow[]> {
  let query = db.selectFrom('registry_history').selectAll().where('namespace', '=', namespace).where('name', '=', name)
  if (page.beforeSeq !== undefined) query = query.where('seq', '<', page.beforeSeq)
  if (page.alias !== undefined) query = query.where('alias', '=', page.alias)
  return await query.orderBy('seq', 'desc').limit(page.limit).execute()
}

/** Which version each alias named at `at` (epoch milliseconds), read from the history alone. */
export async function aliasesAsOf(db: Db, namespace: string, name: string, at: number): Promise<Map<string, number>> {
  const lines = await db
    .selectFrom('registry_history')
    .select(['action', 'alias', 'version'])
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .where('at', '<=', at)
    .where('action', 'in', ['set-alias', 'rollback-alias', 'delete-alias', 'delete-version', 'delete-model'])
    .orderBy('seq')
    .execute()
  const aliases = new Map<string, number>()
  for (const { action, alias, version } of lines) {
    if (action === 'delete-model') aliases.clear()
    else if (action === 'delete-alias') aliases.delete(alias!)
    else if (action === 'delete-version') {
      for (const [held, target] of aliases) if (target === version) aliases.delete(held)
    } else aliases.set(alias!, version!)
  }
  return aliases
}

/** The version that the alias held before its present one, or undefined when it never held another that still exists. */
export async function previousAliasTarget(
  db: Db,
  namespace: string,
  name: string,
  alias: string,
  present: number,
): Promise<number | undefined> {
  const row = await db
    .selectFrom('registry_history as h')
    .select('h.version')
    .where('h.namespace', '=', namespace)
    .where('h.name', '=', name)
    .where('h.alias', '=', alias)
    .where('h.action', 'in', ['set-alias', 'rollback-alias'])
    .where('h.version', '!=', present)
    .where(
      sql<boolean>`exists (select 1 from model_versions as v
        where v.namespace = h.namespace and v.name = h.name and v.version = h.version)`,
    )
    .orderBy('h.seq', 'desc')
    .executeTakeFirst()
  return row?.version ?? undefined
}
