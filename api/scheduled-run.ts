/** The ScheduledRun and Backfill documents: when a pipeline runs by itself, and for which past dates. The operator and `serve` read them. */
import type { JsonValue } from './json.ts'

/** When a schedule fires; exactly one member. Absent as a whole: the schedule runs by hand only. */
export type ScheduleTiming =
  | {
      /** Five fields (minute hour day month weekday) or a preset `@hourly` to `@yearly`, in `timeZone`. */
      readonly cron: string
    }
  | {
      /** Six fields, the second first. */
      readonly cronSeconds: string
    }
  | {
      /** An even interval such as `90s`, `1h30m` or `7d`, counted from `startTime`; daylight saving does not touch it. */
      readonly every: string
    }
  | {
      /** One run at `startTime`, or at once. */
      readonly once: Readonly<Record<string, never>>
    }
  | {
      /** The next run as soon as the one before has ended. */
      readonly continuous: Readonly<Record<string, never>>
    }

/** What to do with a wall-clock time that a change of the clock skips or repeats. */
export interface DstRules {
  /** 02:30 that does not exist runs at 03:30, or not at all. @default 'Shift' */
  readonly gap?: 'Shift' | 'Skip'
  /** 01:30 that happens twice runs at the later one, or at both. @default 'Second' */
  readonly overlap?: 'Second' | 'Both'
}

/** Ends of a run that a trigger may wait for. */
export const TRIGGER_STATES = ['Succeeded', 'Failed', 'Canceled', 'Any'] as const
export type TriggerState = (typeof TRIGGER_STATES)[number]

/** What makes a run besides the clock; exactly one of the four members. */
export interface ScheduleTrigger {
  /** Names its values: `[[triggers.NAME.run_id]]`. @default its kind */
  readonly name?: string
  /** After the end of a run: of a pipeline, whoever started it, or of a schedule. */
  readonly afterRun?: {
    readonly pipeline?: string
    readonly schedule?: string
    /** @default ['Succeeded'] */
    readonly states?: readonly TriggerState[]
  }
  /** New content of an object or file in a store (`uri`), or of an output of a pipeline's runs (`pipeline`, `output`). */
  readonly artifact?: {
    readonly uri?: string
    readonly pipeline?: string
    /** Key of the output. */
    readonly output?: string
    /** Task that gives it, such as `train`; any task by default. */
    readonly task?: string
  }
  /** An alias of a registered model names another version. */
  readonly alias?: { readonly model: string; readonly alias: string }
  /** `POST /api/v1/schedules/NAME/webhook`, one run an idempotency key. */
  readonly webhook?: {
    /** Name of the shared secret that signs the body; without one the caller is known by the server's own means. */
    readonly secret?: string
    /** Parameter to the place of its value in the body: `commit: head_commit.id`. */
    readonly parameters?: Readonly<Record<string, string>>
  }
}

/** The run that a schedule creates. Strings in `parameters` may hold macros such as `[[ds]]` (docs/schedules.md). */
export interface RunTemplate {
  readonly experiment?: string
  readonly pipelineRef?: { readonly name: string; readonly version?: string }
  /** A compiled pipeline in place of `pipelineRef`: KFP IR as an object, or the YAML text. */
  readonly pipelineSpec?: JsonValue
  readonly parameters?: Readonly<Record<string, JsonValue>>
  readonly pipelineRoot?: string
  readonly serviceAccount?: string
  readonly labels?: Readonly<Record<string, string>>
}

