/** Conditions as the backends read them, and what they decide about values as these arrive in a run. */
import {
  atLeast,
  defineContainerComponent,
  definePipeline,
  equals,
  If,
  type ParameterRef,
  parallelFor,
  t,
} from 'kfp-ts'
import { expect, test } from 'vitest'
import { parseCel } from '../../api/cel.ts'
import type { JsonValue } from '../../api/json.ts'
import type { Condition } from '../../dsl/condition.ts'
import type { Refs } from '../../dsl/infer.ts'
import { compile } from '../compile.ts'

const step = defineContainerComponent({ name: 'step', image: 'busybox' })
type Compare = (left: ParameterRef, right: ParameterRef | string | number | boolean) => Condition
/** For values of unknown type, of which the types of TypeScript know nothing. */
const [isEqual, isAtLeast] = [equals, atLeast] as unknown as readonly [Compare, Compare]
const inputs = { list: t.list(), struct: t.struct(), flag: t.boolean(), count: t.integer(), rate: t.number() }

/** The text of the only condition of a pipeline. */
async function conditionOf(body: (refs: Refs<typeof inputs>) => void): Promise<string> {
  const { document, issues } = await compile(definePipeline({ name: 'p', inputs }, body))
  expect(issues).toEqual([])
  const { components = {}, root } = document!.spec
  const tasks = [root, ...Object.values(components)].flatMap(({ dag }) => Object.values(dag?.tasks ?? {}))
  return tasks.flatMap(({ triggerPolicy }) => triggerPolicy?.condition ?? [])[0]!
}

/** Applies a condition to values in the order in which it names them. */
function decide(text: string, ...values: readonly JsonValue[]): unknown {
  const names = [...text.matchAll(/parameter_values\['([^']+)'\]/g)].map(([, name]) => name!)
  const parameters = Object.fromEntries(names.map((name, index) => [name, values[index]!]))
  return parseCel(text)({ inputs: { parameter_values: parameters } })
}

const when = (condition: Condition): void => void If(condition, () => step())

test('items are numbers when one of them is no whole number, whichever is first', async () => {
  const text = await conditionOf(() => parallelFor([1, 0.5, 0.25], (item) => when(isAtLeast(item, 0.4))))
  expect(text).toBe("inputs.parameter_values['pipelinechannel--loop-item-param-1'] >= 0.4")
  expect([1, 0.5, 0.25].map((item) => decide(text, item))).toEqual([true, true, false])
})

test('so are the fields of items', async () => {
  const text = await conditionOf(() =>
    parallelFor([{ lr: 1 }, { lr: 0.5 }], (item) => when(isAtLeast(item.field('lr'), 0.4))),
  )
  expect(text).toBe("inputs.parameter_values['pipelinechannel--loop-item-param-1-subvar-lr'] >= 0.4")
})

test('a field of which items have different types is taken for what it is compared with', async () => {
  const items = [{ value: 1 }, { value: 'x' }] as readonly { readonly value: string | number }[]
  const text = await conditionOf(() => parallelFor(items, (item) => when(isEqual(item.field('value'), 'x'))))
  expect(['1', 'x'].map((value) => decide(text, value))).toEqual([false, true])
})

test('a boolean of unknown type arrives as text', async () => {
  const field = await conditionOf(({ struct }) => when(isEqual(struct.field('f'), true)))
  expect(field).toBe("inputs.parameter_values['pipelinechannel--struct-subvar-f'] == 'true'")
  expect(['true', 'false'].map((value) => decide(field, value))).toEqual([true, false])
  const item = await conditionOf(({ list, flag }) => parallelFor(list, (each) => when(isEqual(each, flag))))
  expect(item).toContain("== string(inputs.parameter_values['pipelinechannel--flag'])")
  expect([decide(item, 'true', true), decide(item, 'true', false)]).toEqual([true, false])
})

test('any number of unknown type may be a fraction', async () => {
  const constant = await conditionOf(({ struct }) => when(isAtLeast(struct.field('score'), 2)))
  expect(constant).toBe("double(inputs.parameter_values['pipelinechannel--struct-subvar-score']) >= double(2)")
  expect(['2.5', '2', '1.9'].map((value) => decide(constant, value))).toEqual([true, true, false])
  const whole = await conditionOf(({ struct, count }) => when(isAtLeast(struct.field('score'), count)))
  expect([decide(whole, '2.5', 2), decide(whole, '1.5', 2)]).toEqual([true, false])
  const fraction = await conditionOf(({ struct, rate }) => when(isAtLeast(struct.field('score'), rate)))
  expect([decide(fraction, '2.5', 2.4), decide(fraction, '2', 2.4)]).toEqual([true, false])
})

test('declared types stay what they are', async () => {
  const text = await conditionOf(({ count, flag, rate }) => {
    when(isEqual(count, 2))
    when(isEqual(flag, true))
    when(isAtLeast(rate, 2))
  })
  expect(text).toBe("int(inputs.parameter_values['pipelinechannel--count']) == 2")
})
