/** KFP's triggers: read, and put in the words of our own schedules. Pure. */
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { ScheduledRunSpec, ScheduleTiming } from '../../api/scheduled-run.ts'
import { invalid } from '../../store/metadata/errors.ts'
import type { RecurringRunRow } from '../../store/metadata/tables.ts'
import type { Fields } from '../mlflow/fields.ts'
import { compact, type Json } from './json.ts'

/** The trigger as it is stored and given back. Throws `invalid` unless it is exactly one of the two kinds. */
export function readTrigger(trigger: Fields | undefined): Json {
  const cron = trigger?.object('cron_schedule')
  const periodic = trigger?.object('periodic_schedule')
  if (Boolean(cron) === Boolean(periodic)) throw invalid('trigger needs cron_schedule or periodic_schedule')
  const fields = (cron ?? periodic)!
  const bounds = { start_time: readTime(fields, 'start_time'), end_time: readTime(fields, 'end_time') }
  if (cron) return { cron_schedule: compact({ cron: cron.required('cron', 200).trim(), ...bounds }) }
  const seconds = fields.integer('interval_second') ?? 0
  if (seconds < 1) throw invalid(`interval_second must be at least 1, got ${seconds}`)
  return { periodic_schedule: compact({ interval_second: String(seconds), ...bounds }) }
}

function readTime(fields: Fields, name: string): string | undefined {
  const text = fields.text(name, 60)
  if (!text) return undefined
  if (parseRfc3339(text) === undefined) throw invalid(`${name} of the trigger must be an RFC 3339 time, got '${text}'`)
  return text
}

interface StoredTrigger {
  readonly cron_schedule?: { readonly cron: string; readonly start_time?: string; readonly end_time?: string }
  readonly periodic_schedule?: {
    readonly interval_second: string
    readonly start_time?: string
    readonly end_time?: string
  }
}

/** The recurring run as our own schedule: KFP's rules are these values (apis.md, 3.4). */
export function scheduleOf(row: RecurringRunRow): Omit<ScheduledRunSpec, 'runTemplate'> {
  const trigger = JSON.parse(row.trigger) as StoredTrigger
  const { start_time: start, end_time: end } = (trigger.cron_schedule ?? trigger.periodic_schedule)!
  return {
    schedule: timingOf(trigger),
    startTime: start ?? new Date(row.created_at).toISOString(),
    ...(end && { endTime: end }),
    startBoundary: 'Exclusive',
    catchup: row.no_catchup ? 'Latest' : 'All',
    maxActiveRuns: row.max_concurrency,
    suspend: row.enabled === 0,
  }
}

function timingOf({ cron_schedule: cron, periodic_schedule: periodic }: StoredTrigger): ScheduleTiming {
  if (periodic) return { every: `${periodic.interval_second}s` }
  const text = cron!.cron
  const every = /^@every\s+(\S+)$/.exec(text)?.[1]
  if (every) return { every }
  return text.split(/\s+/).length === 6 ? { cronSeconds: text } : { cron: text }
}
