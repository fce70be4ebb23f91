/** Tasks that wait for each other in a circle, which only `after` can make. */
import type { Issue } from '../../api/issue.ts'
import { type GroupNode, groupKey, type PipelineGraph, type TaskNode } from '../../dsl/graph.ts'
import { makeIssue } from '../../dsl/scope.ts'
import { planGraph } from '../lower/plan.ts'
import { allGroups } from '../lower/topology.ts'

export function findCycles(graph: PipelineGraph): Issue[] {
  const { waits } = planGraph(graph)
  return allGroups(graph.root).flatMap((group) => {
    const nodes = new Map<string, TaskNode | GroupNode>([
      ...group.groups.map((child) => [groupKey(child), child] as const),
      ...group.tasks.map((task) => [task.key, task] as const),
    ])
    const cycle = firstCycle(nodes, waits)
    if (!cycle) return []
    const last = nodes.get(cycle[0]!)!
    const place = last.kind === 'task' ? (last.after[0]?.site ?? last.site) : last.site
    return [
      makeIssue({
        code: 'cyclic-after',
        message: `these wait for each other in a circle: ${[...cycle, cycle[0]].join(' -> ')}`,
        hint: 'remove one of the after(…)',
        site: place,
      }),
    ]
  })
}

/** Keys of one circle in waiting order, or undefined. */
function firstCycle(
  nodes: ReadonlyMap<string, TaskNode | GroupNode>,
  waits: ReadonlyMap<TaskNode | GroupNode, ReadonlySet<string>>,
): readonly string[] | undefined {
  const done = new Set<string>()
  for (const start of nodes.keys()) {
    const path: string[] = []
    const iterators: Iterator<string>[] = []
    const enter = (key: string): void => {
      path.push(key)
      iterators.push((waits.get(nodes.get(key)!) ?? new Set<string>()).values())
    }
    if (!done.has(start)) enter(start)
    while (path.length > 0) {
      const { value: next, done: isEnd } = iterators.at(-1)!.next()
      if (isEnd) {
        done.add(path.pop()!)
        iterators.pop()
      } else if (path.includes(next)) return path.slice(path.indexOf(next))
      else if (!done.has(next) && nodes.has(next)) enter(next)
    }
  }
  return undefined
}
