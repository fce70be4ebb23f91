/** A schedule's state and explanations as the status of its resource, and back. Pure. Before: reconcile-schedule.ts. */
import type { Issue } from '../../api/issue.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { ScheduleCondition, ScheduledRunStatus, ScheduleTriggerStatus } from '../../api/scheduled-run.ts'
import { formatInstant } from '../../engine/schedule/run-names.ts'
import type { Explanation, RunFact, SchedulePass, ScheduleState } from '../../engine/schedule/schedule-state.ts'

/** What the reducer saved in the status. */
export function stateOf(status: ScheduledRunStatus | undefined): ScheduleState {
  const cursor = parseRfc3339(status?.lastTick ?? '')
  const suspendedAt = parseRfc3339(status?.suspendedAt ?? '')
  const resumedAt = parseRfc3339(status?.resumedAt ?? '')
  return {
    index: status?.index ?? 0,
    ...(cursor === undefined ? {} : { cursor }),
    ...(suspendedAt === undefined ? {} : { suspendedAt }),
    ...(resumedAt === undefined ? {} : { resumedAt }),
    ...(status?.suspendedByFailures ? { suspendedByFailures: true } : {}),
  }
}

export interface StatusInput {
  readonly before: ScheduledRunStatus | undefined
  readonly generation: number
  readonly now: number
  readonly timeZoneData: string
}

/** Equal to `before` when nothing changed, so that a quiet pass writes nothing. */
export function statusOf(
  input: StatusInput,
  pass: SchedulePass,
  runs: readonly RunFact[],
  warnings: readonly Issue[],
  triggers: readonly ScheduleTriggerStatus[] = [],
): ScheduledRunStatus {
  const { state, next } = pass
  const time = (name: string, at: number | undefined) => (at === undefined ? {} : { [name]: formatInstant(at) })
  const active = runs
    .filter((run) => run.phase === 'active' || run.phase === 'held')
    .sort((a, b) => a.createdAt - b.createdAt)
  return {
    observedGeneration: input.generation,
    ...time('lastTick', state.cursor),
    ...time('lastLogicalDate', state.cursor),
    ...time('nextTick', next?.logicalDate),
    ...time('nextRunAfter', next?.runAfter),
    index: state.index,
    active: active
      .slice(0, 50)
      .map((run) => ({ name: run.name, ...time('logicalDate', run.logicalDate ?? undefined) })),
    ...time('suspendedAt', state.suspendedAt),
    ...time('resumedAt', state.resumedAt),
    ...(state.suspendedByFailures ? { suspendedByFailures: true } : {}),
    ...(triggers.length > 0 ? { triggers } : {}),
    timeZoneData: input.timeZoneData,
    conditions: conditionsOf(input, pass.explanations, warnings),
  }
}

/** The status of a schedule whose spec is wrong: everything else stays as it was. */
export function invalidStatus(input: StatusInput, issues: readonly Issue[]): ScheduledRunStatus {
  return { ...input.before, observedGeneration: input.generation, conditions: conditionsOf(input, [], issues) }
}

const STOPPED = ['Suspended', 'SuspendedByFailures', 'Finished', 'Manual']
const RUNNING = ['Scheduled', 'Triggered']
const WAITING = ['WaitingForSlot', 'BlockedByPast', 'WaitingForTriggers', 'LargeBacklog', 'ClockBehind', 'NotStarted']

function conditionsOf(
  input: StatusInput,
  explanations: readonly Explanation[],
  issues: readonly Issue[],
): ScheduleCondition[] {
  const standing = explanations.filter((one) => !one.event)
  const stopped = standing.find((one) => STOPPED.includes(one.reason))
  const scheduled = standing.find((one) => RUNNING.includes(one.reason))
  const waiting = standing.find((one) => WAITING.includes(one.reason))
  const errors = issues.filter((issue) => issue.severity === 'error')
  const said = (list: readonly Issue[]) =>
    list.map((issue) => `${issue.path}: ${issue.message}${issue.hint ? ` (${issue.hint})` : ''}`).join('; ')
  const make = (type: string, status: boolean, reason: string, message: string) =>
    condition(input, type, status, reason, message)
  if (errors.length > 0)
    return [
      make('Valid', false, 'InvalidSpec', said(errors)),
      make('Scheduling', false, 'InvalidSpec', 'the spec is wrong'),
    ]
  return [
    make('Valid', true, 'Valid', said(issues)),
    stopped
      ? make('Scheduling', false, stopped.reason, stopped.message)
      : make('Scheduling', true, scheduled?.reason ?? 'Scheduled', scheduled?.message ?? ''),
    waiting ? make('Waiting', true, waiting.reason, waiting.message) : make('Waiting', false, 'NothingWaits', ''),
  ]
}

function condition(
  input: StatusInput,
  type: string,
  holds: boolean,
  reason: string,
  message: string,
): ScheduleCondition {
  const status = holds ? 'True' : 'False'
  const before = input.before?.conditions?.find((one) => one.type === type)
  const lastTransitionTime =
    before?.status === status ? before.lastTransitionTime : formatInstant(Math.floor(input.now / 1000) * 1000)
  return { type, status, reason, message, lastTransitionTime }
}
