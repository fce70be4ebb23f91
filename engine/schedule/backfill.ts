/** Runs of a schedule for past dates (rule 9): the ticks of a range, what to do with each, and the reducer that does it. Pure. */
import type { Issue } from '../../api/issue.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { BackfillOutcome, BackfillSpec } from '../../api/scheduled-run.ts'
import type { Instant } from '../types.ts'
import { CREATIONS_PER_PASS } from './advance-schedule.ts'
import type { Schedule } from './compile-schedule.ts'
import { gateRun, previousRun } from './past-gate.ts'
import { formatInstant, rerunNameOf, runNameOf } from './run-names.ts'
import type { Explanation, RunFact, RunPlan, ScheduleAction } from './schedule-state.ts'
import { type Slot, slotAt } from './slots.ts'

/** A checked backfill with its slots in the order of their creation. */
export interface Backfill {
  readonly name: string
  readonly schedule: Schedule
  readonly slots: readonly Slot[]
  readonly reprocess: 'None' | 'Failed' | 'Completed'
  readonly maxActiveRuns: number
  readonly suspend: boolean
  readonly parameters?: BackfillSpec['parameters']
}

/** More ticks than this are refused: each leaves a run and a line in the status. */
export const MAX_BACKFILL_TICKS = 5000

/** Checks a backfill of a shape that is right. The ticks ignore the schedule's start, end and catchup; intervals must be over by `now`. */
export function compileBackfill(
  name: string,
  spec: BackfillSpec,
  schedule: Schedule,
  now: Instant,
): { backfill?: Backfill; issues: readonly Issue[] } {
  const issues: Issue[] = []
  const fail = (code: string, path: string, message: string, hint: string) =>
    issues.push({ code, severity: 'error', path, message, hint })
  const [from, to] = [parseRfc3339(spec.from) ?? Number.NaN, parseRfc3339(spec.to) ?? Number.NaN]
  const reprocess = spec.reprocess ?? 'None'
  if (!(from <= to))
    fail(
      'end-before-start',
      'spec.to',
      'the range ends before it begins',
      'give from and to as RFC 3339 times, from first',
    )
  if (schedule.kind !== 'cron' && schedule.kind !== 'every')
    fail(
      'not-periodic',
      'spec.scheduleRef',
      `schedule ${schedule.name} has no ticks to fill in (${schedule.kind})`,
      'backfill a cron or interval schedule; use run-now for the others',
    )
  if (schedule.dependsOnPast !== 'None' && spec.reverse)
    fail(
      'reverse-depends-on-past',
      'spec.reverse',
      'the schedule depends on the past, so its dates cannot run newest first',
      'remove reverse',
    )
  if (schedule.dependsOnPast !== 'None' && reprocess === 'None')
    fail(
      'reprocess-depends-on-past',
      'spec.reprocess',
      'the schedule depends on the past, so dates that ran cannot be left out',
      'set reprocess to Failed or Completed',
    )
  if (issues.length > 0) return { issues }
  const slots = slotsBetween(schedule, from, to, now)
  if (slots.length > MAX_BACKFILL_TICKS)
    fail(
      'backfill-too-large',
      'spec.to',
      `the range has more than ${MAX_BACKFILL_TICKS} ticks`,
      'split it into several backfills',
    )
  if (slots.length === 0)
    fail(
      'backfill-empty',
      'spec.from',
      'the range has no tick whose interval is over',
      `the schedule's next tick after it is ${describeNext(schedule, to)}`,
    )
  if (issues.length > 0) return { issues }
  if (spec.reverse) slots.reverse()
  const parameters = spec.parameters ? { parameters: spec.parameters } : {}
  return {
    backfill: {
      name,
      schedule,
      slots,
      reprocess,
      maxActiveRuns: spec.maxActiveRuns ?? 10,
      suspend: spec.suspend ?? false,
      ...parameters,
    },
    issues,
  }
}

function slotsBetween(schedule: Schedule, from: Instant, to: Instant, now: Instant): Slot[] {
  const slots: Slot[] = []
  for (let tick = schedule.ticks.next(from - 1); tick !== undefined && tick <= to; tick = schedule.ticks.next(tick)) {
    const slot = slotAt(schedule, tick)
    if (slot === undefined || slot.runAfter > now || slots.length > MAX_BACKFILL_TICKS) break
    slots.push(slot)
  }
  return slots
}

function describeNext(schedule: Schedule, after: Instant): string {
  const next = schedule.ticks.next(after)
  return next === undefined ? 'none' : formatInstant(next)
}

/** What was done with one tick. */
export interface TickOutcome {
  readonly logicalDate: Instant
  readonly outcome: BackfillOutcome
  readonly run: string
}

/** What would be done with a tick, seeing these runs: the dry run shows it, the reducer does it. */
export function decideTick(backfill: Backfill, slot: Slot, runs: readonly RunFact[]): TickOutcome {
  const { schedule, reprocess, name } = backfill
  const { logicalDate } = slot
  const first = runNameOf(schedule.name, logicalDate)
  const again = rerunNameOf(schedule.name, logicalDate, name)
  const existing = newestOf(runs, logicalDate)
  const outcome = (word: BackfillOutcome, run: string): TickOutcome => ({ logicalDate, outcome: word, run })
  if (existing === undefined) return outcome('Created', first)
  // Our own run, created by a pass that was killed before it could say so.
  if (existing.backfill === name) return outcome(existing.name === first ? 'Created' : 'Rerun', existing.name)
  if (existing.phase === 'active' || existing.phase === 'held') return outcome('InFlight', existing.name)
  const failed = existing.phase === 'failed' || existing.phase === 'canceled'
  const rerun = reprocess === 'Completed' || (reprocess === 'Failed' && failed)
  return rerun ? outcome('Rerun', again) : outcome('AlreadyExists', existing.name)
}

