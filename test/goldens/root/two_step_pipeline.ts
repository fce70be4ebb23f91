/** Golden pipeline two_step_pipeline.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const writeToGcsOp = defineContainerComponent({
  name: 'write-to-gcs',
  inputs: { text: t.string() },
  outputs: { output_gcs_path: t.artifact() },
  image: 'google/cloud-sdk:slim',
  command: [
    'sh',
    '-c',
    'set -e -x\necho "$0" | gsutil cp - "$1"\n',
    "{{$.inputs.parameters['text']}}",
    "{{$.outputs.artifacts['output_gcs_path'].uri}}",
  ],
})
const readFromGcsOp = defineContainerComponent({
  name: 'read-from-gcs',
  inputs: { input_gcs_path: t.artifact() },
  image: 'google/cloud-sdk:slim',
  command: ['sh', '-c', 'set -e -x\ngsutil cat "$0"\n', "{{$.inputs.artifacts['input_gcs_path'].uri}}"],
})

export default definePipeline(
  { name: 'simple-two-step-pipeline', inputs: { text: t.string({ default: 'Hello KFP!' }) } },
  (inputs) => {
    const writeToGcs = writeToGcsOp({ text: inputs.text }).setDisplayName('Producer')
    readFromGcsOp({ input_gcs_path: writeToGcs.outputs.output_gcs_path }).setDisplayName('Consumer')
  },
)
