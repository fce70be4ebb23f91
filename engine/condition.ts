/** Conditions and selectors in CEL: one environment, each text parsed once. Semantics of cel-go as Kubeflow uses it. */
import { parseCel } from '../api/cel.ts'
import type { JsonValue } from '../api/json.ts'
import { parseJson, textOf } from './convert-value.ts'
import type { ResolvedInputs } from './resolved-inputs.ts'
import { TaskError } from './task-error.ts'

/**
 * Evaluates a trigger condition over a task's inputs.
 *
 * @throws TaskError when an input is missing, kinds can't be compared, or the result is no boolean
 */
export function evaluateCondition(text: string, { parameters, artifacts }: ResolvedInputs): boolean {
  const lists = Object.entries(artifacts).map(([name, list]) => [name, { artifacts: list }])
  const inputs = { parameter_values: parameters, artifacts: Object.fromEntries(lists) }
  const result = run('condition-error', text, { inputs })
  if (typeof result === 'boolean') return result
  throw new TaskError('condition-error', `the condition ${text} gives ${String(result)}, neither true nor false`)
}

/** What the SDK writes: a path into JSON text. */
const PATH_SELECTOR = /^parseJson\(string_value\)((?:\["[^"\\]*"\]|\['[^'\\]*'\]|\[\d+\])+)$/

/**
 * Applies a `parameterExpressionSelector` to a value.
 *
 * @throws TaskError when the path does not exist in the value
 */
export function selectValue(selector: string, value: JsonValue): JsonValue {
  const path = PATH_SELECTOR.exec(selector.trim())?.[1]
  if (path !== undefined) return followPath(selector, value, path)
  const variables: Record<string, unknown> = { string_value: textOf(value) }
  if (typeof value === 'number') variables['number_value'] = value
  if (typeof value === 'boolean') variables['bool_value'] = value
  if (Array.isArray(value)) variables['list_value'] = value
  else if (typeof value === 'object' && value !== null) variables['struct_value'] = value
  return toJson(run('selector-error', selector, variables))
}

function followPath(selector: string, value: JsonValue, path: string): JsonValue {
  let current: JsonValue | undefined = typeof value === 'string' ? parseJson(value) : value
  if (current === undefined) throw new TaskError('selector-error', `${selector}: the text is no JSON`)
  for (const [, key, other, index] of path.matchAll(/\["([^"]*)"\]|\['([^']*)'\]|\[(\d+)\]/g)) {
    const step = index === undefined ? (key ?? other)! : Number(index)
    const holder = current as Record<string | number, JsonValue> | null
    const fits = typeof holder === 'object' && holder !== null && Array.isArray(holder) === (typeof step === 'number')
    if (!fits || !Object.hasOwn(holder, step))
      throw new TaskError('selector-error', `${selector}: there is no ${JSON.stringify(step)} in the value`)
    current = holder[step]
  }
  return current!
}

function run(code: string, text: string, variables: Record<string, unknown>): unknown {
  try {
    return parseCel(text)(variables)
  } catch (error) {
    const reason = (error as Error).message.split('\n')[0]
    throw new TaskError(
      code,
      `${code === 'condition-error' ? 'the condition' : 'the selector'} ${text} fails: ${reason}`,
    )
  }
}

/** Applies an expression to what was seen. @returns whether it holds, or why it can't be told */
export function evaluateUntil(text: string, variables: Readonly<Record<string, JsonValue>>): boolean | string {
  try {
    const result = parseCel(text)(variables)
    return typeof result === 'boolean' ? result : `it gives ${String(result)}, neither true nor false`
  } catch (error) {
    return (error as Error).message.split('\n')[0]!
  }
}

function toJson(value: unknown): JsonValue {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, item]) => [String(key), toJson(item)]))
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toJson(item)]))
  return value === undefined ? null : (value as JsonValue)
}
