/** Golden pipeline if_else_with_oneof_parameters.yaml in our DSL. */
import { definePipeline, equals, If, oneOf, t } from 'kfp-ts'
import { python } from '../support.ts'

const flipCoinOp = python('flip_coin', { outputs: { Output: t.string() } })
const printAndReturnOp = python('print_and_return', { inputs: { text: t.string() }, outputs: { Output: t.string() } })

export default definePipeline({ name: 'flip-coin-pipeline', outputs: { Output: t.string() } }, () => {
  const flipCoin = flipCoinOp()
  const conditionBranches1 = If(equals(flipCoin.outputs.Output, 'heads'), () => {
    const printAndReturn = printAndReturnOp({ text: 'Got heads!' })
    return { printAndReturn }
  }).Else(() => {
    const printAndReturn2 = printAndReturnOp({ text: 'Got tails!' })
    return { printAndReturn2 }
  })
  const chosen11 = oneOf(
    conditionBranches1.results[0].printAndReturn.outputs.Output,
    conditionBranches1.results[1].printAndReturn2.outputs.Output,
  )
  printAndReturnOp({ text: chosen11 })
  return { Output: chosen11 }
})
