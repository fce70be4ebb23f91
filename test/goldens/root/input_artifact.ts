/** Golden pipeline input_artifact.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const inputArtifactOp = python('input_artifact', { inputs: { data: t.dataset() } })

export default definePipeline({ name: 'input-artifact', inputs: { data: t.dataset() } }, (inputs) => {
  inputArtifactOp({ data: inputs.data })
})
