/** One pass over one schedule of the database: observe, decide (engine/schedule), carry out, then save. Before: schedule-runner.ts. */
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { BackfillSpec } from '../../api/scheduled-run.ts'
import { advanceSchedule } from '../../engine/schedule/advance-schedule.ts'
import { advanceBackfill, type BackfillState, compileBackfill } from '../../engine/schedule/backfill.ts'
import type { Schedule } from '../../engine/schedule/compile-schedule.ts'
import type { Explanation, ScheduleAction } from '../../engine/schedule/schedule-state.ts'
import type { Services } from '../../server/context.ts'
import { collectSignals } from '../../store/metadata/collect-signals.ts'
import { recordedRuns } from '../../store/metadata/ended-runs.ts'
import {
  activeBackfill,
  answerRequest,
  type FullSchedule,
  type ObservedRun,
  observeRuns,
  openRequests,
  saveBackfill,
  saveSchedule,
} from '../../store/metadata/schedules.ts'
import { openSignals, type StoredSignal, settleSignals } from '../../store/metadata/signals.ts'
import type { BackfillRow } from '../../store/metadata/tables.ts'
import { contentOnThisMachine } from './content.ts'
import { compileRow, factOf, requestOf, stateOfRow } from './schedule-row.ts'
import { createPlannedRun, releasePlannedRun } from './start-planned-run.ts'

export interface PassResult {
  /** Epoch milliseconds. */
  readonly wakeAt?: number
  /** Runs whose end this schedule waits for. */
  readonly unfinished: readonly string[]
}

/** After a pass that could not carry everything out. */
const RETRY_MILLIS = 30_000
/** After runs that ended at their start. */
const RETRY_SOON_MILLIS = 1000

export async function passOverSchedule(services: Services, row: FullSchedule): Promise<PassResult> {
  const { db } = services.metadata
  const { schedule } = compileRow(row)
  if (!schedule) return { unfinished: [] }
  const id = row.recurring_run_id
  const state = stateOfRow(row)
  const backfill = await activeBackfill(db, id)
  const requests = (await openRequests(db, id)).map(requestOf)
  const signals = await signalsOf(services, row, schedule)
  const runs = await observeRuns(db, id, state.cursor, rangeOf(backfill))
  for (const { logicalDate } of requests) {
    if (logicalDate !== null)
      runs.push(...(await observeRuns(db, id, state.cursor, { from: logicalDate, to: logicalDate })))
  }
  const facts = [...new Map(runs.map((run) => [run.name, run])).values()].map(factOf)
  const now = services.metadata.now()
  const resume = row.resume_requested_at === null ? {} : { resumeRequestedAt: row.resume_requested_at }
  const pass = advanceSchedule(schedule, state, { runs: facts, manualRequests: requests, signals, ...resume }, now)
  const refused: Explanation[] = []
  const failed = await carryOut(services, row, schedule, pass.actions, refused)
  const backfillWake = backfill && (await passOverBackfill(services, row, schedule, backfill, runs, refused, now))
  if (failed) {
    // Nothing is saved: the next pass sees what was created and tries the rest again.
    await save(services, row, row.state, state.cursor, state.index, [failed, ...refused], null)
    return { wakeAt: now + RETRY_MILLIS, unfinished: unfinishedOf(runs) }
  }
  const { cursor, index } = pass.state
  const told = [...pass.explanations, ...refused]
  await save(services, row, JSON.stringify(pass.state), cursor, index, told, pass.next?.runAfter ?? null)
  // They have ended: what waited for them is looked at soon. Back to back, they must not fill the history.
  const pause = schedule.kind === 'continuous' ? RETRY_MILLIS : RETRY_SOON_MILLIS
  const wakeAt = Math.min(...[pass.wakeAt, backfillWake, refused.length > 0 ? now + pause : undefined].map(orNever))
  const created = await observeRuns(db, id, cursor, rangeOf(backfill))
  return { ...(Number.isFinite(wakeAt) ? { wakeAt } : {}), unfinished: unfinishedOf(created) }
}

