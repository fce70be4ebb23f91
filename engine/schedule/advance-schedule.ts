/** The schedule reducer: what a schedule does now, and when to look again. Pure. Before: due-slots.ts. After: a carrier acts, then saves the state. */
import type { JsonValue } from '../../api/json.ts'
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'
import { continuousSlot } from './continuous.ts'
import { COUNT_LIMIT, countDue, type DroppedSlots, dueSlots, LARGE_BACKLOG } from './due-slots.ts'
import { prunable } from './history.ts'
import { answerManualRequest, releasable, runOfDate, unfinished } from './manual-runs.ts'
import { gateRun, previousRun } from './past-gate.ts'
import { formatInstant, runNameOf, triggeredRunNameOf } from './run-names.ts'
import type {
  Explanation,
  RunFact,
  RunPlan,
  ScheduleAction,
  ScheduleObservation,
  SchedulePass,
  ScheduleState,
  SettledSignal,
  Signal,
} from './schedule-state.ts'
import { describeGroup, type SignalGroup, sortSignals } from './signals.ts'
import { nextSlot, type Slot } from './slots.ts'
import { applySuspension } from './suspension.ts'

/** Creations of one pass; the next pass is a second later, so catching up makes at most ten runs a second (rule 14). */
export const CREATIONS_PER_PASS = 10
const CATCH_UP_PAUSE_MILLIS = 1000

/**
 * One pass over one schedule.
 *
 * The carrier carries the actions out in order and saves the state afterwards. Killed in between, the next pass sees the
 * created run and only moves the cursor: no run twice, none lost.
 */
export function advanceSchedule(
  schedule: Schedule,
  saved: ScheduleState,
  seen: ScheduleObservation,
  now: Instant,
): SchedulePass {
  const suspension = applySuspension(schedule, saved, seen, now)
  const pass = new Pass(schedule, suspension.state, seen.runs, suspension.suspended, now)
  pass.explanations.push(...suspension.explanations)
  pass.releaseHeld()
  for (const request of seen.manualRequests ?? [])
    pass.answer(answerManualRequest(schedule, request, pass.runs, pass.index + 1, pass.mustHold()))
  if (!suspension.suspended) {
    schedule.kind === 'continuous' ? pass.createContinuous() : pass.createDue()
    pass.createTriggered(seen.signals ?? [])
  }
  for (const name of prunable(schedule, saved, seen)) pass.actions.push({ kind: 'prune-run', name })
  return pass.result()
}

/** The pass while it is being made: the parts of the result, and the runs as they will be once the actions were carried out. */
class Pass {
  readonly actions: ScheduleAction[] = []
  readonly explanations: Explanation[] = []
  readonly runs: RunFact[]
  index: number
  private cursor: Instant | undefined
  private occupied: number
  private moreIsDue = false
  private blocked = false
  private readonly schedule: Schedule
  private readonly state: ScheduleState
  private readonly suspended: boolean
  private readonly now: Instant

  constructor(schedule: Schedule, state: ScheduleState, runs: readonly RunFact[], suspended: boolean, now: Instant) {
    this.schedule = schedule
    this.state = state
    this.runs = [...runs]
    this.suspended = suspended
    this.now = now
    this.cursor = state.cursor
    this.occupied = unfinished(runs).length
    // A crash may have lost the count, but not the runs that carry it.
    this.index = runs.reduce((most, run) => Math.max(most, run.index ?? 0), state.index)
  }

  mustHold(): boolean {
    return this.suspended || this.occupied >= this.schedule.maxActiveRuns
  }

  releaseHeld(): void {
    if (this.suspended) return
    const running = unfinished(this.runs).filter((run) => run.phase === 'active').length
    for (const name of releasable(this.runs, this.schedule.maxActiveRuns - running))
      this.actions.push({ kind: 'release-run', name })
  }

  answer(actions: readonly ScheduleAction[]): void {
    for (const action of actions) {
      this.actions.push(action)
      if (action.kind === 'create-run') this.count(action.run)
    }
  }

  createContinuous(): void {
    const slot = continuousSlot(this.schedule, this.state, this.runs)
    if (slot === undefined || slot.runAfter > this.now) return
    if (this.occupied >= 1) this.explainWaiting(slot)
    else this.create(slot)
  }

  createDue(): void {
    const { schedule, now } = this
    const first = nextSlot(schedule, this.cursor)
    if (first === undefined || first.runAfter > now) return
    // Held manual runs count too: whoever came first gets the slot.
    const room = Math.min(CREATIONS_PER_PASS, schedule.maxActiveRuns - this.occupied)
    if (room <= 0) {
      this.explainWaiting(first)
      return
    }
    const skippedBefore = Math.max(schedule.createdAt, this.state.resumedAt ?? schedule.createdAt)
    const due = dueSlots(schedule, this.cursor, now, skippedBefore, schedule.dependsOnPast === 'Run' ? 1 : room)
    for (const slot of due.slots) if (!this.tryCreate(slot)) return
    if (due.dropped) this.drop(due.dropped)
    this.explainBacklog()
  }

