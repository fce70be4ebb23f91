/** A schedule as authors write it beside a pipeline: flat, and without the pipeline, which is known there. */
import type { JsonValue } from './json.ts'
import type { ScheduledRunSpec } from './scheduled-run.ts'

/**
 * When a pipeline runs by itself. Exactly one of `cron`, `cronSeconds`, `every`, `once`, `continuous`; none: by hand only.
 *
 * @example
 * { cron: '@daily', timeZone: 'Europe/Zurich', startTime: '2026-01-01T00:00:00Z', parameters: { day: macros.ds } }
 */
export interface ScheduleOptions<Parameter extends string = string>
  extends Omit<ScheduledRunSpec, 'schedule' | 'runTemplate'> {
  /** Five fields, or a preset `@hourly` to `@yearly`. */
  readonly cron?: string
  /** Six fields, the second first. */
  readonly cronSeconds?: string
  /** `90s`, `1h30m`, `7d`. */
  readonly every?: string
  readonly once?: true
  /** The next run when the one before has ended. */
  readonly continuous?: true
  /** Values of the pipeline's inputs; texts may hold macros. */
  readonly parameters?: Readonly<Partial<Record<Parameter, JsonValue>>>
}

/** The dates of a scheduled run, to be given to a pipeline's inputs; docs/schedules.md has all. */
export const macros = {
  /** Logical date, UTC: `2026-01-31`. */
  ds: '[[ds]]',
  /** Logical date in the schedule's zone. */
  dsLocal: '[[ds_local]]',
  /** `2026-01-31T00:00:00Z`. */
  logicalDate: '[[logical_date]]',
  dataIntervalStart: '[[data_interval_start]]',
  dataIntervalEnd: '[[data_interval_end]]',
  runAfter: '[[run_after]]',
  /** Number of the run, from 1. */
  index: '[[index]]',
  runId: '[[run_id]]',
} as const

/** The options in the shape of the resource, unchecked: parse-scheduled-run.ts comes next. */
export function scheduleSpecOf(
  options: ScheduleOptions,
): Omit<ScheduledRunSpec, 'runTemplate'> & { runTemplate: object } {
  const { cron, cronSeconds, every, once, continuous, parameters, ...rest } = options
  const timing = {
    ...(cron === undefined ? {} : { cron }),
    ...(cronSeconds === undefined ? {} : { cronSeconds }),
    ...(every === undefined ? {} : { every }),
    ...(once ? { once: {} } : {}),
    ...(continuous ? { continuous: {} } : {}),
  }
  const schedule = Object.keys(timing).length === 0 ? {} : { schedule: timing as ScheduledRunSpec['schedule'] & object }
  return { ...rest, ...schedule, runTemplate: parameters ? { parameters } : {} }
}
