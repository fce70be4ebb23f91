/** Settings that an exit task cannot have. */
import { InvalidInputError } from '../../api/issue.ts'
import type { TaskNode } from '../graph.ts'
import { here } from '../location.ts'
import { makeIssue } from '../scope.ts'

/** Refuses a setting on the exit task of a handler, which runs after everything anyway. */
export function addExitTaskGuard(node: TaskNode, setting: string): void {
  if (!node.exitOf) return
  throw new InvalidInputError([
    makeIssue({
      code: 'exit-task-setting',
      message: `${setting} means nothing on the exit task "${node.key}"`,
      hint: 'remove it: an exit task runs however the tasks before it end',
      site: here(),
    }),
  ])
}
