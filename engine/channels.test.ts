/** What the SDK's compiler forgets to wire for texts in loops (seen in kfp 2.17): the step gets it all the same. */
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../api/json.ts'
import type { ComponentSpec, ParameterType, PipelineTaskSpec } from '../api/pipeline-spec.ts'
import { simulate } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'

const OUTER = 'pipelinechannel--loop-item-param-1'
const INNER = 'pipelinechannel--loop-item-param-3'
const FIELD = `${OUTER}-subvar-a`
const mention = (name: string) => `{{$.inputs.parameters['${name}']}}`

function graph(tasks: Record<string, PipelineTaskSpec>, inputs: Record<string, ParameterType> = {}): ComponentSpec {
  const parameters = Object.entries(inputs).map(([name, parameterType]) => [name, { parameterType }])
  return { inputDefinitions: { parameters: Object.fromEntries(parameters) }, dag: { tasks } }
}
const loop = (component: string, itemInput: string, items: JsonValue, parameters: Record<string, JsonValue> = {}) =>
  taskOf(component, parameters, { parameterIterator: { itemInput, items: { raw: JSON.stringify(items) } } })

function textsOf(root: ComponentSpec, components: Record<string, ComponentSpec>): unknown[] {
  const { actions, report } = simulate(
    pipelineOf({ root, components: { leaf: leafOf({ x: 'STRING' }), ...components } }),
  )
  if (report.error) return [report.error.code]
  return actions.flatMap((action) =>
    action.kind === 'start-attempt' ? [action.launch.executorInput.inputs.parameterValues?.['x']] : [],
  )
}

describe('a text in a loop', () => {
  test("mentions the outer loop's item, which the inner loop is not given", () => {
    const step = taskOf('leaf', { x: mention(OUTER) + mention(INNER), [OUTER]: `<- ${OUTER}`, [INNER]: `<- ${INNER}` })
    const inner = graph({ step }, { [INNER]: 'STRING' })
    // The inner item is listed around the inner loop too, where nothing can give it.
    const outer = graph({ inner: loop('inner', INNER, ['1', '2']) }, { [OUTER]: 'STRING', [INNER]: 'STRING' })
    const root = graph({ outer: loop('outer', OUTER, ['a', 'b'], { [INNER]: '<- loop-item-param-3' }) })
    expect(textsOf(root, { inner, outer })).toEqual(['a1', 'a2', 'b1', 'b2'])
  })

  test('mentions a field of an item, also inside a condition, whatever type is declared for it', () => {
    const step = taskOf('leaf', { x: `<${mention(FIELD)}>`, [FIELD]: `<- ${FIELD}` })
    const inside = graph({ step }, { [FIELD]: 'NUMBER_INTEGER' })
    const body = graph(
      { inside: taskOf('inside', { [FIELD]: `<- ${FIELD}` }) },
      { [OUTER]: 'STRUCT', [FIELD]: 'STRING' },
    )
    const items = [{ a: 'one' }, { a: 2 }]
    const root = graph({ body: loop('body', OUTER, items, { [FIELD]: '<- loop-item-param-1-subvar-a' }) })
    expect(textsOf(root, { inside, body })).toEqual(['<one>', '<2>'])
  })

  test('does not reach out of the pipeline that it is of, and fails where it has nothing', () => {
    const step = taskOf('leaf', { x: mention(OUTER), [OUTER]: `<- ${OUTER}` })
    const nested = taskOf('nested', {}, { cachingOptions: { enableCache: true } })
    const root = graph({ body: loop('body', OUTER, ['a']) })
    const body = graph({ nested }, { [OUTER]: 'STRING' })
    expect(textsOf(root, { body, nested: graph({ step }) })).toEqual(['placeholder-error'])
  })
})
