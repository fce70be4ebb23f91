/** The inbox of triggers: events that were seen, each once, until they are settled, and long enough after to know them again. */
import type { JsonValue } from '../../api/json.ts'
import type { ScheduleTriggerStatus } from '../../api/scheduled-run.ts'
import type { Db } from './database.ts'
import type { ScheduleSignalRow } from './tables.ts'

/** An event as it is stored. The same happening has the same id. */
export interface StoredSignal {
  readonly id: string
  readonly trigger: string
  readonly at: number
  readonly values: Readonly<Record<string, JsonValue>>
  readonly parameters?: Readonly<Record<string, JsonValue>>
}

/** Sources are asked again for so much time before the newest known event: a record may come late. */
export const LATE_MILLIS = 24 * 3_600_000
/** Settled events are known for so long, so that a repeated call by webhook is the same call. */
export const KEPT_MILLIS = 30 * 24 * 3_600_000
/** Events of one insert. */
const ROWS_A_STATEMENT = 200

/** Stores events that are not there yet; answers how many were new. */
export async function insertSignals(
  db: Db,
  owner: string,
  signals: readonly (StoredSignal & { readonly outcome?: 'Unchanged' })[],
  now: number,
): Promise<number> {
  let inserted = 0
  for (let from = 0; from < signals.length; from += ROWS_A_STATEMENT) {
    const rows = signals
      .slice(from, from + ROWS_A_STATEMENT)
      .map(({ id, trigger, at, values, parameters, outcome }) => ({
        owner,
        id,
        trigger_key: trigger,
        at,
        body: JSON.stringify({ values, ...(parameters ? { parameters } : {}) }),
        outcome: outcome ?? null,
        run: null,
        settled_at: outcome ? now : null,
      }))
    const results = await db
      .insertInto('schedule_signals')
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    inserted += results.reduce((sum, { numInsertedOrUpdatedRows = 0n }) => sum + Number(numInsertedOrUpdatedRows), 0)
  }
  return inserted
}

/** Events that were not settled, oldest first. */
export async function openSignals(db: Db, owner: string): Promise<StoredSignal[]> {
  const rows = await db
    .selectFrom('schedule_signals')
    .selectAll()
    .where('owner', '=', owner)
    .where('outcome', 'is', null)
    .orderBy('at')
    .orderBy('id')
    .execute()
  return rows.map(signalOf)
}

function signalOf({ id, trigger_key: trigger, at, body }: ScheduleSignalRow): StoredSignal {
  return { id, trigger, at: Number(at), ...(JSON.parse(body) as Pick<StoredSignal, 'values' | 'parameters'>) }
}

export async function settleSignals(
  db: Db,
  owner: string,
  settled: readonly { readonly id: string; readonly outcome: 'Run' | 'Coalesced' | 'Dropped'; readonly run?: string }[],
  now: number,
): Promise<void> {
  for (const { id, outcome, run } of settled)
    await db
      .updateTable('schedule_signals')
      .set({ outcome, run: run ?? null, settled_at: now })
      .where('owner', '=', owner)
      .where('id', '=', id)
      .where('outcome', 'is', null)
      .execute()
}

export async function findSignal(db: Db, owner: string, id: string): Promise<ScheduleSignalRow | undefined> {
  return await db
    .selectFrom('schedule_signals')
    .selectAll()
    .where('owner', '=', owner)
    .where('id', '=', id)
    .executeTakeFirst()
}

/** The newest event of a trigger, settled or not. */
export async function newestSignal(db: Db, owner: string, trigger: string): Promise<StoredSignal | undefined> {
  const row = await db
    .selectFrom('schedule_signals')
    .selectAll()
    .where('owner', '=', owner)
    .where('trigger_key', '=', trigger)
    .where((is) => is.or([is('outcome', 'is', null), is('outcome', '!=', 'Since')]))
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row && signalOf(row)
}

