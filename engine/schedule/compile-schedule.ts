/** Turns a ScheduledRun's spec into something that can be asked for instants, and checks its meaning. Before: api/. After: slots.ts. */
import type { Issue } from '../../api/issue.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import type { Instant } from '../types.ts'
import { parseCron } from './cron-pattern.ts'
import { parseDuration } from './duration.ts'
import { cronTicks, everyTicks, NO_TICKS, onceTick, type TickSource } from './ticks.ts'
import { compileTriggers, type Trigger } from './triggers.ts'
import { loadZone, type Zone } from './zone.ts'

/** What kind of timing a schedule has; `manual` never fires by itself. */
export type TimingKind = 'cron' | 'every' | 'once' | 'continuous' | 'manual'

/** A checked schedule with every default filled in. */
export interface Schedule {
  readonly name: string
  readonly kind: TimingKind
  readonly ticks: TickSource
  readonly zone: Zone
  /** Ticks before this instant don't exist for the schedule (rule 1, both boundaries folded into one). */
  readonly firstInstant: Instant
  /** Logical dates after this instant don't exist (rule 2). */
  readonly endInstant?: Instant
  readonly createdAt: Instant
  readonly catchup: 'All' | 'Latest' | 'None'
  readonly startingDeadlineMillis?: number
  readonly dataIntervals: boolean
  readonly maxActiveRuns: number
  readonly dependsOnPast: 'None' | 'Run' | 'Task'
  readonly suspend: boolean
  readonly triggers: readonly Trigger[]
  readonly triggerPolicy: 'Any' | 'All'
  /** 0 is never. */
  readonly maxConsecutiveFailures: number
  readonly keepSuccessful: number
  readonly keepFailed: number
}

export interface CompiledSchedule {
  /** Present when no issue is an error. */
  readonly schedule?: Schedule
  readonly issues: readonly Issue[]
}

/** A tick must come within this time of the start (rule 15). A leap day can be eight years away, but nobody means that. */
const FIRST_TICK_WITHIN_MILLIS = 5 * 366 * 86_400_000
/** Longest name whose run names still fit into a label of 63 characters. */
const MAX_NAME_LENGTH = 47

/**
 * Checks and completes a spec whose shape is right (api/parse-scheduled-run.ts).
 *
 * @param createdAt When the schedule was created; the start of one that names no startTime.
 */
export function compileSchedule(name: string, spec: ScheduledRunSpec, createdAt: Instant): CompiledSchedule {
  const issues: Issue[] = []
  const fail: Fail = (code, path, message, hint) => issues.push({ code, severity: 'error', path, message, hint })
  checkName(name, fail)
  checkTemplate(spec, fail)
  const zone = loadZone(spec.timeZone ?? 'UTC') ?? failZone(spec.timeZone!, fail)
  const start = readTime(spec.startTime, 'spec.startTime', fail)
  const end = readTime(spec.endTime, 'spec.endTime', fail)
  const timing = readTiming(spec, zone, start ?? createdAt, issues)
  if (start !== undefined && end !== undefined && end <= start)
    fail(
      'end-before-start',
      'spec.endTime',
      'endTime is not after startTime',
      'give an endTime after startTime, or none',
    )
  // Without a startTime the first tick is strictly after the creation, except for `once`, which then means "now".
  const exclusive = timing.kind !== 'once' && (start === undefined || spec.startBoundary === 'Exclusive')
  const firstInstant = (start ?? createdAt) + (exclusive ? 1 : 0)
  checkFirstTick(spec, timing, firstInstant, fail)
  const triggers = compileTriggers(spec, issues)
  checkWarnings(spec, timing.kind, issues)
  if (issues.some((issue) => issue.severity === 'error')) return { issues }
  return {
    schedule: {
      ...complete(name, spec, createdAt),
      ...timing,
      triggers,
      zone,
      firstInstant,
      ...(end === undefined ? {} : { endInstant: end }),
    },
    issues,
  }
}

type Fail = (code: string, path: string, message: string, hint: string) => void
type Timing = Pick<Schedule, 'kind' | 'ticks'>

function complete(name: string, spec: ScheduledRunSpec, createdAt: Instant) {
  const deadline = spec.startingDeadlineSeconds
  return {
    name,
    createdAt,
    catchup: spec.catchup ?? 'Latest',
    ...(deadline === undefined ? {} : { startingDeadlineMillis: deadline * 1000 }),
    dataIntervals: spec.interval === 'DataInterval',
    maxActiveRuns: spec.schedule && 'continuous' in spec.schedule ? 1 : (spec.maxActiveRuns ?? 16),
    dependsOnPast: spec.dependsOnPast ?? 'None',
    suspend: spec.suspend ?? false,
    triggerPolicy: spec.triggerPolicy ?? 'Any',
    maxConsecutiveFailures: spec.maxConsecutiveFailures ?? 0,
    keepSuccessful: spec.history?.successful ?? 10,
    keepFailed: spec.history?.failed ?? 10,
  } as const
}

