/** The same three tiny tasks as in kfp_side.py, as TypeScript components. */
import { defineComponent, definePipeline, t } from 'kfp-ts'

const first = defineComponent({
  name: 'first',
  inputs: { x: t.integer() },
  outputs: { result: t.integer() },
  run: ({ x }) => ({ result: x + 1 }),
})
const second = defineComponent({
  name: 'second',
  inputs: { x: t.integer() },
  outputs: { result: t.integer() },
  run: ({ x }) => ({ result: x * 2 }),
})
const third = defineComponent({
  name: 'third',
  inputs: { x: t.integer() },
  outputs: { result: t.string() },
  run: ({ x }) => ({ result: `result ${x}` }),
})

export const threeTinyTasks = definePipeline(
  { name: 'three-tiny-tasks', inputs: { x: t.integer({ default: 1 }) } },
  ({ x }) => {
    const answer = third({ x: second({ x: first({ x }).outputs.result }).outputs.result })
    return { answer: answer.outputs.result }
  },
)
