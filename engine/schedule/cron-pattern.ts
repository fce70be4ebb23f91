/** Reads the text of a cron expression into the sets of values it allows. Before: api/scheduled-run.ts. After: wall-clock.ts walks it. */
import type { Issue } from '../../api/issue.ts'

/** A cron expression as sets; the zone and its daylight saving come later (ticks.ts). */
export interface CronPattern {
  /** Sorted seconds 0-59; `[0]` for five fields. */
  readonly seconds: readonly number[]
  readonly minutes: readonly number[]
  readonly hours: readonly number[]
  /** Sorted days of the month, 1-31. */
  readonly daysOfMonth: readonly number[]
  /** Sorted months, 1-12. */
  readonly months: readonly number[]
  /** Sorted days of the week, 0 is Sunday; 7 was folded into 0. */
  readonly daysOfWeek: readonly number[]
  /** Both day fields are restricted: a day matches when either of them does. */
  readonly eitherDay: boolean
  /** All 24 hours: such an expression fires in both hours of an overlap and never moves out of a gap. */
  readonly everyHour: boolean
}

/** A field's name, bounds and words. */
interface FieldRule {
  readonly name: string
  readonly minimum: number
  readonly maximum: number
  readonly words?: readonly string[]
  readonly questionMark?: boolean
}

const MONTH_WORDS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec']
const DAY_WORDS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']
const SECOND_FIELD: FieldRule = { name: 'second', minimum: 0, maximum: 59 }
const FIVE_FIELDS: readonly FieldRule[] = [
  { name: 'minute', minimum: 0, maximum: 59 },
  { name: 'hour', minimum: 0, maximum: 23 },
  { name: 'day of month', minimum: 1, maximum: 31, questionMark: true },
  { name: 'month', minimum: 1, maximum: 12, words: MONTH_WORDS },
  { name: 'day of week', minimum: 0, maximum: 7, words: DAY_WORDS, questionMark: true },
]

/** Airflow's presets; `@midnight` and `@annually` are cron's older names for two of them. */
export const CRON_PRESETS: Readonly<Record<string, string>> = {
  '@hourly': '0 * * * *',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@weekly': '0 0 * * 0',
  '@monthly': '0 0 1 * *',
  '@quarterly': '0 0 1 */3 *',
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
}

/** Either a pattern (perhaps with warnings) or the errors. */
export interface CronParseResult {
  readonly pattern?: CronPattern
  readonly issues: readonly Issue[]
}

/** How many fields the text has: five, or six with the seconds first. */
export type CronFields = 'five' | 'six'

/**
 * Parses a cron expression strictly: the subset on which croniter (Airflow) and robfig/cron (KFP) agree.
 *
 * @param path Where the text stands in its document; it goes into the issues.
 * @example
 * parseCron('30 6 * * MON-FRI', 'five', 'spec.schedule.cron').pattern?.hours // [6]
 */
export function parseCron(text: string, fields: CronFields, path: string): CronParseResult {
  const expression = fields === 'five' ? (CRON_PRESETS[text.trim().toLowerCase()] ?? text) : text
  const parts = expression.trim().split(/\s+/)
  const rules = fields === 'five' ? FIVE_FIELDS : [SECOND_FIELD, ...FIVE_FIELDS]
  if (expression.trim().startsWith('@')) return { issues: [unknownPreset(text, path)] }
  if (parts.length !== rules.length) return { issues: [wrongFieldCount(text, parts.length, fields, path)] }
  const issues: Issue[] = []
  const values = rules.map((rule, index) => parseField(parts[index]!, rule, path, issues))
  if (issues.some((issue) => issue.severity === 'error')) return { issues }
  return { pattern: toPattern(parts.slice(-5), fields === 'five' ? [[0], ...values] : values), issues }
}

function toPattern(parts: readonly string[], values: readonly (readonly number[])[]): CronPattern {
  const [seconds, minutes, hours, daysOfMonth, months, daysOfWeek] = values as [
    number[],
    number[],
    number[],
    number[],
    number[],
    number[],
  ]
  const free = (part: string) => part === '*' || part === '?' || part === '*/1'
  const eitherDay = !free(parts[2]!) && !free(parts[4]!)
  return { seconds, minutes, hours, daysOfMonth, months, daysOfWeek, eitherDay, everyHour: hours.length === 24 }
}

