/** CEL, the language of conditions: one environment, each text parsed once. Semantics of cel-go as Kubeflow uses it. */
import { Environment } from '@marcbachmann/cel-js'
import { costProblem } from './cel-cost.ts'
import type { JsonValue } from './json.ts'

type Evaluate = (variables: Record<string, unknown>) => unknown

const environment = new Environment({ unlistedVariablesAreDyn: true, homogeneousAggregateLiterals: false })
environment.registerFunction('parseJson(string): dyn', (text: string) => {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    throw new Error('parseJson: the text is no JSON')
  }
})
// Literals of different kinds compare as the values of inputs do: numbers by value, other pairs are just different.
// Each pair registers both orders.
environment.registerOperator('int == double', (a: bigint, b: number) => Number(a) === Number(b))
for (const pair of ['int == string', 'int == bool', 'double == string', 'double == bool', 'bool == string'])
  environment.registerOperator(pair, () => false)

/** Bounded: a server runs many pipelines. */
const MAX_KEPT = 1000
const kept = new Map<string, Evaluate>()

/** @throws Error for a text that is no expression, or one whose cost is not bounded */
export function parseCel(text: string): Evaluate {
  const known = kept.get(text)
  if (known) return known
  const evaluate = environment.parse(text)
  const problem = costProblem(evaluate.ast)
  if (problem !== undefined) throw new Error(problem)
  if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!)
  kept.set(text, evaluate)
  return evaluate
}

/** What is wrong with a text that is to be an expression; undefined when it can be applied. */
export function celProblem(text: string): string | undefined {
  try {
    parseCel(text)
    return undefined
  } catch (error) {
    return (error as Error).message.split('\n')[0]
  }
}
