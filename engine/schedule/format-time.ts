/** Writes an instant in UTC by a strftime format (Airflow's and KFP's newer macros) or a Go layout (KFP's older ones). After: macros.ts. */
import type { Instant } from '../types.ts'

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday']
const two = (value: number) => String(value).padStart(2, '0')
const hour12 = (date: Date) => date.getUTCHours() % 12 || 12
const dayOfYear = (date: Date) =>
  (Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()) - Date.UTC(date.getUTCFullYear(), 0, 0)) /
  86_400_000

const STRFTIME: Readonly<Record<string, (date: Date) => string>> = {
  Y: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  y: (date) => two(date.getUTCFullYear() % 100),
  m: (date) => two(date.getUTCMonth() + 1),
  d: (date) => two(date.getUTCDate()),
  e: (date) => String(date.getUTCDate()).padStart(2, ' '),
  j: (date) => String(dayOfYear(date)).padStart(3, '0'),
  H: (date) => two(date.getUTCHours()),
  I: (date) => two(hour12(date)),
  M: (date) => two(date.getUTCMinutes()),
  S: (date) => two(date.getUTCSeconds()),
  f: (date) => `${String(date.getUTCMilliseconds()).padStart(3, '0')}000`,
  p: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  A: (date) => DAYS[date.getUTCDay()]!,
  a: (date) => DAYS[date.getUTCDay()]!.slice(0, 3),
  B: (date) => MONTHS[date.getUTCMonth()]!,
  b: (date) => MONTHS[date.getUTCMonth()]!.slice(0, 3),
  w: (date) => String(date.getUTCDay()),
  u: (date) => String(date.getUTCDay() || 7),
  F: (date) => formatStrftime('%Y-%m-%d', date.getTime()),
  T: (date) => formatStrftime('%H:%M:%S', date.getTime()),
  s: (date) => String(Math.floor(date.getTime() / 1000)),
  z: () => '+0000',
  Z: () => 'UTC',
  '%': () => '%',
}

/** Directives that are not known stay as they are. */
export function formatStrftime(format: string, at: Instant): string {
  const date = new Date(at)
  return format.replaceAll(/%([A-Za-z%])/g, (whole, letter: string) => STRFTIME[letter]?.(date) ?? whole)
}

const GO_LAYOUT: Readonly<Record<string, (date: Date) => string>> = {
  January: STRFTIME['B']!,
  Jan: STRFTIME['b']!,
  Monday: STRFTIME['A']!,
  Mon: STRFTIME['a']!,
  MST: () => 'UTC',
  '2006': STRFTIME['Y']!,
  'Z07:00': () => 'Z',
  '-07:00': () => '+00:00',
  '-0700': () => '+0000',
  '002': STRFTIME['j']!,
  '01': STRFTIME['m']!,
  '02': STRFTIME['d']!,
  '03': STRFTIME['I']!,
  '04': STRFTIME['M']!,
  '05': STRFTIME['S']!,
  '06': STRFTIME['y']!,
  _2: STRFTIME['e']!,
  '15': STRFTIME['H']!,
  PM: STRFTIME['p']!,
  pm: (date) => STRFTIME['p']!(date).toLowerCase(),
  '1': (date) => String(date.getUTCMonth() + 1),
  '2': (date) => String(date.getUTCDate()),
  '3': (date) => String(hour12(date)),
  '4': (date) => String(date.getUTCMinutes()),
  '5': (date) => String(date.getUTCSeconds()),
}
// In the order of Go's own reader: a longer chunk wins where both begin at the same place.
const GO_CHUNK = /January|Jan|Monday|Mon|MST|2006|Z07:00|-07:00|-0700|002|0[1-6]|_2|15|PM|pm|[1-5]/g

/** For example `2006-01-02` or `15-04-05`. */
export function formatGoLayout(layout: string, at: Instant): string {
  const date = new Date(at)
  return layout.replaceAll(GO_CHUNK, (chunk) => GO_LAYOUT[chunk]!(date))
}
