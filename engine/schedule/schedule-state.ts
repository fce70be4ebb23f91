/** The vocabulary of the schedule reducer (advance-schedule.ts): what it remembers, what it is shown, what it wants done. Plain JSON. */
import type { JsonValue } from '../../api/json.ts'
import type { Instant } from '../types.ts'
import type { Slot } from './slots.ts'

/** What a schedule remembers between passes. Saved AFTER its actions were carried out: create first, then advance (rule 7). */
export interface ScheduleState {
  /** Logical date of the last slot that was created or dropped; absent before the first. */
  readonly cursor?: Instant
  /** Runs created so far; the next run gets this plus one. */
  readonly index: number
  /** Since when creation stands still; absent while the schedule runs. */
  readonly suspendedAt?: Instant
  /** End of the last suspension. */
  readonly resumedAt?: Instant
  /** The suspension came from maxConsecutiveFailures. */
  readonly suspendedByFailures?: boolean
}

export const INITIAL_SCHEDULE_STATE: ScheduleState = { index: 0 }

export type RunKind = 'scheduled' | 'triggered' | 'manual' | 'backfill'
/** `held` waits for a slot and was not started; `active` is anything else that has not ended. */
export type RunPhase = 'held' | 'active' | 'succeeded' | 'skipped' | 'failed' | 'canceled'

/** What is seen of a run that carries the schedule's label. */
export interface RunFact {
  readonly name: string
  readonly kind: RunKind
  /** null: a manual run for no date. Of a triggered run: the time of its event, which is no identity. */
  readonly logicalDate: Instant | null
  readonly phase: RunPhase
  readonly createdAt: Instant
  readonly finishedAt?: Instant
  readonly index?: number
  /** The request that a manual run answers. */
  readonly requestId?: string
  /** The backfill that created it. */
  readonly backfill?: string
  /** Events that a triggered run stands for. */
  readonly signals?: readonly string[]
}

/** Something happened that a trigger listens to. The same happening has the same id, however often it is seen. */
export interface Signal {
  /** Unique within the schedule. */
  readonly id: string
  /** Key of the trigger. */
  readonly trigger: string
  readonly at: Instant
  /** What `[[trigger.NAME]]` stands for. */
  readonly values: Readonly<Record<string, JsonValue>>
  /** Laid over the template's parameters. */
  readonly parameters?: Readonly<Record<string, JsonValue>>
}

/** What became of an event. */
export interface SettledSignal {
  readonly id: string
  /** Run: it has one. Coalesced: a newer event stands for it. Dropped: it does not count. */
  readonly outcome: 'Run' | 'Coalesced' | 'Dropped'
  readonly run?: string
}

/** Somebody asks for a run now (rule 8). */
export interface ManualRequest {
  /** Unique among the schedule's requests: the same id twice gives one run. Lower-case letters, digits and `-`. */
  readonly id: string
  readonly requestedAt: Instant
  readonly logicalDate: Instant | null
  /** Laid over the template's parameters. */
  readonly parameters?: Readonly<Record<string, JsonValue>>
}

/** What is seen at the beginning of a pass. */
export interface ScheduleObservation {
  readonly runs: readonly RunFact[]
  readonly manualRequests?: readonly ManualRequest[]
  /** Events that were not settled yet. */
  readonly signals?: readonly Signal[]
  /** When somebody last said "go on" to a schedule that failures had suspended. */
  readonly resumeRequestedAt?: Instant
}

/** A run to create. */
export interface RunPlan {
  readonly name: string
  readonly kind: RunKind
  readonly slot: Slot
  /** The run's identity with the schedule; null for a manual run without a date. */
  readonly logicalDate: Instant | null
  readonly index: number
  /** Created without being started: no slot is free (rule 8). */
  readonly held: boolean
  /** The request that a manual run answers. */
  readonly requestId?: string
  readonly parameters?: Readonly<Record<string, JsonValue>>
  /** dependsOnPast Task: each task waits until it has succeeded or was skipped in this run. */
  readonly previousRun?: string
  /** The events of a triggered run by the names of their triggers; `trigger` of macros is the newest. */
  readonly events?: readonly TriggerEvent[]
}

export interface TriggerEvent {
  /** Name of the trigger. */
  readonly name: string
  readonly signal: string
  readonly values: Readonly<Record<string, JsonValue>>
}

/** Each may be carried out again: names are computed, and "already exists", "already gone" are success. */
export type ScheduleAction =
  | { readonly kind: 'create-run'; readonly run: RunPlan }
  | { readonly kind: 'release-run'; readonly name: string }
  | { readonly kind: 'prune-run'; readonly name: string }
  /** After the creations: what is settled is not shown again. */
  | { readonly kind: 'settle-signals'; readonly settled: readonly SettledSignal[] }
  | { readonly kind: 'answer-request'; readonly id: string; readonly accepted: boolean; readonly message: string }

/** Why the schedule stands where it stands; carriers make events and conditions of it. */
export type ScheduleReason =
  | 'Scheduled'
  | 'TicksSkipped'
  | 'LargeBacklog'
  | 'WaitingForSlot'
  | 'BlockedByPast'
  | 'Suspended'
  | 'Resumed'
  | 'SuspendedByFailures'
  | 'Finished'
  | 'Manual'
  /** No clock, but events make runs. */
  | 'Triggered'
  | 'WaitingForTriggers'
  | 'SignalsCoalesced'
  | 'SignalsDropped'
  | 'ClockBehind'
  | 'AlreadyExists'
  /** A carrier's word: the run could not be created. */
  | 'NotStarted'

export interface Explanation {
  readonly reason: ScheduleReason
  readonly message: string
  /** true: it happened in this pass (an event); false: it is so (a condition). */
  readonly event: boolean
}

export interface SchedulePass {
  readonly state: ScheduleState
  readonly actions: readonly ScheduleAction[]
  /** Look again at this instant at the latest; absent when only a run or a user can change something. */
  readonly wakeAt?: Instant
  /** The next slot that has not been handled. */
  readonly next?: Slot
  readonly explanations: readonly Explanation[]
}