/** Which of the ids are stored already. */
export async function knownSignals(db: Db, owner: string, ids: readonly string[]): Promise<Set<string>> {
  const known = new Set<string>()
  for (let from = 0; from < ids.length; from += ROWS_A_STATEMENT) {
    const part = ids.slice(from, from + ROWS_A_STATEMENT)
    const rows = await db
      .selectFrom('schedule_signals')
      .select('id')
      .where('owner', '=', owner)
      .where('id', 'in', part)
      .execute()
    for (const { id } of rows) known.add(id)
  }
  return known
}

/** Since when a trigger listens: `from` at its first sight, and the same at each later one. */
export async function listeningSince(db: Db, owner: string, trigger: string, from: number): Promise<number> {
  const id = `since:${trigger}`
  const known = await findSignal(db, owner, id)
  if (known) return Number(known.at)
  const row = { owner, id, trigger_key: trigger, at: from, body: '{"values":{}}', outcome: 'Since' as const }
  await db
    .insertInto('schedule_signals')
    .values({ ...row, run: null, settled_at: from })
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  return Number((await findSignal(db, owner, id))?.at ?? from)
}

/** Where each trigger stands, as a status says it. */
export async function triggerStatuses(
  db: Db,
  owner: string,
  triggers: readonly { readonly key: string; readonly name: string; readonly source: string }[],
): Promise<ScheduleTriggerStatus[]> {
  const rows = await db
    .selectFrom('schedule_signals')
    .select(['trigger_key', 'outcome'])
    .select((is) => [is.fn.countAll().as('count'), is.fn.max('at').as('newest')])
    .where('owner', '=', owner)
    .groupBy(['trigger_key', 'outcome'])
    .execute()
  const statuses: ScheduleTriggerStatus[] = []
  for (const { key, name, source } of triggers) {
    const own = rows.filter((row) => row.trigger_key === key)
    const since = own.find(({ outcome }) => outcome === 'Since')
    const open = own.find(({ outcome }) => outcome === null)
    const handled = own.filter(({ outcome }) => outcome === 'Run' || outcome === 'Coalesced' || outcome === 'Dropped')
    const last = handled.length > 0 ? Math.max(...handled.map(({ newest }) => Number(newest))) : undefined
    const run = last === undefined ? null : await runAt(db, owner, key, last)
    statuses.push({
      name,
      source,
      ...(since ? { since: timeText(Number(since.newest)) } : {}),
      ...(last === undefined ? {} : { lastEvent: timeText(last) }),
      ...(run === null ? {} : { lastRun: run }),
      ...(open ? { pending: Number(open.count) } : {}),
    })
  }
  return statuses
}

const timeText = (at: number): string => new Date(at).toISOString().replace('.000Z', 'Z')

async function runAt(db: Db, owner: string, trigger: string, at: number): Promise<string | null> {
  const row = await db
    .selectFrom('schedule_signals')
    .select('run')
    .where('owner', '=', owner)
    .where('trigger_key', '=', trigger)
    .where('at', '=', at)
    .where('run', 'is not', null)
    .executeTakeFirst()
  return row?.run ?? null
}

/** Takes settled events out that nobody will ask for again; the newest of a trigger stays, later ones are compared with it. */
export async function trimSignals(db: Db, owner: string, trigger: string, now: number): Promise<void> {
  const newest = await newestSignal(db, owner, trigger)
  if (!newest) return
  await db
    .deleteFrom('schedule_signals')
    .where('owner', '=', owner)
    .where('trigger_key', '=', trigger)
    .where('outcome', 'in', ['Run', 'Coalesced', 'Dropped', 'Unchanged'])
    .where('at', '<', Math.min(now - KEPT_MILLIS, newest.at - 2 * LATE_MILLIS))
    .execute()
}

/** The schedule is gone, and its events with it. */
export async function forgetSignals(db: Db, owner: string): Promise<void> {
  await db.deleteFrom('schedule_signals').where('owner', '=', owner).execute()
}
