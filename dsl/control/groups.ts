/** Opens and closes groups: what If, parallelFor and exitHandler have in common. */
import { isConstant } from '../constant.ts'
import { type GroupNode, groupKeysOf } from '../graph.ts'
import { currentScope, report, type Scope, withScope } from '../scope.ts'

/** Numbers groups of all kinds, in the order in which they open. No task has or gets a key that a group of this number may have. */
export function nextGroupId({ graph }: Scope): number {
  while (groupKeysOf(graph.nextGroupId).some((key) => graph.taskKeys.has(key))) graph.nextGroupId++
  const id = graph.nextGroupId++
  for (const key of groupKeysOf(id)) graph.taskKeys.add(key)
  return id
}

export function displayNameOf(name: string | undefined): { readonly displayName?: string } {
  const isGiven = name !== undefined && isConstant(name, 'the name to show', 'use a constant text')
  return isGiven ? { displayName: name } : {}
}

/** Runs a block's body inside its group. */
export function inGroup<R>(group: GroupNode, body: () => R): R {
  const scope = currentScope('a block')
  const result = withScope({ ...scope, group }, body)
  if (result instanceof Promise) {
    result.catch(() => {})
    report(scope, {
      code: 'wrong-result',
      message: 'the body of this block is asynchronous',
      hint: 'remove async and await: a body only describes tasks',
      site: group.site,
    })
  }
  return result
}
