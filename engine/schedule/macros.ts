/** Fills the dates of a scheduled run into its parameters (rule 16). Pure. Before: advance-schedule.ts. After: the carrier creates the run. */
import type { Issue } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import type { Instant } from '../types.ts'
import { formatGoLayout, formatStrftime } from './format-time.ts'
import { formatInstant } from './run-names.ts'
import type { RunPlan, TriggerEvent } from './schedule-state.ts'
import type { Trigger, TriggerKind } from './triggers.ts'
import { offsetAt, type Zone } from './zone.ts'

/** What a run's macros stand for. */
export interface MacroValues {
  readonly logicalDate: Instant
  readonly intervalStart: Instant
  readonly intervalEnd: Instant
  readonly runAfter: Instant
  /** KFP's `[[ScheduledTime]]`. */
  readonly scheduledTime: Instant
  readonly currentTime: Instant
  readonly index: number
  readonly runId: string
  readonly zone: Zone
  /** What happened, for a run that an event made: the newest event, and each by the name of its trigger. */
  readonly trigger?: JsonValue
  readonly triggers?: JsonValue
}

/** The values for a planned run. ScheduledTime is the logical date, or with data intervals the end of the interval. */
export function macroValuesOf(plan: RunPlan, zone: Zone, runId: string, now: Instant): MacroValues {
  const { slot, index, events = [] } = plan
  const newest = events.at(-1)
  const trigger = newest && {
    trigger: withName(newest),
    triggers: Object.fromEntries(events.map((event) => [event.name, withName(event)])),
  }
  const scheduledTime =
    slot.intervalEnd > slot.intervalStart && plan.kind !== 'manual' ? slot.runAfter : slot.logicalDate
  return { ...slot, scheduledTime, currentTime: now, index, runId, zone, ...trigger }
}

const withName = ({ name, values }: TriggerEvent): JsonValue => ({ name, ...values })

const TIMES: Readonly<Record<string, (values: MacroValues) => Instant>> = {
  logical_date: (values) => values.logicalDate,
  data_interval_start: (values) => values.intervalStart,
  data_interval_end: (values) => values.intervalEnd,
  run_after: (values) => values.runAfter,
}
const KFP_TIMES: Readonly<Record<string, (values: MacroValues) => Instant>> = {
  ScheduledTime: (values) => values.scheduledTime,
  CurrentTime: (values) => values.currentTime,
}
const WORDS: Readonly<Record<string, (values: MacroValues) => string>> = {
  ds: (values) => formatStrftime('%Y-%m-%d', values.logicalDate),
  ds_nodash: (values) => formatStrftime('%Y%m%d', values.logicalDate),
  ds_local: (values) => formatStrftime('%Y-%m-%d', values.logicalDate + offsetAt(values.zone, values.logicalDate)),
  ts: (values) => formatStrftime('%Y-%m-%dT%H:%M:%S+00:00', values.logicalDate),
  index: (values) => String(values.index),
  run_id: (values) => values.runId,
  Index: (values) => String(values.index),
  RunUUID: (values) => values.runId,
}
/** What stands behind `[[trigger.` of each kind of trigger; `outputs` and `payload` go on with names of their own. */
const OF_RUN = 'run_id run_name pipeline'
export const TRIGGER_MACROS: Readonly<Record<TriggerKind, readonly string[]>> = {
  afterRun: words(`${OF_RUN} schedule state logical_date ds data_interval_start data_interval_end outputs.`),
  artifact: words(`${OF_RUN} uri digest previous_digest task output`),
  alias: words('model alias model_version previous_version uri run_id actor'),
  webhook: words('key payload.'),
}
function words(text: string): string[] {
  return ['name', 'kind', 'id', 'at', ...text.split(' ')]
}
const EVENT_MACROS = ['trigger', 'triggers']
/** Names that may stand between `[[` and `]]`. */
export const MACRO_NAMES: readonly string[] = [
  ...Object.keys(WORDS),
  ...Object.keys(TIMES),
  ...Object.keys(KFP_TIMES),
  ...EVENT_MACROS,
]

const MACRO = /\[\[([A-Za-z_]+)(?:\.([^\]]*))?\]\]|\{\{\$\.(scheduledTime|currentTime)\.strftime\('([^']*)'\)\}\}/g
const KFP_DEFAULT_FORMAT = '%Y%m%d%H%M%S'

/**
 * Replaces the macros in every string of a value. What is no macro stays as it is, as in KFP; `checkMacros` warns about it.
 *
 * - `[[ds]]`, `[[ds_nodash]]`, `[[ds_local]]`, `[[ts]]`, `[[index]]`, `[[run_id]]`
 * - `[[logical_date]]`, `[[data_interval_start]]`, `[[data_interval_end]]`, `[[run_after]]`: RFC 3339, or `[[logical_date.%d.%m.%Y]]`
 * - KFP's `[[ScheduledTime]]`, `[[CurrentTime]]`, with a Go layout `[[ScheduledTime.2006-01-02]]`, `[[Index]]`, `[[RunUUID]]`, and
 *   `{{$.scheduledTime.strftime('%Y')}}`
 * - `[[trigger.run_id]]`, `[[trigger.outputs.accuracy]]`, `[[triggers.NAME.uri]]`: what happened. A value that is nothing else keeps its
 *   type; one that a run does not have (the clock made it, say) is left out, so that the input's default counts
 *
 * All times are UTC but `ds_local`, which is the date in the schedule's zone.
 */
export function expandMacros(value: JsonValue, values: MacroValues): JsonValue {
  if (typeof value === 'string') return expandText(value, values)
  if (Array.isArray(value)) return value.map((item) => expandMacros(item, values))
  if (value === null || typeof value !== 'object') return value
  const expanded = Object.entries(value).flatMap(([key, item]): [string, JsonValue][] => {
    const path = typeof item === 'string' ? WHOLE_EVENT.exec(item)?.[1] : undefined
    if (item === undefined) return []
    if (path === undefined) return [[key, expandMacros(item, values)]]
    const found = eventValue(path, values)
    return found === undefined ? [] : [[key, found]]
  })
  return Object.fromEntries(expanded)
}

/** A text that is one macro of an event and nothing else. */
export const WHOLE_EVENT = /^\[\[(triggers?\.[^\]]+)\]\]$/

