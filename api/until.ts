/**
 * The expressions of waits are applied to what strangers answer, in a process that others share: their cost must stay within the size
 * of what is looked at.
 */
import { type CelNode, parseCel } from './cel.ts'

const LOOPS = ['all', 'exists', 'exists_one', 'map', 'filter']

/** What is wrong with the text of an `until`; undefined when it can be applied. */
export function untilProblem(text: string): string | undefined {
  try {
    return problemIn(parseCel(text).ast, false)
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  }
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
