/** The port to whatever runs the schedules of recurring runs. Implemented by the cli's wiring over engine/schedule. */
import type { Issue } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import type { ScheduledRunSpec, ScheduleTrigger } from '../api/scheduled-run.ts'
import type { FullSchedule } from '../store/metadata/schedules.ts'
import type { RecurringRunRow } from '../store/metadata/tables.ts'

export interface Schedules {
  /** What is wrong with the meaning of a schedule, such as a cron without any tick. */
  check(spec: Omit<ScheduledRunSpec, 'runTemplate'>, now: number): readonly Issue[]
  /** A recurring run was made, changed or deleted, or an event came in: look at the tables again. */
  changed(): void
  /** Rejects with `invalid` when the values of a run that is asked for by hand do not fit the pipeline of the schedule. */
  checkRequest?(row: FullSchedule, asked: RequestedRun): Promise<void>
  /** The schedule that a webhook calls; undefined when there is none of that name. */
  called(namespace: string, name: string): Promise<CalledSchedule | undefined>
  /** Absent: the table is all there is of a recurring run. */
  readonly resources?: RecurringRunResources | undefined
}

/** A run by hand. */
export interface RequestedRun {
  /** Null: none. */
  readonly logicalDate: number | null
  /** Laid over those of the schedule. */
  readonly parameters: Readonly<Record<string, JsonValue>>
}

/** Recurring runs as resources of a cluster, which anyone with rights there may change or delete. */
export interface RecurringRunResources {
  /** Makes the resource of a new row. When it rejects, there is none. */
  create(row: RecurringRunRow, template: RecurringRunTemplate): Promise<void>
  setEnabled(row: RecurringRunRow, enabled: boolean): Promise<void>
  /** @param orphan its runs stay */
  remove(row: RecurringRunRow, orphan: boolean): Promise<void>
  /** The command that asks for a run by hand; undefined for a row that has no resource. */
  runNowCommand(row: RecurringRunRow): string | undefined
  /** Brings the rows of a namespace up to their resources. */
  refresh(namespace: string): Promise<void>
}

/** What the runs of a recurring run have in common. */
export interface RecurringRunTemplate {
  /** Name, in the namespace of the recurring run. */
  readonly experiment: string
  readonly pipelineText: string
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly pipelineRoot?: string | undefined
}

/** A schedule as its webhook sees it. */
export interface CalledSchedule {
  /** Owner of its events in the database. */
  readonly owner: string
  /** Undefined: it listens to no webhook. */
  readonly webhook: NonNullable<ScheduleTrigger['webhook']> | undefined
  /** Rejects with `invalid` when these values of a call do not fit the pipeline, where that can be told. */
  check?(parameters: Readonly<Record<string, JsonValue>>): Promise<void>
  /** Id of a run by its name, where the two differ. */
  runIdOf?(run: string): string
}

/** For a server whose recurring runs only lie in the table. */
export const noSchedules: Schedules = { check: () => [], changed: () => {}, called: async () => undefined }
