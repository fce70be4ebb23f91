/** Golden pipeline pipeline_with_task_using_ignore_upstream_failure.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const failOp = python('fail_op', { inputs: { message: t.string() }, outputs: { Output: t.string() } })
const printOp = python('print_op', { inputs: { message: t.string({ default: 'default' }) } })

export default definePipeline(
  { name: 'my-pipeline', inputs: { sample_input: t.string({ default: 'message' }) } },
  (inputs) => {
    const failOpTask = failOp({ message: inputs.sample_input })
    printOp({ message: failOpTask.outputs.Output }).ignoreUpstreamFailure()
  },
)
