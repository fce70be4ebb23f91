/** Finds the task that a person means. */
import { closest } from '../api/closest.ts'
import { InvalidInputError } from '../api/issue.ts'
import { usageIssue } from './errors.ts'

/**
 * The full path, or its last words when only one task ends so.
 *
 * @param tasks paths without `root/`
 * @param mayComeLater a task that is not there yet is taken at its word
 * @throws InvalidInputError naming what was meant
 */
export function chooseTask(typed: string, tasks: readonly string[], mayComeLater: boolean): string {
  const wanted = typed.replace(/^root\//, '')
  if (tasks.includes(wanted)) return wanted
  const ending = tasks.filter((task) => task.endsWith(`/${wanted}`))
  if (ending.length === 1) return ending[0]!
  if (mayComeLater && ending.length === 0) return wanted
  const meant = closest(wanted, tasks)
  const known =
    tasks.length > 0 ? `tasks with a log: ${tasks.slice(0, 10).join(', ')}` : 'no step of this run has started yet'
  const message =
    ending.length > 1
      ? `${ending.length} tasks are called "${typed}": ${ending.slice(0, 5).join(', ')}`
      : `no task "${typed}" has a log`
  throw new InvalidInputError([usageIssue('unknown-task', message, meant ? `did you mean "${meant}"?` : known)])
}
