/** Queries over schedules: what a carrier observes and saves, what users ask and read. Before: cli/schedules. */
import type { Db } from './database.ts'
import { isUniqueViolation, MetadataError, notFound } from './errors.ts'
import { TERMINAL_STATES } from './pipeline-runs.ts'
import type {
  BackfillRow,
  RecurringRunRow,
  RunState,
  ScheduleRequestRow,
  ScheduleRow,
  ScheduleRunRow,
} from './tables.ts'

/** A recurring run and what its schedule remembers. */
export type FullSchedule = RecurringRunRow &
  Pick<ScheduleRow, 'name' | 'spec' | 'state' | 'standing' | 'next_at' | 'resume_requested_at'>

/** A planned run with the state of the run it became; null while it is held. */
export type ObservedRun = ScheduleRunRow & { readonly state: RunState | null; readonly end_time: number | null }

/** Finished runs of the schedule itself, and others, that an observation holds besides those that it needs in any case. */
const RECENT_RUNS = 100
/** Events that are kept of a schedule. */
const EVENTS_KEPT = 200

/** Every schedule; a recurring run that has no state yet gets one, named after its id. */
export async function listSchedules(db: Db): Promise<FullSchedule[]> {
  const fresh = await db
    .selectFrom('recurring_runs')
    .leftJoin('schedules', 'schedules.recurring_run_id', 'recurring_runs.recurring_run_id')
    .where('schedules.name', 'is', null)
    .select(['recurring_runs.recurring_run_id', 'recurring_runs.namespace'])
    .execute()
  for (const row of fresh) {
    const name = `r-${row.recurring_run_id.replaceAll('-', '').slice(0, 20)}`
    // Another process may see the same row at the same moment.
    await insertScheduleState(db, { ...row, name, spec: null }).catch((error) => {
      if (!(error instanceof MetadataError)) throw error
    })
  }
  return await fullSchedules(db).orderBy('recurring_runs.created_at').execute()
}

/** The schedule of a name, or of a recurring run's id. Rejects with `not-found`. */
export async function findSchedule(db: Db, namespace: string, nameOrId: string): Promise<FullSchedule> {
  const row = await fullSchedules(db)
    .where('recurring_runs.namespace', '=', namespace)
    .where((is) => is.or([is('schedules.name', '=', nameOrId), is('schedules.recurring_run_id', '=', nameOrId)]))
    .executeTakeFirst()
  if (!row) throw notFound(`There is no schedule ${nameOrId}`)
  return row
}

/** Every schedule with the name of the pipeline that it runs, where its text tells. */
export async function schedulesWithPipelines(db: Db, namespace: string) {
  const rows = await fullSchedules(db)
    .leftJoin('pipelines', 'pipelines.pipeline_id', 'recurring_runs.pipeline_id')
    .select('pipelines.name as stored_name')
    .where('recurring_runs.namespace', '=', namespace)
    .execute()
  return rows.map(({ stored_name, ...row }) => ({
    ...row,
    pipeline_name: pipelineNameOf(row.pipeline_spec) ?? stored_name,
  }))
}

function pipelineNameOf(text: string | null): string | null {
  const document = JSON.parse(text ?? '{}') as {
    pipelineInfo?: { name?: string }
    pipeline_spec?: { pipelineInfo?: { name?: string } }
  }
  return (document.pipelineInfo ?? document.pipeline_spec?.pipelineInfo)?.name ?? null
}

function fullSchedules(db: Db) {
  return db
    .selectFrom('recurring_runs')
    .innerJoin('schedules', 'schedules.recurring_run_id', 'recurring_runs.recurring_run_id')
    .selectAll('recurring_runs')
    .select(['schedules.name', 'schedules.spec', 'schedules.state', 'schedules.standing', 'schedules.next_at'])
    .select('schedules.resume_requested_at')
}

/** Stores a schedule under its name. Rejects with `already-exists` when the name is taken. */
export async function insertSchedule(db: Db, recurring: RecurringRunRow, name: string, spec: string): Promise<void> {
  await db.insertInto('recurring_runs').values(recurring).execute()
  await insertScheduleState(db, {
    recurring_run_id: recurring.recurring_run_id,
    namespace: recurring.namespace,
    name,
    spec,
  })
}

/**
 * Gives the schedule of that name another pipeline and spec; id, creation, cursor and count stay. Creates it when there is none.
 * @param keepEnabled whether a schedule that somebody paused stays so
 */
