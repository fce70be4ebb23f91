/** Where groups and tasks stand to each other. */
import type { GroupNode, TaskNode } from '../../dsl/graph.ts'

/** From the root down to the group itself. */
export function pathOf(group: GroupNode): readonly GroupNode[] {
  return group.parent ? [...pathOf(group.parent), group] : [group]
}

/** Whether `outer` is `inner` or holds it. */
export function holds(outer: GroupNode, inner: GroupNode): boolean {
  for (let group: GroupNode | undefined = inner; group; group = group.parent) if (group === outer) return true
  return false
}

/** The innermost group that holds both. */
export function commonGroup(a: GroupNode, b: GroupNode): GroupNode {
  for (let group: GroupNode | undefined = a; group; group = group.parent) if (holds(group, b)) return group
  throw new Error('two groups of different pipelines have no group in common')
}

/** Groups below `outer` on the way down to `inner`, outermost first. */
export function groupsBetween(outer: GroupNode, inner: GroupNode): readonly GroupNode[] {
  return pathOf(inner).slice(pathOf(outer).length)
}

/** The outermost group that holds `inner` and not `other`. */
export function topOf(inner: GroupNode, other: GroupNode): GroupNode {
  const [top] = groupsBetween(commonGroup(inner, other), inner)
  return top ?? inner
}

/** Every group below a root, parents first. */
export function allGroups(root: GroupNode): readonly GroupNode[] {
  return [root, ...root.groups.flatMap(allGroups)]
}

export function groupOf(node: TaskNode | GroupNode): GroupNode {
  return node.kind === 'task' ? node.group : node
}
