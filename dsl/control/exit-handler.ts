/** exitHandler: a task that runs at the end, however the tasks of a block end. */
import type { ExitHandlerNode } from '../graph.ts'
import { here } from '../location.ts'
import { currentScope, report } from '../scope.ts'
import { type AnyTask, Task, type Waitable } from '../task.ts'
import { displayNameOf, inGroup, nextGroupId } from './groups.ts'

export interface ExitHandler<R> extends Waitable {
  /** What the body returned. */
  readonly result: R
}

/**
 * Runs `exitTask` after everything in the body has ended, also when something in it failed.
 * An input of type `t.finalStatus()` tells the exit task how it ended.
 *
 * @example
 * exitHandler(notify({}), () => {
 *   train({ data })
 * })
 */
export function exitHandler<R>(
  exitTask: AnyTask,
  body: () => R,
  options: { readonly displayName?: string } = {},
): ExitHandler<R> {
  const scope = currentScope('exitHandler')
  const site = here()
  const fail = (message: string, hint: string): void =>
    report(scope, { code: 'wrong-exit-handler', message, hint, site })
  const node: ExitHandlerNode = {
    kind: 'exit-handler',
    id: nextGroupId(scope),
    parent: scope.group,
    groups: [],
    tasks: [],
    site,
    ...displayNameOf(options.displayName),
  }
  if (scope.group.kind !== 'root') {
    fail('exitHandler stands inside another block', 'move it to the outermost level of the pipeline')
  }
  if (!(exitTask instanceof Task))
    fail('the first argument of exitHandler is not a task', 'call a component and pass the task')
  else if (exitTask.node.exitOf)
    fail(`task "${exitTask.key}" is the exit task of another handler`, 'make one exit task for each')
  else if (exitTask.node.group.kind !== 'root')
    fail('the exit task stands inside another block', 'make it at the outermost level of the pipeline')
  else if (exitTask.node.component.implementation.kind === 'importer')
    fail('an importer cannot be an exit task', 'use a component')
  else {
    exitTask.node.exitOf = node
    node.exitTask = exitTask.node
  }
  scope.group.groups.push(node)
  return { node, result: inGroup(node, body) }
}
