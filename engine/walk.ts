/** All tasks of a run in a fixed order: upstream before downstream, iterations by their index. */
import type { TaskPlan } from './program.ts'
import type { TaskNode } from './run-state.ts'
import { iterationPath, planOf, ROOT, type RunView, siblingPath } from './tree.ts'
import type { TaskPath } from './types.ts'

export interface Visited {
  readonly path: TaskPath
  readonly node: TaskNode
  readonly plan: TaskPlan
}

/** Tasks that exist so far; the root and the iterations of graphs are left out, as they are no tasks. Cost: the size of the run. */
export function walkTasks(view: RunView): Visited[] {
  const { tasks } = view.state
  const found: Visited[] = []
  const stack: TaskPath[] = [ROOT]
  while (stack.length > 0) {
    const path = stack.pop()!
    const node = tasks[path]!
    if (node.stale) continue
    const plan = planOf(view, node)
    const isIteration = node.index !== undefined
    if (path !== ROOT && (!isIteration || plan.component.leaf)) found.push({ path, node, plan })
    if (node.open === undefined) continue
    const inside =
      plan.loop && !isIteration
        ? Array.from({ length: node.total ?? 0 }, (_, index) => iterationPath(path, index))
        : plan.component.tasks!.map(({ key }) => siblingPath(path, key))
    for (let index = inside.length - 1; index >= 0; index--) if (tasks[inside[index]!]) stack.push(inside[index]!)
  }
  return found
}