function readTiming(spec: ScheduledRunSpec, zone: Zone, start: Instant, issues: Issue[]): Timing {
  const timing = spec.schedule
  if (timing === undefined) return { kind: 'manual', ticks: NO_TICKS }
  if ('once' in timing) return { kind: 'once', ticks: onceTick(start) }
  if ('continuous' in timing) return { kind: 'continuous', ticks: NO_TICKS }
  if ('every' in timing) {
    const millis = parseDuration(timing.every)
    if (millis !== undefined && millis >= 1000 && millis % 1000 === 0)
      return { kind: 'every', ticks: everyTicks(start, millis) }
    const message = `"${timing.every}" is not an interval of whole seconds, one second or more`
    const hint = 'write for example 90s, 1h30m, 24h or 7d'
    issues.push({ code: 'invalid-interval', severity: 'error', path: 'spec.schedule.every', message, hint })
    return { kind: 'every', ticks: NO_TICKS }
  }
  const seconds = 'cronSeconds' in timing
  const text = seconds ? timing.cronSeconds : timing.cron
  const parsed = parseCron(text, seconds ? 'six' : 'five', `spec.schedule.${seconds ? 'cronSeconds' : 'cron'}`)
  issues.push(...parsed.issues)
  if (!parsed.pattern) return { kind: 'cron', ticks: NO_TICKS }
  const dst = { gap: spec.dst?.gap ?? 'Shift', overlap: spec.dst?.overlap ?? 'Second' }
  return { kind: 'cron', ticks: cronTicks(parsed.pattern, zone, dst) }
}

function checkFirstTick(spec: ScheduledRunSpec, timing: Timing, firstInstant: Instant, fail: Fail): void {
  if (timing.kind !== 'cron' || timing.ticks === NO_TICKS) return
  const first = timing.ticks.next(firstInstant - 1)
  if (first !== undefined && first - firstInstant <= FIRST_TICK_WITHIN_MILLIS) return
  const path = spec.schedule && 'cron' in spec.schedule ? 'spec.schedule.cron' : 'spec.schedule.cronSeconds'
  fail(
    'cron-never-fires',
    path,
    'this cron has no instant within five years of the start',
    'check day and month: 30 February does not exist',
  )
}

function checkName(name: string, fail: Fail): void {
  if (/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(name) && name.length <= MAX_NAME_LENGTH) return
  const hint = `use lower-case letters, digits and "-", at most ${MAX_NAME_LENGTH}, beginning and ending with a letter or digit`
  fail('invalid-name', 'metadata.name', `"${name}" cannot name a schedule: the names of its runs begin with it`, hint)
}

function checkTemplate(spec: ScheduledRunSpec, fail: Fail): void {
  const { pipelineRef, pipelineSpec } = spec.runTemplate
  if ((pipelineRef === undefined) !== (pipelineSpec === undefined)) return
  const message = pipelineRef ? 'both pipelineRef and pipelineSpec are given' : 'the run template names no pipeline'
  fail('one-pipeline', 'spec.runTemplate', message, 'give exactly one of pipelineRef and pipelineSpec')
}

function checkWarnings(spec: ScheduledRunSpec, kind: TimingKind, issues: Issue[]): void {
  const warn = (code: string, path: string, message: string, hint: string) =>
    issues.push({ code, severity: 'warning', path, message, hint })
  if (spec.startingDeadlineSeconds !== undefined && spec.catchup !== 'None')
    warn(
      'deadline-unused',
      'spec.startingDeadlineSeconds',
      'a starting deadline works with catchup None only',
      'remove it, or set catchup to None',
    )
  if (kind === 'continuous' && (spec.maxActiveRuns ?? 1) !== 1)
    warn(
      'continuous-is-single',
      'spec.maxActiveRuns',
      'a continuous schedule has one run at a time',
      'remove maxActiveRuns',
    )
  if ((kind === 'every' || kind === 'manual') && spec.dst)
    warn('dst-unused', 'spec.dst', 'daylight saving concerns cron schedules only', 'remove dst')
}

function readTime(text: string | undefined, path: string, fail: Fail): Instant | undefined {
  if (text === undefined) return undefined
  const at = parseRfc3339(text)
  if (at === undefined)
    fail(
      'invalid-time',
      path,
      `"${text}" is not a time`,
      'write RFC 3339 with a zone, for example 2026-01-01T00:00:00Z',
    )
  return at
}

function failZone(name: string, fail: Fail): Zone {
  fail(
    'unknown-time-zone',
    'spec.timeZone',
    `"${name}" is not a known time zone`,
    'write an IANA name such as Europe/Zurich or UTC',
  )
  return loadZone('UTC')!
}
