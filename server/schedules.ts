/** The port to whatever runs the schedules of recurring runs. Implemented by the cli's wiring over engine/schedule. */
import type { Issue } from '../api/issue.ts'
import type { ScheduledRunSpec } from '../api/scheduled-run.ts'

export interface Schedules {
  /** What is wrong with the meaning of a schedule, such as a cron without any tick. */
  check(spec: Omit<ScheduledRunSpec, 'runTemplate'>, now: number): readonly Issue[]
  /** A recurring run was made, changed or deleted: look at the table again. */
  changed(): void
}

/** For a server whose recurring runs only lie in the table. */
export const noSchedules: Schedules = { check: () => [], changed: () => {} }
