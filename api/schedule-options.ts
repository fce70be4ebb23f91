/** A schedule as authors write it beside a pipeline: flat, and without the pipeline, which is known there. */
import type { JsonValue } from './json.ts'
import type { ScheduledRunSpec, ScheduleTrigger, TriggerState } from './scheduled-run.ts'

/**
 * When a pipeline runs by itself. Exactly one of `cron`, `cronSeconds`, `every`, `once`, `continuous`; none: by hand or by
 * `triggers` only.
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
  /** What made the run, when that was a trigger; docs/schedules.md says which trigger gives what. */
  trigger: {
    /** The run that ended, or that gave the artifact. */
    runId: '[[trigger.run_id]]',
    runName: '[[trigger.run_name]]',
    /** `Succeeded`, `Failed` or `Canceled`. */
    state: '[[trigger.state]]',
    /** Logical date of the run that ended, where it has one. */
    logicalDate: '[[trigger.logical_date]]',
    ds: '[[trigger.ds]]',
    dataIntervalStart: '[[trigger.data_interval_start]]',
    dataIntervalEnd: '[[trigger.data_interval_end]]',
    /** Of an artifact, or `models:/NAME/VERSION` of an alias. */
    uri: '[[trigger.uri]]',
    digest: '[[trigger.digest]]',
    model: '[[trigger.model]]',
    modelVersion: '[[trigger.model_version]]',
    /** An output of the pipeline that ended; it keeps its type. */
    output: <Name extends string>(name: Name) => `[[trigger.outputs.${name}]]` as const,
    /** A value in the body of a webhook, such as `head_commit.id` or `commits.0.id`. */
    payload: <Path extends string>(path: Path) => `[[trigger.payload.${path}]]` as const,
  },
} as const

/** What makes a run besides the clock, for the option `schedule.triggers`. */
export const triggers = {
  /**
   * After a run of a pipeline (the definition, or its name) has ended.
   *
   * @example
   * schedule: { triggers: [triggers.afterRun(training)], parameters: { accuracy: macros.trigger.output('accuracy') } }
   */
  afterRun: (pipeline: string | { readonly model: { readonly name: string } }, states?: readonly TriggerState[]) => ({
    afterRun: { pipeline: nameOf(pipeline), ...(states ? { states } : {}) },
  }),
  /** After a run of a schedule has ended. */
  afterSchedule: (schedule: string, states?: readonly TriggerState[]) => ({
    afterRun: { schedule, ...(states ? { states } : {}) },
  }),
  /** New content of an object or file in a store. */
  artifact: (uri: string) => ({ artifact: { uri } }),
  /** New content of an output of a pipeline's runs, of any task or of one. */
  output: (pipeline: string | { readonly model: { readonly name: string } }, output: string, task?: string) => ({
    artifact: { pipeline: nameOf(pipeline), output, ...(task === undefined ? {} : { task }) },
  }),
  /** An alias of a registered model names another version. */
  alias: (model: string, alias: string) => ({ alias: { model, alias } }),
  /** A call by HTTP; `parameters` says where in its body the values of inputs are. */
  webhook: (options: NonNullable<ScheduleTrigger['webhook']> = {}) => ({ webhook: options }),
} as const

function nameOf(pipeline: string | { readonly model: { readonly name: string } }): string {
  return typeof pipeline === 'string' ? pipeline : pipeline.model.name
}

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
