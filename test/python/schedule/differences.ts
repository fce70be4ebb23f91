/** Names the rule behind each difference between our ticks and Airflow's; a difference without a rule fails the test. */
import type { Schedule } from '../../../engine/schedule/compile-schedule.ts'

/** Why two schedulers may disagree about an instant, by the rule of docs/schedules.md that decides. */
export const EXPLAINED = {
  'gap-moves-each':
    'rule 13: each instant inside the gap moves by the gap; Airflow moves the first one and forgets the others',
  'hourly-elapsed':
    'rule 13: a cron of every hour fires where the wall clock matches; Airflow adds the wall-clock distance as elapsed time, so its first instants after a change are displaced when the change was between two of them',
  'airflow-raises':
    'Airflow stops with an error of its own ("did not advance") at such a change; up to there both agree',
} as const
export type Explained = keyof typeof EXPLAINED

const HOUR = 3_600_000

/** The rule for an instant that only one side has, or undefined. */
export function explain(at: number, schedule: Schedule, everyHour: boolean): Explained | undefined {
  const { spans } = schedule.zone
  const changes = spans
    .slice(1)
    .map((span, index) => ({ at: span.from, by: span.offsetMillis - spans[index]!.offsetMillis }))
  if (!everyHour)
    return changes.some((change) => at >= change.at && at < change.at + change.by) ? 'gap-moves-each' : undefined
  const before = (schedule.ticks.previous(at - 2 * HOUR) ?? at) - 2 * HOUR
  return changes.some((change) => change.at >= before && change.at <= at + 2 * HOUR) ? 'hourly-elapsed' : undefined
}