export async function replaceSchedule(
  db: Db,
  recurring: RecurringRunRow,
  name: string,
  spec: string,
  keepEnabled: boolean,
): Promise<string> {
  const known = await fullSchedules(db)
    .where('recurring_runs.namespace', '=', recurring.namespace)
    .where('schedules.name', '=', name)
    .executeTakeFirst()
  if (!known) {
    await insertSchedule(db, recurring, name, spec)
    return recurring.recurring_run_id
  }
  const { recurring_run_id: _, created_at: __, cursor_at: ___, next_index: ____, ...changed } = recurring
  const id = known.recurring_run_id
  const enabled = keepEnabled ? known.enabled : recurring.enabled
  await db
    .updateTable('recurring_runs')
    .set({ ...changed, enabled })
    .where('recurring_run_id', '=', id)
    .execute()
  await db.updateTable('schedules').set({ spec }).where('recurring_run_id', '=', id).execute()
  return id
}

async function insertScheduleState(
  db: Db,
  row: Pick<ScheduleRow, 'recurring_run_id' | 'namespace' | 'name' | 'spec'>,
): Promise<void> {
  const state = JSON.stringify({ index: 0 })
  try {
    await db
      .insertInto('schedules')
      .values({ ...row, state, standing: '[]', next_at: null, resume_requested_at: null })
      .execute()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new MetadataError(
      'already-exists',
      `There is a schedule ${row.name} already: choose another name, or replace it`,
    )
  }
}

/**
 * What an observation needs: unfinished runs, those after the cursor, recent ones, all of the dates asked for, and the one before
 * each of the two: however many runs by hand are newer, it is what dependsOnPast asks for.
 */
export async function observeRuns(
  db: Db,
  id: string,
  cursor: number | undefined,
  dates?: { readonly from: number; readonly to: number },
): Promise<ObservedRun[]> {
  const query = () =>
    db
      .selectFrom('schedule_runs')
      .leftJoin('runs', 'runs.run_id', 'schedule_runs.run_id')
      .selectAll('schedule_runs')
      .select(['runs.state', 'runs.end_time'])
      .where('schedule_runs.recurring_run_id', '=', id)
      // Planned, and neither held nor there: its carrier was killed before it made the run, which has to be made again.
      .where((is) => is.or([is('runs.state', 'is not', null), is('schedule_runs.held', '=', 1)]))
  // Each for itself: many runs by hand or of a backfill must not hide the failures of the schedule's own.
  const newest = (kinds: readonly ScheduleRunRow['kind'][]) =>
    query()
      .where('schedule_runs.kind', 'in', kinds)
      .orderBy('schedule_runs.created_at', 'desc')
      .limit(RECENT_RUNS)
      .execute()
  const recent = [...(await newest(['scheduled', 'triggered'])), ...(await newest(['manual', 'backfill']))]
  const lastUntil = (date: number) =>
    query()
      .where('schedule_runs.kind', '!=', 'manual')
      .where('schedule_runs.logical_date', '<=', date)
      .orderBy('schedule_runs.logical_date', 'desc')
      .orderBy('schedule_runs.created_at', 'desc')
      .limit(1)
      .execute()
  const past = await lastUntil(cursor ?? Number.MAX_SAFE_INTEGER)
  const open = await query()
    .where((is) =>
      is.or([
        is('schedule_runs.held', '=', 1),
        is('runs.state', 'not in', [...TERMINAL_STATES]),
        is('schedule_runs.logical_date', '>', cursor ?? Number.MAX_SAFE_INTEGER),
      ]),
    )
    .execute()
  const asked = dates
    ? await query()
        .where('schedule_runs.logical_date', '>=', dates.from)
        .where('schedule_runs.logical_date', '<=', dates.to)
        .execute()
    : []
  if (dates) past.push(...(await lastUntil(dates.from - 1)))
  return [...new Map([...recent, ...open, ...asked, ...past].map((run) => [run.name, run])).values()]
}

/** Records that a run is planned; a second time changes nothing. */
export async function insertScheduleRun(db: Db, row: ScheduleRunRow): Promise<void> {
  await db
    .insertInto('schedule_runs')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute()
}

export async function findScheduleRun(db: Db, id: string, name: string): Promise<ScheduleRunRow | undefined> {
  return await db
    .selectFrom('schedule_runs')
    .selectAll()
    .where('recurring_run_id', '=', id)
    .where('name', '=', name)
    .executeTakeFirst()
}

