/** What a test looks at when its run is over. */
import { closest } from '../../api/closest.ts'
import type { RuntimeArtifact } from '../../api/executor-io.ts'
import type { JsonValue } from '../../api/json.ts'
import type { RunReport, TaskReport } from '../../api/run-report.ts'

/** One attempt as it was carried out. */
export interface AttemptNote {
  readonly task: string
  /** Counted from 1. */
  readonly attempt: number
  /** Virtual milliseconds since the run began. */
  readonly startedAfterMillis: number
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly artifacts: Readonly<Record<string, readonly RuntimeArtifact[]>>
}

/** A task's report with the attempts that a test may want to see. */
export interface TestTask extends TaskReport {
  readonly notes: readonly AttemptNote[]
}

export interface TestRun {
  readonly state: RunReport['state']
  readonly outputs: RunReport['outputs']
  readonly error: RunReport['error']
  readonly report: RunReport
  /** Virtual duration. */
  readonly millis: number
  /** Attempts in the order in which they started. */
  readonly attempts: readonly AttemptNote[]
  /**
   * A task by its path or, where only one has it, its last word.
   *
   * @throws Error naming the tasks there are
   */
  readonly task: (name: string) => TestTask
  /** All tasks of a name, such as the iterations of a loop's step, in order. */
  readonly tasks: (name: string) => readonly TestTask[]
}

export function makeTestRun(report: RunReport, attempts: readonly AttemptNote[], millis: number): TestRun {
  const withNotes = (task: TaskReport): TestTask => ({
    ...task,
    notes: attempts.filter((note) => note.task === task.path),
  })
  const matching = (name: string) => {
    const exact = report.tasks.filter(({ path }) => path === name || path === `root/${name}`)
    return exact.length > 0
      ? exact
      : report.tasks.filter((task) => task.path.endsWith(`/${name}`) || task.name === name)
  }
  return {
    state: report.state,
    outputs: report.outputs,
    error: report.error,
    report,
    millis,
    attempts,
    task: (name) => {
      const [found, another] = matching(name)
      if (found && !another) return withNotes(found)
      const paths = report.tasks.map(({ path }) => path)
      const meant = closest(
        name,
        paths.map((path) => path.split('/').at(-1)!),
      )
      if (another)
        throw new Error(
          `several tasks are called "${name}": ${matching(name)
            .map(({ path }) => path)
            .join(', ')}`,
        )
      throw new Error(
        `no task "${name}" in this run${meant ? ` (did you mean "${meant}"?)` : ''}; it has: ${paths.join(', ')}`,
      )
    },
    tasks: (name) => matching(name).map(withNotes),
  }
}
