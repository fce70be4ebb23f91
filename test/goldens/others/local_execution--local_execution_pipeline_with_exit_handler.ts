/** Golden pipeline local_execution/local_execution_pipeline_with_exit_handler.yaml in our DSL. */
import { definePipeline, exitHandler, t } from 'kfp-ts'
import { python } from '../support.ts'

const recordExitOp = python('record_exit', { inputs: { status: t.finalStatus() }, outputs: { Output: t.string() } })
const echoOp = python('echo', { inputs: { message: t.string() }, outputs: { Output: t.string() } })

export default definePipeline(
  {
    name: 'pipeline-with-exit-handler',
    description:
      "Runs `echo` inside an ExitHandler.\nOn success the exit task receives a PipelineTaskFinalStatus with\nstate='SUCCEEDED'. No pipeline output — KFP's compiler rejects\nreturning a value from inside an ExitHandler.",
    inputs: { message: t.string({ default: 'hello' }) },
  },
  (inputs) => {
    const recordExit = recordExitOp()
    exitHandler(recordExit, () => {
      const _echo = echoOp({ message: inputs.message })
    })
  },
)
