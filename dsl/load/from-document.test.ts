/** A file holds a component when its pipeline does nothing but hand everything on to it. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'
import { expect, test } from 'vitest'
import { compile } from '../../compiler/compile.ts'
import type { AnyComponent } from '../../compiler/pipeline-around.ts'
import { here } from '../location.ts'
import type { AnyPipeline } from '../pipeline.ts'
import { modelOfDocument } from './from-document.ts'

const echo = defineContainerComponent({
  name: 'echo',
  image: 'busybox',
  inputs: { v: t.string(), times: t.integer({ default: 1 }), model: t.optional(t.model()), status: t.finalStatus() },
  outputs: { s: t.string({ description: 'what was said' }), data: t.dataset({ description: 'how' }) },
})
const kindOf = async (pipeline: AnyPipeline | AnyComponent): Promise<string> =>
  modelOfDocument((await compile(pipeline)).document!, here()).implementation.kind

test('a component that was compiled alone is that component', async () => {
  expect(await kindOf(echo)).toBe('container')
})

const word = defineContainerComponent({
  name: 'word',
  image: 'busybox',
  inputs: { v: t.string(), times: t.integer({ default: 1 }) },
  outputs: { s: t.string(), r: t.string() },
})
const inputs = { v: t.string(), times: t.integer({ default: 1 }) }

test('a pipeline that hands everything on is one too', async () => {
  expect(await kindOf(definePipeline({ name: 'word', inputs }, (given) => word(given).outputs))).toBe('container')
})

const others: readonly (readonly [what: string, pipeline: AnyPipeline])[] = [
  [
    'changes a value',
    definePipeline({ name: 'word', inputs }, ({ v, times }) => word({ v: `hello ${v}`, times }).outputs),
  ],
  ['drops an input', definePipeline({ name: 'word', inputs }, ({ v }) => word({ v }).outputs)],
  [
    'has another default',
    definePipeline(
      { name: 'word', inputs: { ...inputs, times: t.integer({ default: 2 }) } },
      (given) => word(given).outputs,
    ),
  ],
  [
    'changes outputs',
    definePipeline({ name: 'word', inputs }, (given) => {
      const { s, r } = word(given).outputs
      return { s: r, r: s }
    }),
  ],
  ['retries', definePipeline({ name: 'word', inputs }, (given) => word(given).setRetry({ maxRetries: 2 }).outputs)],
]
for (const [what, pipeline] of others) {
  test(`a pipeline of one task of its name that ${what} stays a pipeline`, async () => {
    expect(await kindOf(pipeline)).toBe('document')
  })
}
