/** Which finished runs may go: history limits. After: advance-schedule.ts. */
import type { Schedule } from './compile-schedule.ts'
import { previousRun } from './past-gate.ts'
import type { RunFact, ScheduleObservation, ScheduleState } from './schedule-state.ts'

/**
 * Names of finished runs beyond the limits, oldest first. Kept in any case: the newest automated run and, under
 * dependsOnPast Task, those that the tasks of unfinished runs ask for,
 * as many failed ones as maxConsecutiveFailures counts, and runs that the saved cursor has not passed or whose events are not settled: there
 * their existence is what keeps them from being created again. Backfills keep their own runs.
 */
export function prunable(
  schedule: Schedule,
  saved: ScheduleState,
  { runs, signals = [] }: Pick<ScheduleObservation, 'runs' | 'signals'>,
): string[] {
  const limit = Math.min(schedule.keepSuccessful, schedule.keepFailed)
  if (runs.length <= limit) return []
  const own = runs.filter((run) => run.kind !== 'backfill' && run.phase !== 'active' && run.phase !== 'held')
  const newest = runs.filter((run) => run.kind === 'scheduled' || run.kind === 'triggered').sort(newestFirst)[0]
  const asked = schedule.dependsOnPast === 'Task' ? pastOfUnfinished(runs) : new Set<string>()
  const passed = (run: RunFact) =>
    run.kind === 'manual' ||
    (run.kind === 'triggered' && !signals.some(({ id }) => run.signals?.includes(id))) ||
    (run.kind === 'scheduled' && run.logicalDate !== null && run.logicalDate <= (saved.cursor ?? -Infinity))
  const beyond = (phases: readonly string[], keep: number) =>
    own
      .filter((run) => phases.includes(run.phase))
      .sort(newestFirst)
      .slice(keep)
  const keepFailed = Math.max(schedule.keepFailed, schedule.maxConsecutiveFailures)
  return [...beyond(['succeeded', 'skipped'], schedule.keepSuccessful), ...beyond(['failed', 'canceled'], keepFailed)]
    .filter((run) => passed(run) && run.name !== newest?.name && !asked.has(run.name))
    .sort((a, b) => newestFirst(b, a))
    .map((run) => run.name)
}

function pastOfUnfinished(runs: readonly RunFact[]): Set<string> {
  const unfinished = runs.filter(({ phase }) => phase === 'active' || phase === 'held')
  const past = unfinished.map(({ logicalDate }) => (logicalDate === null ? undefined : previousRun(runs, logicalDate)))
  return new Set(past.flatMap((run) => (run ? [run.name] : [])))
}

function newestFirst(a: RunFact, b: RunFact): number {
  return (b.logicalDate ?? b.createdAt) - (a.logicalDate ?? a.createdAt) || b.createdAt - a.createdAt
}
