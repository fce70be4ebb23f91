/**
 * Required inputs of the pipeline that some of a schedule's runs would lack: an event brings what its trigger has and nothing of the
 * other triggers, and the clock brings nothing. Pure. Before: whoever stores, writes or carries out a schedule with triggers.
 */
import type { Issue } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import type { ParameterInputSpec } from '../../api/pipeline-spec.ts'
import type { Schedule } from './compile-schedule.ts'
import { givesField, WHOLE_EVENT } from './macros.ts'
import type { Trigger } from './triggers.ts'

/** One way in which a run comes to be. */
interface Maker {
  /** For people. */
  readonly name: string
  readonly triggers: readonly Trigger[]
}

/**
 * Warnings, not errors: the schedule works for its other triggers.
 *
 * @param inputs of the pipeline's root
 * @param parameters of the run template
 */
export function checkInputs(
  inputs: Readonly<Record<string, ParameterInputSpec>>,
  parameters: Readonly<Record<string, JsonValue>>,
  schedule: Schedule,
): Issue[] {
  if (schedule.triggers.length === 0) return []
  const makers = makersOf(schedule)
  return Object.entries(inputs).flatMap(([input, { isOptional, defaultValue }]) => {
    if (isOptional || defaultValue !== undefined) return []
    const value = Object.hasOwn(parameters, input) ? parameters[input] : undefined
    const lacking = makers.filter((maker) => !gives(maker, input, value))
    return lacking.length === 0 ? [] : [issueOf(input, value, lacking, makers.length)]
  })
}

function makersOf({ triggers, triggerPolicy, kind }: Schedule): Maker[] {
  const one = (trigger: Trigger): Maker => ({ name: `trigger "${trigger.name}"`, triggers: [trigger] })
  const together: Maker = { name: 'the triggers together', triggers }
  const clock: Maker = { name: 'the clock', triggers: [] }
  return [...(triggerPolicy === 'All' ? [together] : triggers.map(one)), ...(kind === 'manual' ? [] : [clock])]
}

function gives({ triggers }: Maker, input: string, value: JsonValue | undefined): boolean {
  if (triggers.some(({ spec }) => spec.webhook?.parameters && Object.hasOwn(spec.webhook.parameters, input)))
    return true
  if (value === undefined || value === null) return false
  const [root, ...way] = (typeof value === 'string' ? WHOLE_EVENT.exec(value)?.[1] : undefined)?.split('.') ?? []
  if (root === undefined) return true
  if (root === 'trigger') return triggers.some((trigger) => givesField(trigger, way.join('.')))
  const [name, ...field] = way
  return triggers.some((trigger) => trigger.name === name && givesField(trigger, field.join('.')))
}

function issueOf(input: string, value: JsonValue | undefined, lacking: readonly Maker[], makers: number): Issue {
  const names = lacking.map(({ name }) => name)
  const [who, them] =
    names.length === 1
      ? [`${names[0]} gives none`, 'it']
      : [`${names.slice(0, -1).join(', ')} and ${names.at(-1)} give none`, 'them']
  const what = value === undefined ? '' : ` (${JSON.stringify(value)} is empty then)`
  const apart = lacking.length < makers ? `, or make a schedule of its own for ${names.join(' and ')}` : ''
  return {
    code: 'input-not-given',
    severity: 'warning',
    path: `spec.runTemplate.parameters.${input}`,
    message: `the pipeline requires a value for "${input}", and ${who}${what}: runs made by ${them} fail at their start`,
    hint: `give "${input}" a default in the pipeline${value === undefined ? ', or a value here' : ''}${apart}`,
  }
}
