/** Which events become runs, together with which others, and which are passed over. Pure. Before: triggers.ts. After: advance-schedule.ts. */
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'
import { formatInstant } from './run-names.ts'
import type { Explanation, RunFact, SettledSignal, Signal } from './schedule-state.ts'
import type { Trigger } from './triggers.ts'

/** The events of one run. */
export interface SignalGroup {
  /** One, or with triggerPolicy All one of each trigger; the newest last. */
  readonly used: readonly { readonly trigger: Trigger; readonly signal: Signal }[]
  /** Older events that the run stands for as well. */
  readonly coalesced: readonly Signal[]
}

export interface SignalDecision {
  /** Settled whether a run can be created now or not. */
  readonly settled: readonly SettledSignal[]
  /** Runs to be, oldest first. */
  readonly groups: readonly SignalGroup[]
  readonly explanations: readonly Explanation[]
}

/**
 * Sorts the events that were not settled.
 *
 * @param skippedBefore With catchup None, events before it were missed on purpose.
 */
export function sortSignals(
  schedule: Schedule,
  pending: readonly Signal[],
  runs: readonly RunFact[],
  skippedBefore: Instant,
  now: Instant,
): SignalDecision {
  const open = [...pending].sort(olderFirst)
  const known = settleThoseWithRuns(schedule, open, runs)
  const rest = open.filter(({ id }) => !known.some((one) => one.id === id))
  const dropped = rest.flatMap((signal) => {
    const why = reasonToDrop(schedule, signal, skippedBefore, now)
    return why === undefined ? [] : [{ signal, why }]
  })
  const counting = rest.filter((signal) => !dropped.some((one) => one.signal === signal))
  const together = schedule.triggerPolicy === 'All' ? groupAll(schedule, counting) : groupAny(schedule, counting)
  return {
    settled: [...known, ...dropped.map(({ signal }) => ({ id: signal.id, outcome: 'Dropped' as const }))],
    groups: together.groups,
    explanations: [...explainDropped(dropped), ...together.explanations],
  }
}

const olderFirst = (a: Signal, b: Signal): number => a.at - b.at || (a.id < b.id ? -1 : 1)

/** Whether one event stands for the older ones of its trigger. A call by webhook is somebody's wish and is never merged away. */
function coalesces(schedule: Schedule, trigger: string): boolean {
  if (schedule.catchup === 'All') return false
  return trigger !== 'webhook' || schedule.triggerPolicy === 'All'
}

/**
 * Events whose run exists, made by a pass that was killed before it could say so, and the older ones that the run stood for:
 * deciding about those afresh would make a run too many.
 */
function settleThoseWithRuns(schedule: Schedule, open: readonly Signal[], runs: readonly RunFact[]): SettledSignal[] {
  const runOf = new Map(runs.flatMap((run) => (run.signals ?? []).map((id) => [id, run.name])))
  const settled: SettledSignal[] = []
  const newest = new Map<string, { at: Signal; run: string }>()
  for (const signal of open) {
    const run = runOf.get(signal.id)
    if (run === undefined) continue
    settled.push({ id: signal.id, outcome: 'Run', run })
    newest.set(signal.trigger, { at: signal, run })
  }
  for (const signal of open) {
    const last = newest.get(signal.trigger)
    if (!last || runOf.has(signal.id) || !coalesces(schedule, signal.trigger) || olderFirst(last.at, signal) < 0)
      continue
    settled.push({ id: signal.id, outcome: 'Coalesced', run: last.run })
  }
  return settled
}

