/** Golden pipeline pipeline_producer_consumer.yaml in our DSL. */
import { collected, definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const doubleOp = python('double', { inputs: { num: t.integer() }, outputs: { Output: t.integer() } })
const doublePipelineOp = definePipeline(
  { name: 'double-pipeline', inputs: { num: t.integer() }, outputs: { Output: t.integer() } },
  (inputs) => {
    const double = doubleOp({ num: inputs.num })
    return { Output: double.outputs.Output }
  },
)
const addOp = python('add', { inputs: { nums: t.list() }, outputs: { Output: t.integer() } })
const echoAndReturnOp = python('echo_and_return', { inputs: { string: t.string() }, outputs: { Output: t.string() } })
const addPipelineOp = definePipeline(
  { name: 'add-pipeline', inputs: { nums: t.list() }, outputs: { out1: t.integer(), out2: t.list() } },
  (inputs) => {
    const add = addOp({ nums: inputs.nums })
    const forLoop22 = parallelFor(['m', 'a', 't', 'h'], (item2) => {
      const echoAndReturn = echoAndReturnOp({ string: item2 })
      return { echoAndReturn }
    })
    return { out1: add.outputs.Output, out2: collected(forLoop22.echoAndReturn.outputs.Output) }
  },
)
const joinAndPrintOp = python('join_and_print', { inputs: { strings: t.list() } })

export default definePipeline({ name: 'math-pipeline', outputs: { Output: t.integer() } }, () => {
  const forLoop2 = parallelFor([1, 2, 3], (_item) => {
    const forLoop4 = parallelFor([1, 2, 3], (item2) => {
      const doublePipeline = doublePipelineOp({ num: item2 })
      return { doublePipeline }
    })
    return { forLoop4 }
  })
  const addPipeline = addPipelineOp({ nums: collected(forLoop2.forLoop4.doublePipeline.outputs.Output) })
  joinAndPrintOp({ strings: addPipeline.outputs.out2 })
  return { Output: addPipeline.outputs.out1 }
})
