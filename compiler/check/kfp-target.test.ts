/** What only kfp-ts runs is a warning, and an error with `target: 'kfp'`; everything else passes. */
import {
  collected,
  concat,
  defineContainerComponent,
  definePipeline,
  equals,
  If,
  ifPresent,
  importer,
  isIn,
  or,
  parallelFor,
  t,
  waitFor,
} from 'kfp-ts'
import { describe, expect, test } from 'vitest'
import type { AnyPipeline } from '../../dsl/index.ts'
import { compile } from '../compile.ts'

const image = 'busybox'
const say = defineContainerComponent({
  name: 'say',
  inputs: { words: t.string() },
  outputs: { words: t.string(), data: t.dataset() },
  image,
})
const use = defineContainerComponent({ name: 'use', inputs: { data: t.dataset() }, image })
const records = defineContainerComponent({
  name: 'records',
  outputs: { record: t.struct({ a: t.struct({ b: t.string() }), c: t.string() }) },
  image,
})
const joined = defineContainerComponent({
  name: 'joined',
  inputs: { a: t.string() },
  image,
  args: ({ a }) => [concat('--a=', a)],
})
const optional = defineContainerComponent({
  name: 'optional',
  inputs: { a: t.optional(t.string()) },
  image,
  args: ({ a }) => [ifPresent('a', ['--all', concat('--a=', a)])],
})
const withData = defineContainerComponent({
  name: 'with-data',
  inputs: { data: t.optional(t.dataset()) },
  image,
  args: ({ data }) => [ifPresent('data', ['--data', data.path])],
})
const handing = defineContainerComponent({
  name: 'handing',
  image,
  taskConfigPassthroughs: [{ field: 'ENV', applyToTask: true }],
})
const pipeline = (body: () => void): AnyPipeline =>
  definePipeline({ name: 'p' }, () => {
    body()
  })

const REFUSED: readonly (readonly [code: string, body: () => void])[] = [
  [
    'kfp-artifact-loop',
    () => {
      const made = parallelFor(['a'], (words) => say({ words }))
      parallelFor(collected(made.outputs.data), (data) => use({ data }))
    },
  ],
  ['kfp-selector', () => say({ words: records().output.field('a').field('b') })],
  ['kfp-importer', () => importer({ uri: say({ words: 'a' }).outputs.words, type: t.dataset() })],
  ['kfp-env', () => say({ words: 'a' }).setEnv('A', say({ words: 'b' }).outputs.words)],
  ['kfp-importer', () => importer({ uri: `s3://b/${say({ words: 'a' }).outputs.words}.csv`, type: t.dataset() })],
  ['kfp-importer', () => importer({ uri: records().output.field('c'), type: t.dataset() })],
  ['kfp-concat', () => joined({ a: 'b' })],
  ['kfp-concat', () => optional({ a: 'b' })],
  ['kfp-if-present', () => withData({})],
  ['kfp-wait', () => waitFor.time({ afterSeconds: 1 })],
]

describe('target kfp', () => {
  for (const [code, body] of REFUSED) {
    test(`refuses ${code}, which is a warning otherwise: ${body}`, async () => {
      const strict = await compile(pipeline(body), { target: 'kfp' })
      expect(strict.document).toBeUndefined()
      expect(strict.issues).toEqual([expect.objectContaining({ code, severity: 'error' })])
      const open = await compile(pipeline(body))
      expect(open.document).toBeDefined()
      expect(open.issues).toEqual([expect.objectContaining({ code, severity: 'warning' })])
    })
  }

  test('takes importers of whole values', async () => {
    const body = (): void => {
      importer({ uri: 's3://b/fixed.csv', type: t.dataset() })
      parallelFor(['s3://b/1.csv'], (uri) => importer({ uri, type: t.dataset() }))
    }
    expect((await compile(pipeline(body), { target: 'kfp' })).issues).toEqual([])
  })

  test('takes combined conditions: they become one expression', async () => {
    const body = (): void => {
      const { words } = say({ words: 'a' }).outputs
      If(or(isIn(words, ['a', "it's"]), equals(words, 'c')), () => say({ words }))
    }
    const { document, issues } = await compile(pipeline(body), { target: 'kfp' })
    expect(issues).toEqual([])
    const value = "inputs.parameter_values['pipelinechannel--say-words']"
    expect(document!.spec.root.dag!.tasks['condition-1']!.triggerPolicy!.condition).toBe(
      `(${value} == 'a' || ${value} == 'it\\'s') || ${value} == 'c'`,
    )
  })
})

test('a setting that a component does not hand on is an error', async () => {
  const { issues } = await compile(pipeline(() => void handing().setEnv('A', 'b').setCpuLimit('1')))
  expect(issues).toEqual([
    expect.objectContaining({ code: 'not-passed-through', message: expect.stringContaining('RESOURCES') }),
  ])
})