/** What the triggers of the schedule have seen and nothing was made of yet. */
async function signalsOf(services: Services, row: FullSchedule, schedule: Schedule): Promise<StoredSignal[]> {
  const { metadata, logger } = services
  const id = row.recurring_run_id
  if (schedule.triggers.length > 0) {
    // Triggers that the schedule was created with listen from its creation, others from when they were added.
    const since = row.updated_at === row.created_at ? row.created_at : metadata.now()
    const owner = { id, namespace: row.namespace, since }
    const sources = { ...recordedRuns(metadata.db), contentOf: contentOnThisMachine }
    await collectSignals(metadata, sources, owner, schedule.triggers, (trigger, error) =>
      logger.warn({ err: error, schedule: row.name, trigger: trigger.spec }, 'a trigger could not look'),
    )
  }
  return await openSignals(metadata.db, id)
}

/** The explanation of the first action that could not be carried out, after which no other was tried. */
async function carryOut(
  services: Services,
  row: FullSchedule,
  schedule: Schedule,
  actions: readonly ScheduleAction[],
  /** Told here: runs that can never start, after which the others go on. */
  refused: Explanation[],
  backfill: string | null = null,
): Promise<Explanation | undefined> {
  const { db } = services.metadata
  for (const action of actions) {
    try {
      if (action.kind === 'create-run')
        note(refused, action.run.name, await createPlannedRun(services, row, schedule, action.run, backfill))
      if (action.kind === 'release-run')
        note(refused, action.name, await releasePlannedRun(services, row, schedule, action.name))
      if (action.kind === 'answer-request')
        await answerRequest(db, row.recurring_run_id, action.id, action.accepted, action.message)
      if (action.kind === 'settle-signals')
        await settleSignals(db, row.recurring_run_id, action.settled, services.metadata.now())
      // prune-run: records of runs are kept here; history limits concern objects of a cluster.
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      return { reason: 'NotStarted', message: `a run could not be started: ${reason}`, event: true }
    }
  }
  return undefined
}

/** A run that failed at its start, once and for all. */
function note(refused: Explanation[], name: string, problem: string | undefined): void {
  if (problem !== undefined)
    refused.push({ reason: 'NotStarted', message: `run ${name} could not be started: ${problem}`, event: true })
}

async function passOverBackfill(
  services: Services,
  row: FullSchedule,
  schedule: Schedule,
  stored: BackfillRow,
  runs: readonly ObservedRun[],
  refused: Explanation[],
  now: number,
): Promise<number | undefined> {
  const { db } = services.metadata
  const spec = JSON.parse(stored.spec) as BackfillSpec
  const { backfill } = compileBackfill(stored.name, spec, schedule, stored.created_at)
  if (!backfill) {
    await saveBackfill(db, row.recurring_run_id, stored.name, stored.state, 'Rejected')
    return undefined
  }
  const pass = advanceBackfill(backfill, JSON.parse(stored.state) as BackfillState, runs.map(factOf), now)
  const failed = await carryOut(services, row, schedule, pass.actions, refused, stored.name)
  if (failed) return now + RETRY_MILLIS
  await saveBackfill(db, row.recurring_run_id, stored.name, JSON.stringify(pass.state), pass.phase)
  return pass.wakeAt
}

function rangeOf(backfill: BackfillRow | undefined): { from: number; to: number } | undefined {
  if (!backfill) return undefined
  const { from, to } = JSON.parse(backfill.spec) as BackfillSpec
  return { from: parseRfc3339(from) ?? 0, to: parseRfc3339(to) ?? 0 }
}

async function save(
  services: Services,
  row: FullSchedule,
  state: string,
  cursor: number | undefined,
  index: number,
  explanations: readonly Explanation[],
  nextAt: number | null,
): Promise<void> {
  const standing = JSON.stringify(
    explanations.filter((one) => !one.event).map(({ reason, message }) => ({ reason, message })),
  )
  const at = services.metadata.now()
  const events = explanations.filter((one) => one.event).map(({ reason, message }) => ({ at, reason, message }))
  if (state === row.state && standing === row.standing && nextAt === row.next_at && events.length === 0) return
  const saved = { state, standing, next_at: nextAt, cursor: cursor ?? null, index }
  await services.metadata.transaction((db) => saveSchedule(db, row.recurring_run_id, saved, events))
}

const orNever = (at: number | undefined): number => at ?? Number.POSITIVE_INFINITY

function unfinishedOf(runs: readonly ObservedRun[]): string[] {
  return runs.filter((run) => ['held', 'active'].includes(factOf(run).phase)).map((run) => run.run_id)
}