function newestOf(runs: readonly RunFact[], logicalDate: Instant): RunFact | undefined {
  const own = runs.filter((run) => run.logicalDate === logicalDate && run.kind !== 'triggered')
  return own.reduce<RunFact | undefined>((a, b) => (a && a.createdAt >= b.createdAt ? a : b), undefined)
}

/** What a backfill remembers: the outcomes so far, in the order of its slots. Saved after the actions were carried out. */
export interface BackfillState {
  readonly outcomes: readonly TickOutcome[]
}

export const INITIAL_BACKFILL_STATE: BackfillState = { outcomes: [] }

export interface BackfillPass {
  readonly state: BackfillState
  readonly actions: readonly ScheduleAction[]
  readonly wakeAt?: Instant
  readonly phase: 'Running' | 'Succeeded' | 'Failed'
  readonly explanations: readonly Explanation[]
}

/** One pass over one backfill; its schedule's own pass goes first. */
export function advanceBackfill(
  backfill: Backfill,
  saved: BackfillState,
  runs: readonly RunFact[],
  now: Instant,
): BackfillPass {
  const outcomes = [...saved.outcomes]
  const actions: ScheduleAction[] = []
  const explanations: Explanation[] = []
  const seen = [...runs]
  let active = runs.filter((run) => run.backfill === backfill.name && run.phase === 'active').length
  let wakeAt: Instant | undefined
  for (const slot of backfill.suspend ? [] : backfill.slots.slice(outcomes.length)) {
    const tick = decideTick(backfill, slot, seen)
    const creates = tick.outcome === 'Created' || tick.outcome === 'Rerun'
    if (creates && !seen.some((run) => run.name === tick.run)) {
      const stop = stopReason(backfill, slot, seen, active)
      if (stop) {
        explanations.push(stop)
        break
      }
      if (actions.length >= CREATIONS_PER_PASS) {
        wakeAt = now + 1000
        break
      }
      actions.push({ kind: 'create-run', run: planOf(backfill, slot, tick.run, outcomes.length + 1, seen) })
      seen.push({
        name: tick.run,
        kind: 'backfill',
        logicalDate: slot.logicalDate,
        phase: 'active',
        createdAt: now,
        backfill: backfill.name,
      })
      active += 1
    }
    outcomes.push(tick)
  }
  if (backfill.suspend) explanations.push({ reason: 'Suspended', message: 'the backfill is suspended', event: false })
  const state = outcomes.length === saved.outcomes.length ? saved : { outcomes }
  return {
    state,
    actions,
    ...(wakeAt === undefined ? {} : { wakeAt }),
    phase: phaseOf(backfill, outcomes, seen),
    explanations,
  }
}

function stopReason(backfill: Backfill, slot: Slot, seen: readonly RunFact[], active: number): Explanation | undefined {
  if (active >= backfill.maxActiveRuns) {
    const message = `${active} of ${backfill.maxActiveRuns} allowed runs of the backfill have not ended`
    return { reason: 'WaitingForSlot', message, event: false }
  }
  if (backfill.schedule.dependsOnPast !== 'Run') return undefined
  const gate = gateRun(inRange(backfill, seen), slot.logicalDate)
  return gate.open ? undefined : { reason: 'BlockedByPast', message: gate.message, event: false }
}

/** The first run of a backfill passes, so the past before its range doesn't count. */
function inRange(backfill: Backfill, runs: readonly RunFact[]): RunFact[] {
  const from = Math.min(backfill.slots[0]!.logicalDate, backfill.slots.at(-1)!.logicalDate)
  return runs.filter((run) => run.logicalDate !== null && run.logicalDate >= from)
}

function planOf(backfill: Backfill, slot: Slot, name: string, index: number, seen: readonly RunFact[]): RunPlan {
  const { schedule, parameters } = backfill
  const past = schedule.dependsOnPast === 'Task' ? previousRun(inRange(backfill, seen), slot.logicalDate) : undefined
  return {
    name,
    kind: 'backfill',
    slot,
    logicalDate: slot.logicalDate,
    index,
    held: false,
    ...(parameters ? { parameters } : {}),
    ...(past ? { previousRun: past.name } : {}),
  }
}

/** A run that is gone was cleaned up, so it had ended; whether well can't be told any more and is not held against it. */
function phaseOf(
  backfill: Backfill,
  outcomes: readonly TickOutcome[],
  runs: readonly RunFact[],
): BackfillPass['phase'] {
  if (outcomes.length < backfill.slots.length) return 'Running'
  const own = runs.filter((run) => run.backfill === backfill.name)
  if (own.some((run) => run.phase === 'active' || run.phase === 'held')) return 'Running'
  return own.some((run) => run.phase === 'failed' || run.phase === 'canceled') ? 'Failed' : 'Succeeded'
}
