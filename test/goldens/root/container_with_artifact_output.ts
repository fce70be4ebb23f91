/** Golden pipeline container_with_artifact_output.yaml in our DSL. */
import { defineContainerComponent, definePipeline, t } from 'kfp-ts'

const containerWithArtifactOutputOp = defineContainerComponent({
  name: 'container-with-artifact-output',
  inputs: { num_epochs: t.integer() },
  outputs: { model_config_path: t.string(), model: t.model() },
  image: 'gcr.io/my-image',
  command: ['sh', 'run.sh'],
  args: [
    '--epochs',
    "{{$.inputs.parameters['num_epochs']}}",
    '--model_path',
    "{{$.outputs.artifacts['model'].uri}}",
    '--model_metadata',
    "{{$.outputs.artifacts['model'].metadata}}",
    '--model_config_path',
    "{{$.outputs.parameters['model_config_path'].output_file}}",
  ],
})

export default definePipeline(
  {
    name: 'container-with-artifact-output',
    inputs: { num_epochs: t.integer() },
    outputs: { model_config_path: t.string(), model: t.model() },
  },
  (inputs) => {
    const containerWithArtifactOutput = containerWithArtifactOutputOp({ num_epochs: inputs.num_epochs })
    return {
      model_config_path: containerWithArtifactOutput.outputs.model_config_path,
      model: containerWithArtifactOutput.outputs.model,
    }
  },
)