  /** false when the past forbids it: then nothing later may be created either. */
  private tryCreate(slot: Slot): boolean {
    const exists = runOfDate(this.runs, slot.logicalDate)
    if (exists) {
      this.cursor = slot.logicalDate
      const message = `${formatInstant(slot.logicalDate)} has run ${exists.name} already`
      this.explanations.push({ reason: 'AlreadyExists', message, event: true })
      return true
    }
    const gate = this.schedule.dependsOnPast === 'Run' ? gateRun(this.runs, slot.logicalDate) : { open: true as const }
    if (!gate.open) {
      this.blocked = true
      this.explanations.push({ reason: 'BlockedByPast', message: gate.message, event: false })
      return false
    }
    this.create(slot)
    return true
  }

  private create(slot: Slot): void {
    const { schedule } = this
    const past = schedule.dependsOnPast === 'Task' ? previousRun(this.runs, slot.logicalDate) : undefined
    const run: RunPlan = {
      name: runNameOf(schedule.name, slot.logicalDate),
      kind: 'scheduled',
      slot,
      logicalDate: slot.logicalDate,
      index: this.index + 1,
      held: false,
      ...(past ? { previousRun: past.name } : {}),
    }
    this.actions.push({ kind: 'create-run', run })
    this.count(run)
    this.cursor = slot.logicalDate
  }

  /** The clock goes first; events wait until there is room, and are decided about only then. */
  createTriggered(pending: readonly Signal[]): void {
    if (pending.length === 0) return
    const { schedule, now } = this
    const skippedBefore = Math.max(schedule.createdAt, this.state.resumedAt ?? schedule.createdAt)
    const { settled, groups, explanations } = sortSignals(schedule, pending, this.runs, skippedBefore, now)
    this.explanations.push(...explanations)
    const all = [...settled]
    let created = 0
    for (const group of groups) {
      if (created >= CREATIONS_PER_PASS) this.moreIsDue = true
      if (created >= CREATIONS_PER_PASS || !this.mayTrigger(group)) break
      all.push(...this.trigger(group))
      created += 1
    }
    if (all.length > 0) this.actions.push({ kind: 'settle-signals', settled: all })
  }

  private mayTrigger({ used }: SignalGroup): boolean {
    const at = used.at(-1)!.signal.at
    if (this.occupied >= this.schedule.maxActiveRuns) {
      this.explainWaiting({ logicalDate: at })
      return false
    }
    if (this.schedule.dependsOnPast !== 'Run') return true
    const gate = gateRun(this.runs, at)
    if (!gate.open) this.explanations.push({ reason: 'BlockedByPast', message: gate.message, event: false })
    return gate.open
  }

  private trigger(group: SignalGroup): SettledSignal[] {
    const { schedule } = this
    const ids = group.used.map(({ signal }) => signal.id)
    const { at } = group.used.at(-1)!.signal
    const past = schedule.dependsOnPast === 'Task' ? previousRun(this.runs, at) : undefined
    const parameters = Object.assign({}, ...group.used.map(({ signal }) => signal.parameters)) as Record<
      string,
      JsonValue
    >
    const run: RunPlan = {
      name: triggeredRunNameOf(schedule.name, ids),
      kind: 'triggered',
      slot: { logicalDate: at, intervalStart: at, intervalEnd: at, runAfter: at },
      logicalDate: at,
      index: this.index + 1,
      held: false,
      ...(past ? { previousRun: past.name } : {}),
      ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
      events: group.used.map(({ trigger, signal }) => ({
        name: trigger.name,
        signal: signal.id,
        values: signal.values,
      })),
    }
    this.actions.push({ kind: 'create-run', run })
    this.count(run)
    const merged = group.coalesced.length > 0
    const reason = merged ? 'SignalsCoalesced' : 'Triggered'
    this.explanations.push({ reason, message: `run ${run.name}: ${describeGroup(group)}`, event: true })
    return [
      ...ids.map((id) => ({ id, outcome: 'Run' as const, run: run.name })),
      ...group.coalesced.map(({ id }) => ({ id, outcome: 'Coalesced' as const, run: run.name })),
    ]
  }

  private count(run: RunPlan): void {
    this.index = run.index
    this.occupied += 1
    const { name, kind, logicalDate, events } = run
    this.runs.push({
      name,
      kind,
      logicalDate,
      phase: run.held ? 'held' : 'active',
      createdAt: this.now,
      index: run.index,
      ...(events ? { signals: events.map(({ signal }) => signal) } : {}),
    })
  }

