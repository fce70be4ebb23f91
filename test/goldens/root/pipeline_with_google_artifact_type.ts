/** Golden pipeline pipeline_with_google_artifact_type.yaml in our DSL. */
import { definePipeline, importer, t } from 'kfp-ts'
import { python } from '../support.ts'

const modelProducerOp = python('model_producer', {
  outputs: { model: t.artifactOf('google.VertexModel', { schemaVersion: '0.0.0' }) },
})
const modelConsumerOp = python('model_consumer', {
  inputs: {
    dataset: t.artifactOf('google.VertexDataset', { schemaVersion: '0.0.0' }),
    model: t.artifactOf('google.VertexModel', { schemaVersion: '0.0.0' }),
  },
})

export default definePipeline({ name: 'pipeline-with-google-types' }, () => {
  const importerTask = importer({
    uri: 'gs://ml-pipeline-playground/shakespeare1.txt',
    type: t.artifactOf('google.VertexDataset', { schemaVersion: '0.0.0' }),
    metadata: { key: 'value' },
  })
  const modelProducer = modelProducerOp()
  modelConsumerOp({ dataset: importerTask.outputs.artifact, model: modelProducer.outputs.model })
})
