/** Ended runs of the database as triggers ask for them. Before: collect-signals.ts. */
import type { JsonValue } from '../../api/json.ts'
import type { EndedRun, SignalSources } from './collect-signals.ts'
import type { Db } from './database.ts'
import type { RunState } from './tables.ts'

const STATES: Readonly<Record<EndedRun['state'], readonly RunState[]>> = {
  Succeeded: ['SUCCEEDED', 'SKIPPED', 'CACHED'],
  Failed: ['FAILED'],
  Canceled: ['CANCELED'],
}

export function recordedRuns(db: Db): Pick<SignalSources, 'endedRuns' | 'detailsOf'> {
  return {
    endedRuns: async ({ namespace, pipeline, schedule, states, from }) => {
      const wanted = states.flatMap((state) => STATES[state as EndedRun['state']] ?? [])
      let query = db
        .selectFrom('runs')
        .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
        .leftJoin('schedules', 'schedules.recurring_run_id', 'pipeline_runs.recurring_run_id')
        .select(['runs.run_id', 'runs.name', 'runs.state', 'runs.end_time', 'pipeline_runs.pipeline_name'])
        .select('schedules.name as schedule')
        .where('runs.kind', '=', 'pipeline')
        .where('runs.end_time', '>=', from)
        .where('runs.namespace', '=', namespace)
        .where('runs.state', 'in', wanted)
      if (pipeline !== undefined) query = query.where('pipeline_runs.pipeline_name', '=', pipeline)
      if (schedule !== undefined) query = query.where('schedules.name', '=', schedule)
      const rows = await query.orderBy('runs.end_time').execute()
      return rows.map((row) => ({
        id: row.run_id,
        name: row.name,
        pipeline: row.pipeline_name,
        schedule: row.schedule ?? undefined,
        state: stateOf(row.state),
        endedAt: Number(row.end_time),
      }))
    },
    detailsOf: async (_namespace, { id }) => ({ ...(await outputsOf(db, id)), ...(await datesOf(db, id)) }),
  }
}

function stateOf(state: RunState): EndedRun['state'] {
  return state === 'FAILED' ? 'Failed' : state === 'CANCELED' ? 'Canceled' : 'Succeeded'
}

/** Output parameters of the pipeline; empty when nothing was recorded. */
export async function outputsOf(db: Db, runId: string): Promise<{ outputs: JsonValue }> {
  const row = await db.selectFrom('pipeline_runs').select('outputs').where('run_id', '=', runId).executeTakeFirst()
  return { outputs: JSON.parse(row?.outputs ?? '{}') as JsonValue }
}

/** What a run of a schedule stands for. */
async function datesOf(db: Db, runId: string): Promise<Readonly<Record<string, JsonValue>>> {
  const row = await db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .innerJoin('schedule_runs', (join) =>
      join
        .onRef('schedule_runs.recurring_run_id', '=', 'pipeline_runs.recurring_run_id')
        .onRef('schedule_runs.name', '=', 'runs.name'),
    )
    .select(['schedule_runs.plan', 'schedule_runs.logical_date'])
    .where('runs.run_id', '=', runId)
    .executeTakeFirst()
  if (!row) return {}
  const { slot } = JSON.parse(row.plan) as { slot: { intervalStart: number; intervalEnd: number } }
  return datesForMacros(row.logical_date === null ? undefined : Number(row.logical_date), slot)
}

/** Dates of a run in the words of the macros. */
export function datesForMacros(
  logicalDate: number | undefined,
  interval: { readonly intervalStart: number; readonly intervalEnd: number } | undefined,
): Readonly<Record<string, JsonValue>> {
  const text = (at: number) => new Date(at).toISOString().replace('.000Z', 'Z')
  return {
    ...(logicalDate === undefined ? {} : { logical_date: text(logicalDate), ds: text(logicalDate).slice(0, 10) }),
    ...(interval
      ? { data_interval_start: text(interval.intervalStart), data_interval_end: text(interval.intervalEnd) }
      : {}),
  }
}

/** Changes whenever a run or task ended, an alias changed or an event came in; cheap enough to be asked every second. */
export async function signalFingerprint(db: Db): Promise<string> {
  const last = async (kind: 'pipeline' | 'task') =>
    await db
      .selectFrom('runs')
      .select('end_time')
      .where('kind', '=', kind)
      .where('end_time', 'is not', null)
      .orderBy('end_time', 'desc')
      .limit(1)
      .executeTakeFirst()
  const history = await db
    .selectFrom('registry_history')
    .select((is) => is.fn.max('seq').as('last'))
    .executeTakeFirst()
  const open = await db
    .selectFrom('schedule_signals')
    .select((is) => is.fn.countAll().as('count'))
    .where('outcome', 'is', null)
    .executeTakeFirst()
  const ends = [(await last('pipeline'))?.end_time, (await last('task'))?.end_time]
  return [...ends, history?.last, open?.count].join('/')
}