function reasonToDrop(schedule: Schedule, signal: Signal, skippedBefore: Instant, now: Instant): string | undefined {
  const { endInstant, firstInstant, startingDeadlineMillis: deadline } = schedule
  if (!schedule.triggers.some(({ key }) => key === signal.trigger)) return 'its trigger was taken out'
  if (signal.at < firstInstant - 1) return 'it lies before startTime'
  if (endInstant !== undefined && signal.at > endInstant) return 'it lies after endTime'
  if (schedule.catchup !== 'None') return undefined
  if (signal.at < skippedBefore) return 'it came while the schedule was suspended, and catchup is None'
  const late = deadline !== undefined && now - signal.at > deadline
  return late ? 'it is older than startingDeadlineSeconds, and catchup is None' : undefined
}

function groupAny(schedule: Schedule, signals: readonly Signal[]): Pick<SignalDecision, 'groups' | 'explanations'> {
  const groups = schedule.triggers.flatMap((trigger): SignalGroup[] => {
    const own = signals.filter((signal) => signal.trigger === trigger.key)
    if (!coalesces(schedule, trigger.key)) return own.map((signal) => ({ used: [{ trigger, signal }], coalesced: [] }))
    const newest = own.at(-1)
    return newest ? [{ used: [{ trigger, signal: newest }], coalesced: own.slice(0, -1) }] : []
  })
  return { groups: groups.sort((a, b) => olderFirst(lastOf(a), lastOf(b))), explanations: [] }
}

/** The n-th run of catchup All takes the n-th event of each trigger; otherwise one run takes the newest of each. */
function groupAll(schedule: Schedule, signals: readonly Signal[]): Pick<SignalDecision, 'groups' | 'explanations'> {
  const queues = schedule.triggers.map((trigger) => ({
    trigger,
    queue: signals.filter((signal) => signal.trigger === trigger.key),
  }))
  const complete = Math.min(...queues.map(({ queue }) => queue.length))
  const groups: SignalGroup[] = []
  const runs = schedule.catchup === 'All' ? complete : Math.min(1, complete)
  for (let index = 0; index < runs; index += 1) {
    const last = schedule.catchup === 'All' ? () => index : (length: number) => length - 1
    const used = queues.map(({ trigger, queue }) => ({ trigger, signal: queue[last(queue.length)]! }))
    const coalesced = schedule.catchup === 'All' ? [] : queues.flatMap(({ queue }) => queue.slice(0, -1))
    groups.push({ used: used.sort((a, b) => olderFirst(a.signal, b.signal)), coalesced })
  }
  const missing = queues.filter(({ queue }) => queue.length <= groups.length && queue.length === complete)
  const waits = groups.length === 0 && signals.length > 0
  return { groups, explanations: waits ? [explainMissing(queues, missing)] : [] }
}

function explainMissing(
  queues: readonly { trigger: Trigger; queue: readonly Signal[] }[],
  missing: readonly { trigger: Trigger }[],
): Explanation {
  const here = queues.filter(({ queue }) => queue.length > 0).map(({ trigger }) => trigger.name)
  const awaited = missing.map(({ trigger }) => trigger.source)
  const message = `${here.join(', ')} happened; waits until ${awaited.join(' and ')}`
  return { reason: 'WaitingForTriggers', message, event: false }
}

function explainDropped(dropped: readonly { signal: Signal; why: string }[]): Explanation[] {
  const reasons = [...new Set(dropped.map(({ why }) => why))]
  return reasons.map((why) => {
    const own = dropped.filter((one) => one.why === why).map(({ signal }) => signal)
    const count = own.length === 1 ? 'an event' : `${own.length} events`
    const message = `passed over ${count} (the last at ${formatInstant(own.at(-1)!.at)}): ${why}`
    return { reason: 'SignalsDropped', message, event: true }
  })
}

const lastOf = (group: SignalGroup): Signal => group.used.at(-1)!.signal

/** What happened, for the event that tells of the run. */
export function describeGroup({ used, coalesced }: SignalGroup): string {
  const told = used.map(({ trigger, signal }) => `${trigger.source} (${formatInstant(signal.at)})`).join(' and ')
  const more = coalesced.length === 0 ? '' : `, and ${coalesced.length} older of the kind`
  return `${told}${more}`
}
