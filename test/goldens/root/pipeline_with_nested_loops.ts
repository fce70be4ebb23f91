/** Golden pipeline pipeline_with_nested_loops.yaml in our DSL. */
import { definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const printOp = python('print_op', { inputs: { msg: t.string(), msg2: t.optional(t.string()) } })

export default definePipeline(
  {
    name: 'pipeline-with-nested-loops',
    inputs: {
      loop_parameter: t.list(undefined, {
        default: [
          { p_a: [{ q_a: '1' }, { q_a: '2' }], p_b: 'hello' },
          { p_a: [{ q_a: '11' }, { q_a: '22' }], p_b: 'halo' },
        ],
      }),
    },
  },
  (inputs) => {
    parallelFor(inputs.loop_parameter, (item) => {
      parallelFor(item.field('p_a'), (item2) => {
        printOp({ msg: item2.field('q_a') })
      })
    })
    parallelFor(['1', '2'], (item2) => {
      printOp({ msg: item2 })
      parallelFor(['100', '200', '300'], (item22) => {
        printOp({ msg: item2, msg2: item22 })
      })
    })
  },
)
