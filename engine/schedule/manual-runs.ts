/** Runs asked for by hand: they never move the cursor, wait held when no slot is free, and are unique per logical date (rule 8). */
import type { Instant } from '../types.ts'
import type { Schedule } from './compile-schedule.ts'
import { formatInstant, manualRunNameOf, runNameOf } from './run-names.ts'
import type { ManualRequest, RunFact, RunPlan, ScheduleAction } from './schedule-state.ts'
import { intervalBefore } from './slots.ts'

/** Answers one request: with a run to create, or with the reason why not. */
export function answerManualRequest(
  schedule: Schedule,
  request: ManualRequest,
  runs: readonly RunFact[],
  index: number,
  hold: boolean,
): ScheduleAction[] {
  const answer = (accepted: boolean, message: string): ScheduleAction => ({
    kind: 'answer-request',
    id: request.id,
    accepted,
    message,
  })
  const own = runs.find((run) => run.requestId === request.id)
  if (own) return [answer(true, `run ${own.name} exists already`)]
  const taken = request.logicalDate === null ? undefined : runOfDate(runs, request.logicalDate)
  if (taken) {
    const date = formatInstant(request.logicalDate!)
    return [
      answer(
        false,
        `logical date ${date} is taken by run ${taken.name}; choose another date, none, or rerun it with a backfill`,
      ),
    ]
  }
  const run = manualRun(schedule, request, index, hold)
  return [
    { kind: 'create-run', run },
    answer(true, hold ? `run ${run.name} waits for a free slot` : `run ${run.name} created`),
  ]
}

/** The run that a request asks for. */
export function manualRun(schedule: Schedule, request: ManualRequest, index: number, held: boolean): RunPlan {
  const { logicalDate, requestedAt } = request
  const at = logicalDate ?? requestedAt
  const interval = intervalBefore(schedule, at)
  return {
    name: logicalDate === null ? manualRunNameOf(schedule.name, request.id) : runNameOf(schedule.name, logicalDate),
    kind: 'manual',
    slot: { logicalDate: at, intervalStart: interval.start, intervalEnd: interval.end, runAfter: requestedAt },
    logicalDate,
    index,
    held,
    requestId: request.id,
    ...(request.parameters ? { parameters: request.parameters } : {}),
  }
}

/** Held runs that fit now, oldest first. */
export function releasable(runs: readonly RunFact[], room: number): string[] {
  const held = runs.filter((run) => run.phase === 'held').sort((a, b) => a.createdAt - b.createdAt)
  return held.slice(0, Math.max(0, room)).map((run) => run.name)
}

/** Unfinished runs of the schedule that count against maxActiveRuns (rule 5). */
export function unfinished(runs: readonly RunFact[]): RunFact[] {
  return runs.filter((run) => run.kind !== 'backfill' && (run.phase === 'active' || run.phase === 'held'))
}

/** The instant that a manual request without a date stands for is its own; this one is shown to users. */
export function describeRequest(request: ManualRequest): string {
  return request.logicalDate === null ? formatInstant(request.requestedAt) : formatInstant(request.logicalDate)
}

/** The run that has the logical date already. An event may happen at that time as well: its run doesn't count. */
export function runOfDate(runs: readonly RunFact[], logicalDate: Instant): RunFact | undefined {
  return runs.find((run) => run.logicalDate === logicalDate && run.kind !== 'triggered')
}
