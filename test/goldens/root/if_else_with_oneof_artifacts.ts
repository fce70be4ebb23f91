/** Golden pipeline if_else_with_oneof_artifacts.yaml in our DSL. */
import { definePipeline, equals, If, oneOf, t } from 'kfp-ts'
import { python } from '../support.ts'

const flipCoinOp = python('flip_coin', { outputs: { Output: t.string() } })
const paramToArtifactOp = python('param_to_artifact', { inputs: { val: t.string() }, outputs: { a: t.artifact() } })
const printArtifactOp = python('print_artifact', { inputs: { a: t.artifact() } })
const flipCoinPipelineOp = definePipeline({ name: 'flip-coin-pipeline', outputs: { Output: t.artifact() } }, () => {
  const flipCoin = flipCoinOp()
  const conditionBranches1 = If(equals(flipCoin.outputs.Output, 'heads'), () => {
    const paramToArtifact = paramToArtifactOp({ val: flipCoin.outputs.Output })
    return { paramToArtifact }
  }).Else(() => {
    const paramToArtifact2 = paramToArtifactOp({ val: flipCoin.outputs.Output })
    return { paramToArtifact2 }
  })
  const chosen11 = oneOf(
    conditionBranches1.results[0].paramToArtifact.outputs.a,
    conditionBranches1.results[1].paramToArtifact2.outputs.a,
  )
  const _printArtifact = printArtifactOp({ a: chosen11 })
  return { Output: chosen11 }
})

export default definePipeline({ name: 'outer-pipeline' }, () => {
  const flipCoinPipeline = flipCoinPipelineOp()
  const _printArtifact = printArtifactOp({ a: flipCoinPipeline.outputs.Output })
})
