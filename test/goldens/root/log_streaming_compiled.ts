/** Golden pipeline log_streaming_compiled.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const printMessageOp = python('print_message', { inputs: { message: t.string() } })

export default definePipeline(
  {
    name: 'log-streaming-pipeline',
    description: 'Pipeline that prints a hello message in a loop to test log streaming in Dashboard',
    inputs: { message: t.string({ default: 'Hello world' }) },
  },
  (inputs) => {
    printMessageOp({ message: inputs.message }).setCaching(false)
  },
)
