/**
 * Conditions of pipelines and of waits are applied in a process that others share, to values that strangers gave: their cost must
 * stay within the size of what is looked at.
 */

/** `rcall` and `call` have the function's name first in `args`. */
interface CelNode {
  readonly op: string
  readonly args: unknown
}

const LOOPS = ['all', 'exists', 'exists_one', 'map', 'filter']

/** Why an expression may take too long; undefined when it takes no longer than its values are large. */
export function costProblem(ast: unknown): string | undefined {
  return problemIn(ast, false)
}

function problemIn(node: unknown, inLoop: boolean): string | undefined {
  if (Array.isArray(node)) return firstProblem(node, inLoop)
  if (typeof node !== 'object' || node === null) return undefined
  const { op, args } = node as CelNode
  const name = (op === 'call' || op === 'rcall') && Array.isArray(args) ? String(args[0]) : undefined
  if (name === 'matches') return 'matches(…) may take for ever; use contains, startsWith or endsWith'
  if (op !== 'rcall' || name === undefined || !LOOPS.includes(name)) return problemIn(args, inLoop)
  if (inLoop) return `${name}(…) stands inside of another loop over a list`
  const [, receiver, ...body] = args as readonly unknown[]
  return problemIn(receiver, inLoop) ?? firstProblem(body, true)
}

function firstProblem(nodes: readonly unknown[], inLoop: boolean): string | undefined {
  for (const node of nodes) {
    const problem = problemIn(node, inLoop)
    if (problem !== undefined) return problem
  }
  return undefined
}
