/** Golden pipeline parameters_complex.yaml in our DSL. */
import { collected, definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const doubleOp = python('double', { inputs: { num: t.integer() }, outputs: { Output: t.integer() } })
const simpleAddOp = python('simple_add', { inputs: { nums: t.list() }, outputs: { Output: t.integer() } })
const nestedAddOp = python('nested_add', { inputs: { nums: t.list() }, outputs: { Output: t.integer() } })
const addTwoNumbersOp = python('add_two_numbers', {
  inputs: { x: t.list(), y: t.list() },
  outputs: { Output: t.integer() },
})

export default definePipeline({ name: 'math-pipeline', outputs: { Output: t.integer() } }, () => {
  const forLoop2 = parallelFor([1, 2, 3], (item) => {
    const double = doubleOp({ num: item })
    const forLoop4 = parallelFor([4, 5, 6], (item2) => {
      const double2 = doubleOp({ num: item2 })
      return { double2 }
    })
    simpleAddOp({ nums: collected(forLoop4.double2.outputs.Output) })
    return { forLoop4, double }
  })
  nestedAddOp({ nums: collected(forLoop2.forLoop4.double2.outputs.Output) })
  const forLoop6 = parallelFor([0, 0, 0], (_item2) => {
    const nestedAdd2 = nestedAddOp({ nums: collected(forLoop2.forLoop4.double2.outputs.Output) })
    const simpleAdd2 = simpleAddOp({ nums: collected(forLoop2.double.outputs.Output) })
    return { nestedAdd2, simpleAdd2 }
  })
  const addTwoNumbers = addTwoNumbersOp({
    x: collected(forLoop6.simpleAdd2.outputs.Output),
    y: collected(forLoop6.nestedAdd2.outputs.Output),
  })
  return { Output: addTwoNumbers.outputs.Output }
})