/** `trigger.outputs.accuracy`, `trigger.payload.commits.0.id`. */
function eventValue(path: string, values: MacroValues): JsonValue | undefined {
  const [root, ...names] = path.split('.')
  return valueAt(names, root === 'trigger' ? values.trigger : values.triggers)
}

/** The value at a way of names and positions; undefined when there is none. */
export function valueAt(way: readonly string[], from: JsonValue | undefined): JsonValue | undefined {
  let value = from
  for (const name of way) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined
    value = (value as Readonly<Record<string, JsonValue | undefined>>)[name]
  }
  return value
}

function eventText(path: string, values: MacroValues): string {
  const value = eventValue(path, values)
  if (value === undefined) return ''
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function expandText(text: string, values: MacroValues): string {
  return text.replaceAll(MACRO, (whole, name?: string, format?: string, kfpName?: string, kfpFormat?: string) => {
    if (kfpName !== undefined)
      return formatStrftime(kfpFormat!, kfpName === 'scheduledTime' ? values.scheduledTime : values.currentTime)
    if (EVENT_MACROS.includes(name!) && format !== undefined) return eventText(`${name}.${format}`, values)
    const word = WORDS[name!]
    if (word && format === undefined) return word(values)
    const time = TIMES[name!]
    if (time) return format === undefined ? formatInstant(time(values)) : formatStrftime(format, time(values))
    const kfpTime = KFP_TIMES[name!]
    if (!kfpTime) return whole
    return format === undefined
      ? formatStrftime(KFP_DEFAULT_FORMAT, kfpTime(values))
      : formatGoLayout(format, kfpTime(values))
  })
}

/**
 * Warnings for text that looks like a macro and is none, or that asks for what none of the triggers gives.
 *
 * @param triggers Those of the schedule, where they are known.
 */
export function checkMacros(value: JsonValue, path: string, triggers?: readonly Trigger[]): Issue[] {
  if (typeof value === 'string')
    return [...value.matchAll(/\[\[([A-Za-z_]+)(?:\.([^\]]*))?\]\]/g)].flatMap(([whole, name, rest]) => {
      const problem = EVENT_MACROS.includes(name!)
        ? triggers && eventProblem(name!, rest, triggers)
        : MACRO_NAMES.includes(name!)
          ? undefined
          : { message: `${whole} is no macro and stays as it is`, hint: `the macros are ${MACRO_NAMES.join(', ')}` }
      return problem ? [{ code: 'unknown-macro', severity: 'warning', path, ...problem } as const] : []
    })
  if (Array.isArray(value)) return value.flatMap((item, index) => checkMacros(item, `${path}[${index}]`, triggers))
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) =>
    item === undefined ? [] : checkMacros(item, `${path}.${key}`, triggers),
  )
}

/** Whether events of the trigger have what stands behind `[[trigger.`. */
export const givesField = ({ kind }: Trigger, field: string): boolean =>
  TRIGGER_MACROS[kind].some((one) => (one.endsWith('.') ? field.startsWith(one) || `${field}.` === one : field === one))

function eventProblem(
  root: string,
  rest = '',
  triggers: readonly Trigger[],
): { message: string; hint: string } | undefined {
  const whole = `[[${root}.${rest}]]`
  if (triggers.length === 0)
    return { message: `${whole} is empty: the schedule has no triggers`, hint: 'add a trigger, or remove it' }
  const [first, ...others] = rest.split('.')
  const asked = root === 'trigger' ? triggers : triggers.filter(({ name }) => name === first)
  const names = triggers.map(({ name }) => name).join(', ')
  if (asked.length === 0) return { message: `${whole}: no trigger is called "${first}"`, hint: `there are ${names}` }
  const field = root === 'trigger' ? rest : others.join('.')
  if (asked.some((trigger) => givesField(trigger, field))) return undefined
  const shown = [...new Set(asked.flatMap(({ kind }) => TRIGGER_MACROS[kind]))]
    .map((one) => (one.endsWith('.') ? `${one}NAME` : one))
    .join(', ')
  return { message: `${whole} is empty: the trigger gives no ${field || 'such value'}`, hint: `it gives ${shown}` }
}
