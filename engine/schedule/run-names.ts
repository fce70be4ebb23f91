/** Names of a schedule's runs, computed from what they stand for: creating one twice meets itself (rule 7). */
import type { Instant } from '../types.ts'

/** The run of a logical date, whoever creates it: the schedule, a backfill, a hand. */
export function runNameOf(schedule: string, logicalDate: Instant): string {
  return `${schedule}-${Math.floor(logicalDate / 1000).toString(36)}`
}

/** A backfill's new run for a date that has an older one. */
export function rerunNameOf(schedule: string, logicalDate: Instant, backfill: string): string {
  return `${runNameOf(schedule, logicalDate)}-${shortHash(backfill)}`
}

/** A manual run for no date. */
export function manualRunNameOf(schedule: string, requestId: string): string {
  return `${schedule}-m-${shortHash(requestId)}`
}

/** The run that events make: the same events give the same name. */
export function triggeredRunNameOf(schedule: string, signalIds: readonly string[]): string {
  return `${schedule}-t-${shortHash([...signalIds].sort().join('\n'))}`
}

/** RFC 3339 in UTC without the milliseconds that ticks never have. */
export function formatInstant(at: Instant): string {
  return new Date(at).toISOString().replace('.000Z', 'Z')
}

/** FNV-1a over the UTF-16 units, two 32-bit lanes, base 36. */
export function shortHash(text: string): string {
  let [a, b] = [0x811c9dc5, 0x01000193]
  for (let index = 0; index < text.length; index += 1) {
    a = Math.imul(a ^ text.charCodeAt(index), 0x01000193) >>> 0
    b = Math.imul(b ^ text.charCodeAt(index), 0x85ebca6b) >>> 0
  }
  return `${a.toString(36)}${b.toString(36)}`.slice(0, 10)
}