export async function releaseScheduleRun(db: Db, id: string, name: string): Promise<void> {
  await db
    .updateTable('schedule_runs')
    .set({ held: 0 })
    .where('recurring_run_id', '=', id)
    .where('name', '=', name)
    .execute()
}

/** Saves what a pass came to, with the events it told. */
export async function saveSchedule(
  db: Db,
  id: string,
  saved: Pick<ScheduleRow, 'state' | 'standing' | 'next_at'> & {
    readonly cursor: number | null
    readonly index: number
  },
  events: readonly { readonly at: number; readonly reason: string; readonly message: string }[],
): Promise<void> {
  const { cursor, index, ...row } = saved
  await db.updateTable('schedules').set(row).where('recurring_run_id', '=', id).execute()
  await db
    .updateTable('recurring_runs')
    .set({ cursor_at: cursor, next_index: index + 1 })
    .where('recurring_run_id', '=', id)
    .execute()
  if (events.length === 0) return
  const { last } = await db
    .selectFrom('schedule_events')
    .select((is) => is.fn.max('seq').as('last'))
    .where('recurring_run_id', '=', id)
    .executeTakeFirstOrThrow()
  const first = Number(last ?? 0) + 1
  await db
    .insertInto('schedule_events')
    .values(events.map((event, offset) => ({ ...event, recurring_run_id: id, seq: first + offset })))
    .execute()
  await db
    .deleteFrom('schedule_events')
    .where('recurring_run_id', '=', id)
    .where('seq', '<', first - EVENTS_KEPT)
    .execute()
}

/** The newest events, oldest of them first. */
export async function scheduleEvents(db: Db, id: string, limit: number) {
  const rows = await db
    .selectFrom('schedule_events')
    .selectAll()
    .where('recurring_run_id', '=', id)
    .orderBy('seq', 'desc')
    .limit(limit)
    .execute()
  return rows.reverse()
}

export async function openRequests(db: Db, id: string): Promise<ScheduleRequestRow[]> {
  return await db
    .selectFrom('schedule_requests')
    .selectAll()
    .where('recurring_run_id', '=', id)
    .where('accepted', 'is', null)
    .orderBy('requested_at')
    .execute()
}

export async function answerRequest(
  db: Db,
  id: string,
  requestId: string,
  accepted: boolean,
  message: string,
): Promise<void> {
  await db
    .updateTable('schedule_requests')
    .set({ accepted: accepted ? 1 : 0, message })
    .where('recurring_run_id', '=', id)
    .where('request_id', '=', requestId)
    .execute()
}

/** Stores a backfill. Rejects with `conflict` while another one of the schedule is active. */
export async function insertBackfill(db: Db, row: BackfillRow): Promise<void> {
  const active = await activeBackfill(db, row.recurring_run_id)
  if (active)
    throw new MetadataError('conflict', `Backfill ${active.name} of this schedule is still active: wait for its end`)
  try {
    await db.insertInto('backfills').values(row).execute()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new MetadataError('already-exists', `There is a backfill ${row.name} already: choose another name`)
  }
}

export async function activeBackfill(db: Db, id: string): Promise<BackfillRow | undefined> {
  return await db
    .selectFrom('backfills')
    .selectAll()
    .where('recurring_run_id', '=', id)
    .where('phase', '=', 'Running')
    .executeTakeFirst()
}

export async function saveBackfill(
  db: Db,
  id: string,
  name: string,
  state: string,
  phase: BackfillRow['phase'],
): Promise<void> {
  await db
    .updateTable('backfills')
    .set({ state, phase })
    .where('recurring_run_id', '=', id)
    .where('name', '=', name)
    .execute()
}

/** Changes whenever somebody else than the carrier wrote something that it has to look at. */
export async function scheduleFingerprint(db: Db): Promise<string> {
  const recurring = await db
    .selectFrom('recurring_runs')
    .select((is) => [is.fn.countAll().as('count'), is.fn.max('updated_at').as('changed')])
    .executeTakeFirstOrThrow()
  const requests = await db
    .selectFrom('schedule_requests')
    .select((is) => is.fn.countAll().as('count'))
    .where('accepted', 'is', null)
    .executeTakeFirstOrThrow()
  const backfills = await db
    .selectFrom('backfills')
    .select((is) => is.fn.countAll().as('count'))
    .where('phase', '=', 'Running')
    .executeTakeFirstOrThrow()
  return [recurring.count, recurring.changed, requests.count, backfills.count].join('/')
}