export interface ScheduledRunSpec {
  readonly schedule?: ScheduleTiming
  /** What makes runs besides the clock. */
  readonly triggers?: readonly ScheduleTrigger[]
  /** Any: each event makes a run. All: a run once every trigger has an event. @default 'Any' */
  readonly triggerPolicy?: 'Any' | 'All'
  /** IANA name. @default 'UTC' */
  readonly timeZone?: string
  readonly dst?: DstRules
  /** RFC 3339. Nothing is due before it. @default the creation of the schedule, exclusive */
  readonly startTime?: string
  /** RFC 3339; the last logical date is at or before it. */
  readonly endTime?: string
  /** Whether a tick exactly at `startTime` counts. @default 'Inclusive' */
  readonly startBoundary?: 'Inclusive' | 'Exclusive'
  /** Which missed ticks are made up: each, the newest one, none. @default 'Latest' */
  readonly catchup?: 'All' | 'Latest' | 'None'
  /** With catchup None: how late a run may still start. @default one period */
  readonly startingDeadlineSeconds?: number
  /** A run stands for its instant, or for the interval that ends when it starts. @default 'Trigger' */
  readonly interval?: 'Trigger' | 'DataInterval'
  /** Scheduled and manual runs that may be unfinished at once. @default 16 */
  readonly maxActiveRuns?: number
  /** Run: wait until the run before has succeeded. Task: each task waits for itself in the run before. @default 'None' */
  readonly dependsOnPast?: 'None' | 'Run' | 'Task'
  /** true creates no more runs; those that run go on. @default false */
  readonly suspend?: boolean
  /** The schedule suspends itself after so many failed runs in a row; 0 is never. @default 0 */
  readonly maxConsecutiveFailures?: number
  readonly runTemplate: RunTemplate
  /** Finished runs that are kept as objects of the cluster. @default 10 and 10 */
  readonly history?: { readonly successful?: number; readonly failed?: number }
}

/** One condition of a resource, as Kubernetes writes it. */
export interface ScheduleCondition {
  readonly type: string
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
}

export interface ScheduleTriggerStatus {
  readonly name: string
  /** What it listens to, in words. */
  readonly source: string
  /** Events before this time don't count. RFC 3339. */
  readonly since?: string
  /** Time of the newest event that was handled. */
  readonly lastEvent?: string
  /** The run that it became; absent when it was skipped. */
  readonly lastRun?: string
  /** Events that have not become a run yet. */
  readonly pending?: number
}

export interface ScheduledRunStatus {
  readonly observedGeneration?: number
  /** The cursor: every tick up to here was created or dropped. RFC 3339. */
  readonly lastTick?: string
  readonly lastLogicalDate?: string
  readonly nextTick?: string
  /** When the next run is created; later than `nextTick` with data intervals. */
  readonly nextRunAfter?: string
  /** Runs created so far. */
  readonly index?: number
  readonly active?: readonly { readonly name: string; readonly logicalDate?: string }[]
  readonly suspendedAt?: string
  readonly resumedAt?: string
  readonly suspendedByFailures?: boolean
  /** Where each trigger stands. */
  readonly triggers?: readonly ScheduleTriggerStatus[]
  /** Version of the zone tables that the instants come from. */
  readonly timeZoneData?: string
  readonly conditions?: readonly ScheduleCondition[]
}

export interface BackfillSpec {
  readonly scheduleRef: { readonly name: string }
  /** First and last logical date, both inclusive; RFC 3339. */
  readonly from: string
  readonly to: string
  /** What to do with a tick that has a finished run: leave it, rerun the failed ones, rerun all. @default 'None' */
  readonly reprocess?: 'None' | 'Failed' | 'Completed'
  /** Unfinished runs of this backfill; the schedule's own limit does not count them. @default 10 */
  readonly maxActiveRuns?: number
  /** Newest first. @default false */
  readonly reverse?: boolean
  /** Laid over the parameters of the schedule's template. */
  readonly parameters?: Readonly<Record<string, JsonValue>>
  readonly suspend?: boolean
}

export const BACKFILL_OUTCOMES = ['Created', 'Rerun', 'AlreadyExists', 'InFlight'] as const
export type BackfillOutcome = (typeof BACKFILL_OUTCOMES)[number]

export interface BackfillStatus {
  readonly observedGeneration?: number
  readonly phase?: 'Running' | 'Succeeded' | 'Failed' | 'Rejected'
  readonly total?: number
  readonly ticks?: readonly { readonly logicalDate: string; readonly outcome: BackfillOutcome; readonly run: string }[]
  readonly conditions?: readonly ScheduleCondition[]
}
