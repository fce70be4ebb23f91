/** Golden pipeline if_elif_else_complex.yaml in our DSL. */
import { collected, definePipeline, equals, greaterThan, If, lessThan, oneOf, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const printAndReturnOp = python('print_and_return', { inputs: { text: t.string() }, outputs: { Output: t.string() } })
const int0To9999Op = python('int_0_to_9999', { outputs: { Output: t.integer() } })
const isEvenOrOddOp = python('is_even_or_odd', { inputs: { num: t.integer() }, outputs: { Output: t.string() } })
const printIntsOp = python('print_ints', { inputs: { ints: t.list() } })

export default definePipeline(
  {
    name: 'lucky-number-pipeline',
    inputs: {
      add_drumroll: t.boolean({ default: true }),
      repeat_if_lucky_number: t.boolean({ default: true }),
      trials: t.list(t.integer(), { default: [1, 2, 3] }),
    },
  },
  (inputs) => {
    const forLoop1 = parallelFor(inputs.trials, (item) => {
      If(equals(inputs.add_drumroll, true), () => {
        If(equals(item, 3), () => {
          printAndReturnOp({ text: 'Adding drumroll on last trial!' })
        })
      })
      const int0To9999 = int0To9999Op().setCaching(false)
      If(lessThan(int0To9999.outputs.Output, 5000), () => {
        const isEvenOrOdd = isEvenOrOddOp({ num: int0To9999.outputs.Output })
        const conditionBranches5 = If(equals(isEvenOrOdd.outputs.Output, 'even'), () => {
          const printAndReturn2 = printAndReturnOp({ text: 'Got a low even number!' })
          return { printAndReturn2 }
        }).Else(() => {
          const printAndReturn3 = printAndReturnOp({ text: 'Got a low odd number!' })
          return { printAndReturn3 }
        })
        const chosen51 = oneOf(
          conditionBranches5.results[0].printAndReturn2.outputs.Output,
          conditionBranches5.results[1].printAndReturn3.outputs.Output,
        )
        printAndReturnOp({ text: chosen51 })
      })
        .Elif(greaterThan(int0To9999.outputs.Output, 5000), () => {
          const isEvenOrOdd2 = isEvenOrOddOp({ num: int0To9999.outputs.Output })
          const conditionBranches10 = If(equals(isEvenOrOdd2.outputs.Output, 'even'), () => {
            const printAndReturn5 = printAndReturnOp({ text: 'Got a high even number!' })
            return { printAndReturn5 }
          }).Else(() => {
            const printAndReturn6 = printAndReturnOp({ text: 'Got a high odd number!' })
            return { printAndReturn6 }
          })
          const chosen101 = oneOf(
            conditionBranches10.results[0].printAndReturn5.outputs.Output,
            conditionBranches10.results[1].printAndReturn6.outputs.Output,
          )
          printAndReturnOp({ text: chosen101 })
        })
        .Else(() => {
          printAndReturnOp({ text: 'Announcing: Got the lucky number 5000! A one in 10,000 chance.' })
          If(equals(inputs.repeat_if_lucky_number, true), () => {
            parallelFor([1, 2], (_item4) => {
              printAndReturnOp({ text: 'Announcing again: Got the lucky number 5000! A one in 10,000 chance.' })
            })
          })
        })
      return { int0To9999 }
    })
    printIntsOp({ ints: collected(forLoop1.int0To9999.outputs.Output) })
  },
)
