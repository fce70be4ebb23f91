/** Golden pipeline local_execution/local_execution_pipeline_with_k8s_only_methods.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const echoOp = python('echo', { inputs: { message: t.string() }, outputs: { Output: t.string() } })

export default definePipeline(
  {
    name: 'pipeline-with-k8s-only-methods',
    inputs: { message: t.string({ default: 'hello' }) },
    outputs: { Output: t.string() },
  },
  (inputs) => {
    const echo = echoOp({ message: inputs.message })
      .setCpuLimit('1000m')
      .setMemoryLimit('256Mi')
      .setAcceleratorType('nvidia.com/gpu')
      .setAcceleratorLimit('1')
    return { Output: echo.outputs.Output }
  },
)
