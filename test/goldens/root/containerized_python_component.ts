/** Golden pipeline containerized_python_component.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const concatMessageOp = python('concat_message', {
  inputs: { message1: t.string(), message2: t.string() },
  outputs: { Output: t.string() },
})

export default definePipeline(
  { name: 'concat-message', inputs: { message1: t.string(), message2: t.string() }, outputs: { Output: t.string() } },
  (inputs) => {
    const concatMessage = concatMessageOp({ message1: inputs.message1, message2: inputs.message2 })
    return { Output: concatMessage.outputs.Output }
  },
)
