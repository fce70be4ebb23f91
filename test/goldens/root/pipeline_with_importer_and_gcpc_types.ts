/** Golden pipeline pipeline_with_importer_and_gcpc_types.yaml in our DSL. */
import { defineContainerComponent, definePipeline, importer, t } from 'kfp-ts'

const consumerOp = defineContainerComponent({
  name: 'consumer-op',
  inputs: { dataset: t.artifactOf('google.VertexDataset') },
  image: 'dummy',
  command: ['cmd'],
  args: ["{{$.inputs.artifacts['dataset'].path}}"],
})

export default definePipeline({ name: 'pipeline-with-importer-and-gcpc-type' }, () => {
  const importerTask = importer({
    uri: 'gs://ml-pipeline-playground/shakespeare1.txt',
    type: t.artifactOf('google.VertexDataset'),
    metadata: { key: 'value' },
  })
  consumerOp({ dataset: importerTask.outputs.artifact })
})
