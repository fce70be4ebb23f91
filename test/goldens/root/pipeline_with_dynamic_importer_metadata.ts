/** Golden pipeline pipeline_with_dynamic_importer_metadata.yaml in our DSL. */
import { definePipeline, importer, t } from 'kfp-ts'
import { python } from '../support.ts'

const makeNameOp = python('make_name', { inputs: { name: t.string() }, outputs: { Output: t.string() } })

export default definePipeline(
  {
    name: 'pipeline-with-importer',
    inputs: {
      int_input: t.integer({ default: 1 }),
      name: t.string({ default: 'default-name' }),
      pipeline_input_artifact_uri: t.string({ default: 'gs://ml-pipeline-playground/shakespeare1.txt' }),
      pipeline_input_image_uri: t.string({ default: 'us-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-5:latest' }),
    },
  },
  (inputs) => {
    importer({
      uri: inputs.pipeline_input_artifact_uri,
      type: t.dataset(),
      metadata: {
        name: [`${inputs.name}`, 'alias-name'],
        containerSpec: { imageUri: `${inputs.pipeline_input_image_uri}` },
      },
    })
    const makeName = makeNameOp({ name: 'a-different-name' })
    importer({
      uri: 'gs://ml-pipeline-playground/shakespeare1.txt',
      type: t.dataset(),
      metadata: {
        containerSpec: { imageUri: 'us-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-5:latest' },
        'list-of-data': [`${makeName.outputs.Output}`, `${inputs.name}`, `${inputs.int_input}`],
        name: `prefix-${makeName.outputs.Output}`,
        [`${makeName.outputs.Output}`]: `${makeName.outputs.Output}`,
        [`${inputs.name}`]: 'us-docker.pkg.dev/vertex-ai/prediction/tf2-gpu.2-5:latest',
      },
    })
  },
)