  private drop(dropped: DroppedSlots): void {
    this.cursor = Math.max(this.cursor ?? dropped.to, dropped.to)
    const count =
      dropped.count >= COUNT_LIMIT
        ? `${COUNT_LIMIT} or more instants`
        : dropped.count === 1
          ? 'one instant'
          : `${dropped.count} instants`
    const range =
      dropped.from === dropped.to
        ? formatInstant(dropped.from)
        : `${formatInstant(dropped.from)} to ${formatInstant(dropped.to)}`
    this.explanations.push({
      reason: 'TicksSkipped',
      message: `skipped ${count} (${range}): catchup is ${this.schedule.catchup}`,
      event: true,
    })
  }

  private explainBacklog(): void {
    const due = countDue(this.schedule, this.cursor, this.now, LARGE_BACKLOG + 1)
    this.moreIsDue = due > 0
    if (due <= LARGE_BACKLOG) return
    const pace = `${CREATIONS_PER_PASS} a second, ${this.schedule.maxActiveRuns} at once`
    const message = `more than ${LARGE_BACKLOG} missed instants are being made up (${pace}); catchup Latest or a later startTime avoids it`
    this.explanations.push({ reason: 'LargeBacklog', message, event: false })
  }

  private explainWaiting(slot: Pick<Slot, 'logicalDate'>): void {
    this.blocked = true
    const { maxActiveRuns } = this.schedule
    const message = `${formatInstant(slot.logicalDate)} waits: ${this.occupied} of ${maxActiveRuns} allowed runs have not ended`
    this.explanations.push({ reason: 'WaitingForSlot', message, event: false })
  }

  result(): SchedulePass {
    const { schedule, now, explanations } = this
    const next =
      schedule.kind === 'continuous' ? continuousSlot(schedule, this.state, this.runs) : nextSlot(schedule, this.cursor)
    const state: ScheduleState = {
      ...this.state,
      index: this.index,
      ...(this.cursor === undefined ? {} : { cursor: this.cursor }),
    }
    explanations.push(...this.standing(next))
    const full = this.occupied >= schedule.maxActiveRuns
    const wakeAt = this.suspended ? undefined : next === undefined ? this.wakeForMore(full) : this.wakeFor(next, full)
    return {
      state: sameState(this.state, state) ? this.state : state,
      actions: this.actions,
      ...(wakeAt === undefined ? {} : { wakeAt }),
      ...(next ? { next } : {}),
      explanations: now < (this.cursor ?? now) ? [...explanations, clockBehind(this.cursor!, now)] : explanations,
    }
  }

  private wakeFor(next: Slot, full: boolean): Instant | undefined {
    const more = this.wakeForMore(full)
    return next.runAfter > this.now ? Math.min(next.runAfter, more ?? next.runAfter) : more
  }

  /** Due but stopped by a run: that run's end wakes us. Due and only rationed: soon. */
  private wakeForMore(full: boolean): Instant | undefined {
    return this.blocked || full || !this.moreIsDue ? undefined : this.now + CATCH_UP_PAUSE_MILLIS
  }

  private listening(): string {
    const { triggers, triggerPolicy } = this.schedule
    const word = triggerPolicy === 'All' ? ' and ' : ', or '
    return `a run is made when ${triggers.map(({ source }) => source).join(word)}`
  }

  private standing(next: Slot | undefined): Explanation[] {
    const { kind, endInstant, triggers } = this.schedule
    const listens = triggers.length > 0 && (endInstant === undefined || this.now <= endInstant)
    if (kind === 'manual' && triggers.length === 0)
      return [{ reason: 'Manual', message: 'runs by hand only', event: false }]
    if (listens && next === undefined) return [{ reason: 'Triggered', message: this.listening(), event: false }]
    if (next) {
      const message = `next: ${formatInstant(next.logicalDate)}${next.runAfter === next.logicalDate ? '' : `, created at ${formatInstant(next.runAfter)}`}`
      return [{ reason: 'Scheduled', message: listens ? `${message}; ${this.listening()}` : message, event: false }]
    }
    if (kind === 'continuous' && (endInstant === undefined || this.now <= endInstant)) return []
    return [{ reason: 'Finished', message: 'no instant is left', event: false }]
  }
}

function sameState(a: ScheduleState, b: ScheduleState): boolean {
  return a.cursor === b.cursor && a.index === b.index
}

function clockBehind(cursor: Instant, now: Instant): Explanation {
  const message = `the clock says ${formatInstant(now)}, but ${formatInstant(cursor)} was handled already; nothing is repeated`
  return { reason: 'ClockBehind', message, event: false }
}
