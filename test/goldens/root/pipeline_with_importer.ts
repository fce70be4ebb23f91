/** Golden pipeline pipeline_with_importer.yaml in our DSL. */
import { definePipeline, equals, If, importer, t } from 'kfp-ts'
import { python } from '../support.ts'

const trainOp = python('train', { inputs: { dataset: t.dataset() }, outputs: { scalar: t.string(), model: t.model() } })

export default definePipeline(
  {
    name: 'pipeline-with-importer',
    inputs: { dataset2: t.string({ default: 'gs://ml-pipeline-playground/shakespeare2.txt' }) },
  },
  (inputs) => {
    const importerTask = importer({
      uri: 'gs://ml-pipeline-playground/shakespeare1.txt',
      type: t.dataset(),
      metadata: { key: 'value' },
    })
    const train = trainOp({ dataset: importerTask.outputs.artifact })
    If(equals(train.outputs.scalar, '123'), () => {
      const importer2 = importer({ uri: inputs.dataset2, type: t.dataset(), reimport: true })
      trainOp({ dataset: importer2.outputs.artifact })
    })
  },
)
