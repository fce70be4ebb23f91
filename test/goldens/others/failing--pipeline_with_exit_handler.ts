/** Golden pipeline failing/pipeline_with_exit_handler.yaml in our DSL. */
import { definePipeline, exitHandler, t } from 'kfp-ts'
import { python } from '../support.ts'

const printOp = python('print_op', { inputs: { message: t.string() } })
const failOp = python('fail_op', { inputs: { message: t.string() } })

export default definePipeline(
  { name: 'pipeline-with-exit-handler', inputs: { message: t.string({ default: 'Hello World!' }) } },
  (inputs) => {
    const printOpTask = printOp({ message: 'Exit handler has worked!' })
    exitHandler(printOpTask, () => {
      failOp({ message: 'Task failed.' })
      printOp({ message: inputs.message })
    })
  },
)
