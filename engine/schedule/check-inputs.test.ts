import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../api/json.ts'
import type { ParameterInputSpec } from '../../api/pipeline-spec.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { checkInputs } from './check-inputs.ts'
import { scheduleOf } from './testing.ts'

const run = { afterRun: { pipeline: 'training' } }
const alias = { alias: { model: 'iris', alias: 'champion' } }
const hook = { webhook: { parameters: { x: 'head.id' } } }
const required: ParameterInputSpec = { parameterType: 'STRING' }

/** Who gives no `x`, by the message; undefined when nothing is said. */
function lacking(spec: Omit<ScheduledRunSpec, 'runTemplate'>, x?: JsonValue, input = required): string | undefined {
  const [issue, ...more] = checkInputs({ x: input }, x === undefined ? {} : { x }, scheduleOf(spec))
  expect(more).toEqual([])
  return issue && /, and (.*?) gives? none/.exec(issue.message)?.[1]
}

type Row = readonly [
  story: string,
  spec: Omit<ScheduledRunSpec, 'runTemplate'>,
  x: JsonValue | undefined,
  who: string | undefined,
]
const clock = { schedule: { cron: '@daily' } }
const rows: readonly Row[] = [
  ['all triggers give it', { triggers: [run, alias] }, '[[trigger.at]]', undefined],
  ['only one does', { triggers: [run, alias] }, '[[trigger.model_version]]', 'trigger "afterRun"'],
  ['none does', { triggers: [run, alias] }, '[[trigger.digest]]', 'trigger "afterRun" and trigger "alias"'],
  ['an output of a run', { triggers: [run, alias] }, '[[trigger.outputs.accuracy]]', 'trigger "alias"'],
  ['named by its trigger', { triggers: [run, alias] }, '[[triggers.afterRun.run_id]]', 'trigger "alias"'],
  ['in a longer text, which is never empty', { triggers: [run, alias] }, 'v[[trigger.model_version]]', undefined],
  ['a value', { triggers: [run, alias] }, 5, undefined],
  ['the body of a call gives it', { triggers: [run, hook] }, undefined, 'trigger "afterRun"'],
  ['the body, and a macro for the others', { triggers: [run, hook] }, '[[trigger.run_id]]', undefined],
  ['nothing at all', { triggers: [run] }, undefined, 'trigger "afterRun"'],
  ['the clock has no event', { ...clock, triggers: [run] }, '[[trigger.run_id]]', 'the clock'],
  ['the clock knows dates', { ...clock, triggers: [run] }, '[[ds]]', undefined],
  [
    'All has them together',
    { triggers: [run, alias], triggerPolicy: 'All' },
    '[[triggers.alias.model_version]]',
    undefined,
  ],
  ['All beside a clock', { ...clock, triggers: [run, alias], triggerPolicy: 'All' }, '[[trigger.at]]', 'the clock'],
  ['a schedule without triggers', clock, undefined, undefined],
]

describe('a required input', () => {
  test.each(rows)('%s', (_story, spec, x, who) => {
    expect(lacking(spec, x)).toBe(who)
  })
  test('that has a default or is optional is not required', () => {
    const spec = { triggers: [run, alias] }
    expect(lacking(spec, '[[trigger.model_version]]', { ...required, defaultValue: '' })).toBeUndefined()
    expect(lacking(spec, '[[trigger.model_version]]', { ...required, isOptional: true })).toBeUndefined()
  })
})

test('the warning names input, triggers and remedy', () => {
  const schedule = scheduleOf({ ...clock, triggers: [run, alias] })
  const [issue] = checkInputs({ version: required }, { version: '[[trigger.model_version]]' }, schedule)
  expect(issue).toEqual({
    code: 'input-not-given',
    severity: 'warning',
    path: 'spec.runTemplate.parameters.version',
    message:
      'the pipeline requires a value for "version", and trigger "afterRun" and the clock give none ' +
      '("[[trigger.model_version]]" is empty then): runs made by them fail at their start',
    hint: 'give "version" a default in the pipeline, or make a schedule of its own for trigger "afterRun" and the clock',
  })
})
