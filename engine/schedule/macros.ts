/** Fills the dates of a scheduled run into its parameters (rule 16). Pure. Before: advance-schedule.ts. After: the carrier creates the run. */
import type { Issue } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import type { Instant } from '../types.ts'
import { formatGoLayout, formatStrftime } from './format-time.ts'
import { formatInstant } from './run-names.ts'
import type { RunPlan } from './schedule-state.ts'
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
}

/** The values for a planned run. ScheduledTime is the logical date, or with data intervals the end of the interval. */
export function macroValuesOf(plan: RunPlan, zone: Zone, runId: string, now: Instant): MacroValues {
  const { slot, index } = plan
  const scheduledTime =
    slot.intervalEnd > slot.intervalStart && plan.kind !== 'manual' ? slot.runAfter : slot.logicalDate
  return { ...slot, scheduledTime, currentTime: now, index, runId, zone }
}

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
/** Names that may stand between `[[` and `]]`. */
export const MACRO_NAMES: readonly string[] = [...Object.keys(WORDS), ...Object.keys(TIMES), ...Object.keys(KFP_TIMES)]

const MACRO = /\[\[([A-Za-z_]+)(?:\.([^\]]*))?\]\]|\{\{\$\.(scheduledTime|currentTime)\.strftime\('([^']*)'\)\}\}/g
const KFP_DEFAULT_FORMAT = '%Y%m%d%H%M%S'

/**
 * Replaces the macros in every string of a value. What is no macro stays as it is, as in KFP; `checkMacros` warns about it.
 *
 * - `[[ds]]`, `[[ds_nodash]]`, `[[ds_local]]`, `[[ts]]`, `[[index]]`, `[[run_id]]`
 * - `[[logical_date]]`, `[[data_interval_start]]`, `[[data_interval_end]]`, `[[run_after]]`: RFC 3339, or `[[logical_date.%d.%m.%Y]]`
 * - KFP's `[[ScheduledTime]]`, `[[CurrentTime]]`, with a Go layout `[[ScheduledTime.2006-01-02]]`, `[[Index]]`, `[[RunUUID]]`, and
 *   `{{$.scheduledTime.strftime('%Y')}}`
 *
 * All times are UTC but `ds_local`, which is the date in the schedule's zone.
 */
export function expandMacros(value: JsonValue, values: MacroValues): JsonValue {
  if (typeof value === 'string') return expandText(value, values)
  if (Array.isArray(value)) return value.map((item) => expandMacros(item, values))
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, item === undefined ? item : expandMacros(item, values)]),
  )
}

function expandText(text: string, values: MacroValues): string {
  return text.replaceAll(MACRO, (whole, name?: string, format?: string, kfpName?: string, kfpFormat?: string) => {
    if (kfpName !== undefined)
      return formatStrftime(kfpFormat!, kfpName === 'scheduledTime' ? values.scheduledTime : values.currentTime)
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

/** Warnings for text that looks like a macro and is none. */
export function checkMacros(value: JsonValue, path: string): Issue[] {
  if (typeof value === 'string') {
    const unknown = [...value.matchAll(/\[\[([A-Za-z_]+)(\.[^\]]*)?\]\]/g)].filter(
      (match) => !MACRO_NAMES.includes(match[1]!),
    )
    const hint = `the macros are ${MACRO_NAMES.join(', ')}`
    return unknown.map((match) => ({
      code: 'unknown-macro',
      severity: 'warning',
      path,
      message: `${match[0]} is no macro and stays as it is`,
      hint,
    }))
  }
  if (Array.isArray(value)) return value.flatMap((item, index) => checkMacros(item, `${path}[${index}]`))
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, item]) => (item === undefined ? [] : checkMacros(item, `${path}.${key}`)))
}
