/** The text that `{{$}}` stands for. Pure. Called by launch.ts. */
import type { ExecutorInput } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import type { TaskPlan } from './program.ts'

/**
 * JSON in which a whole number of a NUMBER_DOUBLE input stays a float (`1.0`) for readers that tell them apart: a Python component
 * that annotates `float` gets one, as it does from kfp.local.
 */
export function executorInputText(input: ExecutorInput, { component }: TaskPlan): string {
  const { parameterValues = {}, ...others } = input.inputs
  const parameters = Object.entries(parameterValues).map(([name, value]) => {
    const isFloat = component.parameterTypes.get(name) === 'NUMBER_DOUBLE'
    return `${JSON.stringify(name)}:${isFloat ? floatText(value) : JSON.stringify(value)}`
  })
  const rest = JSON.stringify(others).slice(1, -1)
  const inputs = `{"parameterValues":{${parameters.join(',')}}${rest === '' ? '' : `,${rest}`}}`
  return `{"inputs":${inputs},"outputs":${JSON.stringify(input.outputs)}}`
}

function floatText(value: JsonValue): string {
  return Number.isSafeInteger(value) ? `${value}.0` : JSON.stringify(value)
}
