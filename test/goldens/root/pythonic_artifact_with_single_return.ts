/** Golden pipeline pythonic_artifact_with_single_return.yaml in our DSL. */
import { definePipeline, importer, t } from 'kfp-ts'
import { python } from '../support.ts'

const makeLanguageModelOp = python('make_language_model', {
  inputs: { text_dataset: t.dataset() },
  outputs: { Output: t.model() },
})

export default definePipeline({ name: 'make-language-model-pipeline', outputs: { Output: t.model() } }, () => {
  const importerTask = importer({
    uri: 'gs://ml-pipeline-playground/shakespeare1.txt',
    type: t.dataset(),
    metadata: { key: 'value' },
  })
  const makeLanguageModel = makeLanguageModelOp({ text_dataset: importerTask.outputs.artifact })
  return { Output: makeLanguageModel.outputs.Output }
})
