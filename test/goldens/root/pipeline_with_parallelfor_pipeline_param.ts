/** Golden pipeline pipeline_with_parallelfor_pipeline_param.yaml in our DSL. */
import { definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const printWithPrefixOp = python('print_with_prefix', {
  inputs: { item: t.string(), prefix: t.string() },
  outputs: { Output: t.string() },
})
const makePrefixOp = python('make_prefix', { outputs: { Output: t.string() } })

export default definePipeline(
  {
    name: 'pipeline-parallelfor-pipeline-param',
    description: 'Pipeline parameter used alongside loop item inside ParallelFor.',
    inputs: { loop_parameter: t.list(), prefix: t.string() },
  },
  (inputs) => {
    parallelFor(
      inputs.loop_parameter,
      (item) => {
        printWithPrefixOp({ item, prefix: inputs.prefix })
      },
      { parallelism: 1 },
    )
    const makePrefix = makePrefixOp()
    parallelFor(inputs.loop_parameter, (item2) => {
      printWithPrefixOp({ item: item2, prefix: makePrefix.outputs.Output })
    })
    parallelFor(
      ['x', 'y'],
      (_item3) => {
        parallelFor(inputs.loop_parameter, (item22) => {
          printWithPrefixOp({ item: item22, prefix: inputs.prefix })
        })
      },
      { parallelism: 2 },
    )
  },
)