function parseField(text: string, rule: FieldRule, path: string, issues: Issue[]): readonly number[] {
  const found = new Set<number>()
  const fail = (message: string, hint: string) => {
    issues.push({ code: 'invalid-cron', severity: 'error', path, message: `${rule.name} "${text}": ${message}`, hint })
  }
  for (const item of text.split(',')) {
    for (const value of parseItem(item, rule, fail, path, issues)) found.add(rule.maximum === 7 ? value % 7 : value)
  }
  return [...found].sort((a, b) => a - b)
}

type Fail = (message: string, hint: string) => void

/** One element of a list: `*`, `?`, `a`, `a-b`, each with an optional `/step`. */
function parseItem(item: string, rule: FieldRule, fail: Fail, path: string, issues: Issue[]): readonly number[] {
  const [body, stepText, ...more] = item.split('/')
  const step = stepText === undefined ? 1 : Number(stepText)
  if (more.length > 0 || body === '' || body === undefined || !/^\d+$/.test(stepText ?? '1') || step < 1) {
    fail(`"${item}" is not a value, a range or a step`, `write for example 5, 1-5, */15 or 1-31/2`)
    return []
  }
  const top = rule.maximum === 7 ? 6 : rule.maximum
  const range = parseRange(body, stepText !== undefined, rule, top, fail)
  if (range === undefined) return []
  if (stepText !== undefined && step > top - rule.minimum) {
    const message = `${rule.name} "${item}": a step of ${step} never fires twice in the field`
    const hint = 'a cron step starts again with every hour, day or month; use `every` for an even interval'
    issues.push({ code: 'cron-step-too-large', severity: 'warning', path, message, hint })
  }
  const values: number[] = []
  for (let value = range[0]; value <= range[1]; value += step) values.push(value)
  return values
}

function parseRange(
  body: string,
  stepped: boolean,
  rule: FieldRule,
  top: number,
  fail: Fail,
): readonly [number, number] | undefined {
  if (body === '*') return [rule.minimum, top]
  if (body === '?') {
    if (rule.questionMark && !stepped) return [rule.minimum, top]
    fail('"?" stands alone in a day field only', 'write "*"')
    return undefined
  }
  const ends = body.split('-')
  const low = parseValue(ends[0]!, rule)
  const high = ends.length === 1 ? (stepped ? top : low) : parseValue(ends[1]!, rule)
  if (low === undefined || high === undefined || ends.length > 2) {
    const words = rule.words ? ` or ${rule.words[0]!.toUpperCase()}-${rule.words.at(-1)!.toUpperCase()}` : ''
    fail(`"${body}" is not allowed`, `use ${rule.minimum}-${rule.maximum}${words}; L, W and # are not supported`)
    return undefined
  }
  if (low > high && !(stepped && ends.length === 1)) {
    fail(`the range ${body} runs backwards`, `write it as two: ${ends[0]}-${top},${rule.minimum}-${ends[1]}`)
    return undefined
  }
  return [low, high]
}

function parseValue(text: string, rule: FieldRule): number | undefined {
  const word = rule.words?.indexOf(text.toLowerCase()) ?? -1
  if (word >= 0) return word + (rule.maximum === 7 ? 0 : rule.minimum)
  if (!/^\d{1,2}$/.test(text)) return undefined
  const value = Number(text)
  return value >= rule.minimum && value <= rule.maximum ? value : undefined
}

function unknownPreset(text: string, path: string): Issue {
  const message = `"${text}" is not a preset`
  const hint = `use one of ${Object.keys(CRON_PRESETS).join(', ')}; @once and @continuous are \`once: {}\` and \`continuous: {}\``
  return { code: 'invalid-cron', severity: 'error', path, message, hint }
}

function wrongFieldCount(text: string, count: number, fields: CronFields, path: string): Issue {
  const wanted = fields === 'five' ? 'five fields (minute hour day month weekday)' : 'six fields (second first)'
  const swap = fields === 'five' && count === 6
  const hint = swap
    ? 'put it into `cronSeconds`, where the first of six fields is the second'
    : fields === 'six' && count === 5
      ? 'put it into `cron`, or add a leading 0'
      : 'for example "0 6 * * 1-5": at 06:00 from Monday to Friday'
  const message = `cron "${text}" has ${count} field${count === 1 ? '' : 's'}, expected ${wanted}`
  return { code: 'invalid-cron', severity: 'error', path, message, hint }
}
