/** Names of values on their way: one for each, also where names that authors gave come to the same text. */
import { collected, defineContainerComponent, definePipeline, parallelFor, t } from 'kfp-ts'
import { describe, expect, test } from 'vitest'
import type { ComponentSpec } from '../../api/pipeline-spec.ts'
import type { AnyPipeline } from '../../dsl/index.ts'
import { compile } from '../compile.ts'

const image = 'busybox'
const make = defineContainerComponent({ name: 'make', outputs: { 'x-y': t.string() }, image })
const makeX = defineContainerComponent({ name: 'make-x', outputs: { y: t.string() }, image })
const join = defineContainerComponent({
  name: 'join',
  inputs: { a: t.string(), b: t.string() },
  outputs: { r: t.string() },
  image,
})

async function componentsOf(pipeline: AnyPipeline): Promise<Readonly<Record<string, ComponentSpec>>> {
  const { document, issues } = await compile(pipeline)
  expect(issues).toEqual([])
  return { ...document!.spec.components, root: document!.spec.root }
}

describe('items of loops over one list', () => {
  const inputs = { list: t.list(t.string()) }
  const input = { componentInputParameter: 'pipelinechannel--list-loop-item' }

  test('differ where the outer item is used inside the inner loop', async () => {
    const nested = definePipeline({ name: 'p', inputs }, ({ list }) => {
      parallelFor(list, (a) => parallelFor(list, (b) => join({ a, b })))
    })
    const components = await componentsOf(nested)
    const inner = components['comp-for-loop-1']!.dag!.tasks['for-loop-2']!
    expect(inner.parameterIterator!.itemInput).toBe('pipelinechannel--list-for-loop-2-loop-item')
    expect(inner.inputs!.parameters!['pipelinechannel--list-loop-item']).toEqual(input)
    expect(components['comp-for-loop-2']!.dag!.tasks['join']!.inputs!.parameters).toEqual({
      a: input,
      b: { componentInputParameter: 'pipelinechannel--list-for-loop-2-loop-item' },
    })
  })

  test('have the name that KFP gives them everywhere else', async () => {
    const nested = definePipeline({ name: 'p', inputs }, ({ list }) => {
      parallelFor(list, (a) => {
        join({ a, b: a })
        parallelFor(list, (b) => join({ a: b, b }))
      })
    })
    const components = await componentsOf(nested)
    expect(components['comp-for-loop-2']!.dag!.tasks['join-2']!.inputs!.parameters).toEqual({ a: input, b: input })
  })
})

describe('two values that come to one name', () => {
  test('are two inputs of a task that has both in a text', async () => {
    const text = definePipeline({ name: 'p', inputs: { 'make-x-y': t.string() } }, (inputs) => {
      join({ a: `${make().output}.`, b: `${makeX().output}.${inputs['make-x-y']}` })
    })
    const { parameters = {} } = (await componentsOf(text))['root']!.dag!.tasks['join']!.inputs!
    const of = (name: string) => `{{$.inputs.parameters['pipelinechannel--make-x-y${name}']}}`
    expect(parameters).toEqual({
      a: { runtimeValue: { constant: `${of('')}.` } },
      b: { runtimeValue: { constant: `${of('-2')}.${of('-3')}` } },
      'pipelinechannel--make-x-y': { taskOutputParameter: { producerTask: 'make', outputParameterKey: 'x-y' } },
      'pipelinechannel--make-x-y-2': { taskOutputParameter: { producerTask: 'make-x', outputParameterKey: 'y' } },
      'pipelinechannel--make-x-y-3': { componentInputParameter: 'make-x-y' },
    })
  })

  const refused: readonly (readonly [what: string, pipeline: AnyPipeline])[] = [
    [
      'on the way into a group',
      definePipeline({ name: 'p' }, () => {
        const [a, b] = [make().output, makeX().output]
        parallelFor([1], () => join({ a, b }))
      }),
    ],
    [
      'on the way out of a group',
      definePipeline({ name: 'p' }, () => {
        const [a, b] = parallelFor([1], () => [make().output, makeX().output] as const)
        join({ a: `${collected(a)}`, b: `${collected(b)}` })
      }),
    ],
    [
      'as an item',
      definePipeline({ name: 'p', inputs: { list: t.list(t.string()), 'list-loop-item': t.string() } }, (inputs) => {
        parallelFor(inputs.list, (a) => join({ a, b: inputs['list-loop-item'] }))
      }),
    ],
  ]
  for (const [what, pipeline] of refused) {
    test(`are refused ${what}`, async () => {
      const { document, issues } = await compile(pipeline)
      expect(document).toBeUndefined()
      expect(issues.map(({ code }) => code)).toEqual(['name-clash'])
    })
  }
})

test('no task has the key of a group, whichever comes first', async () => {
  const loop = defineContainerComponent({ name: 'for-loop-2', outputs: { r: t.string() }, image })
  const after = await componentsOf(
    definePipeline({ name: 'p' }, () => {
      parallelFor([1], () => make())
      loop()
    }),
  )
  expect(Object.keys(after['root']!.dag!.tasks)).toEqual(['for-loop-2', 'for-loop-2-2'])
  const before = await componentsOf(
    definePipeline({ name: 'p' }, () => {
      loop()
      parallelFor([1], () => make())
    }),
  )
  expect(Object.keys(before['root']!.dag!.tasks)).toEqual(['for-loop-3', 'for-loop-2'])
})
