/** The registry's memory: append-only lines, and what an alias meant at an earlier time. Before: registry.ts, aliases.ts. */
import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely'
import { type Db, nextCounter } from './database.ts'
import type { RegistryActor } from './registry.ts'
import type { RegistryHistoryRow, Tables } from './tables.ts'

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

/** Adds one line. Its time never lies before the line before it, so that `asOf` has one answer also when a clock goes back. */
export async function appendHistory(db: Db, by: RegistryActor, name: string, change: Change): Promise<void> {
  // The counter's row stays locked until the end of the transaction: the line before is the last one.
  const seq = await nextCounter(db, 'history')
  const last = await db.selectFrom('registry_history').select('at').orderBy('seq', 'desc').executeTakeFirst()
  await db
    .insertInto('registry_history')
    .values({
      seq,
      namespace: by.namespace,
      name,
      at: Math.max(by.now, last?.at ?? 0),
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

/** A part of the history that tells of one model: lines under a name, from `from` on, before `to`. */
interface Stretch {
  readonly name: string
  readonly from: number
  readonly to: number
}

/** Lines are never changed: those from before a renaming stay under the earlier name, and are found by the line that tells it. */
async function storyOf(db: Db, namespace: string, name: string): Promise<Stretch[]> {
  const story: Stretch[] = []
  let [current, to] = [name, Number.MAX_SAFE_INTEGER]
  for (;;) {
    const arrival = await db
      .selectFrom('registry_history')
      .select(['seq', 'detail'])
      .where('namespace', '=', namespace)
      .where('name', '=', current)
      .where('action', '=', 'rename-model')
      .where('detail', 'like', '{"from":%')
      .where('seq', '<', to)
      .orderBy('seq', 'desc')
      .executeTakeFirst()
    story.push({ name: current, from: arrival?.seq ?? 0, to })
    if (!arrival) return story
    current = (JSON.parse(arrival.detail!) as { from: string }).from
    to = arrival.seq
  }
}

type HistoryExpressions = ExpressionBuilder<Tables, 'registry_history'>

function tellsOf(namespace: string, story: readonly Stretch[]) {
  return (is: HistoryExpressions): Expression<SqlBool> =>
    is.and([
      is('namespace', '=', namespace),
      is.or(
        story.map(({ name, from, to }) => is.and([is('name', '=', name), is('seq', '>=', from), is('seq', '<', to)])),
      ),
    ])
}

/** The lines of the model that has the name now: of one that was deleted, or renamed away, before it was made they tell nothing. */
async function presentModel(db: Db, namespace: string, name: string) {
  const ofModel = tellsOf(namespace, await storyOf(db, namespace, name))
  const gone = await db
    .selectFrom('registry_history')
    .select((select) => select.fn.max('seq').as('seq'))
    .where(ofModel)
    .where((is) => is.or([is('action', '=', 'delete-model'), is('detail', 'like', '{"to":%')]))
    .executeTakeFirst()
  return (is: HistoryExpressions): Expression<SqlBool> => is.and([ofModel(is), is('seq', '>', Number(gone?.seq ?? 0))])
}

/** Numbers are never used twice, also after a deletion: the history knows them all. 0 for a model without versions. */
export async function lastVersionNumber(db: Db, namespace: string, name: string): Promise<number> {
  const created = await db
    .selectFrom('registry_history')
    .select((select) => select.fn.max('version').as('version'))
    .where(await presentModel(db, namespace, name))
    .where('action', '=', 'create-version')
    .executeTakeFirst()
  return Number(created?.version ?? 0)
}

/** The history of one model, newest first, under all names that it had. */
export async function modelHistory(
  db: Db,
  namespace: string,
  name: string,
  page: { readonly limit: number; readonly beforeSeq?: number | undefined; readonly alias?: string | undefined },
): Promise<RegistryHistoryRow[]> {
  const story = await storyOf(db, namespace, name)
  let query = db.selectFrom('registry_history').selectAll().where(tellsOf(namespace, story))
  if (page.beforeSeq !== undefined) query = query.where('seq', '<', page.beforeSeq)
  if (page.alias !== undefined) query = query.where('alias', '=', page.alias)
  return await query.orderBy('seq', 'desc').limit(page.limit).execute()
}

const ALIAS_ACTIONS = [
  'set-alias',
  'rollback-alias',
  'delete-alias',
  'delete-version',
  'delete-model',
  'rename-model',
] as const

/** Which version each alias named at `at` (epoch milliseconds), read from the history alone. */
export async function aliasesAsOf(db: Db, namespace: string, name: string, at: number): Promise<Map<string, number>> {
  const lines = await db
    .selectFrom('registry_history')
    .select(['action', 'alias', 'version', 'detail'])
    .where(tellsOf(namespace, await storyOf(db, namespace, name)))
    .where('at', '<=', at)
    .where('action', 'in', ALIAS_ACTIONS)
    .orderBy('seq')
    .execute()
  const aliases = new Map<string, number>()
  for (const { action, alias, version, detail } of lines) {
    const left = action === 'rename-model' && detail?.startsWith('{"to":')
    if (action === 'delete-model' || left) aliases.clear()
    else if (action === 'rename-model') continue
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
    .selectFrom('registry_history')
    .select('version')
    .where(await presentModel(db, namespace, name))
    .where('alias', '=', alias)
    .where('action', 'in', ['set-alias', 'rollback-alias'])
    .where('version', '!=', present)
    .where(
      sql<boolean>`exists (select 1 from model_versions as v
        where v.namespace = ${namespace} and v.name = ${name} and v.version = registry_history.version)`,
    )
    .orderBy('seq', 'desc')
    .executeTakeFirst()
  return row?.version ?? undefined
}
