/** Golden pipeline collected_artifacts.yaml in our DSL. */
import { collected, definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const splitCharsOp = python('split_chars', { inputs: { model_ids: t.string() }, outputs: { Output: t.list() } })
const splitIdsOp = python('split_ids', { inputs: { model_ids: t.string() }, outputs: { Output: t.list() } })
const createFileOp = python('create_file', { inputs: { content: t.string() }, outputs: { file: t.artifact() } })
const createDatasetOp = python('create_dataset', { inputs: { content: t.string() }, outputs: { data: t.dataset() } })
const singleNodeDagOp = definePipeline(
  { name: 'single-node-dag', inputs: { char: t.string() }, outputs: { Output: t.dataset() } },
  (inputs) => {
    const createDataset = createDatasetOp({ content: inputs.char }).setCaching(false)
    return { Output: createDataset.outputs.data }
  },
)
const readSingleDatasetGenerateModelOp = python('read_single_dataset_generate_model', {
  inputs: { id: t.string(), data: t.dataset() },
  outputs: { results: t.model() },
})
const readDatasetsOp = python('read_datasets', {
  inputs: { data: t.list(t.dataset()) },
  outputs: { Output: t.string() },
})
const readModelsOp = python('read_models', { inputs: { models: t.list(t.model()) }, outputs: { Output: t.string() } })
const readSingleFileOp = python('read_single_file', { inputs: { file: t.artifact() }, outputs: { Output: t.string() } })
const collectingArtifactsOp = definePipeline(
  {
    name: 'collecting-artifacts',
    inputs: { model_chars: t.string({ default: '' }), model_ids: t.string({ default: '' }) },
    outputs: { Output: t.list(t.model()) },
  },
  (inputs) => {
    const splitChars = splitCharsOp({ model_ids: inputs.model_chars }).setCaching(false)
    const splitIds = splitIdsOp({ model_ids: inputs.model_ids }).setCaching(false)
    const forLoop1 = parallelFor(splitIds.outputs.Output, (item) => {
      const createFile = createFileOp({ content: item }).setCaching(false)
      const forLoop2 = parallelFor(splitChars.outputs.Output, (item2) => {
        const singleNodeDag = singleNodeDagOp({ char: item2 }).setCaching(false)
        const readSingleDatasetGenerateModel = readSingleDatasetGenerateModelOp({
          id: item,
          data: singleNodeDag.outputs.Output,
        }).setCaching(false)
        return { readSingleDatasetGenerateModel, singleNodeDag }
      })
      readDatasetsOp({ data: collected(forLoop2.singleNodeDag.outputs.Output) }).setCaching(false)
      const _readModels = readModelsOp({
        models: collected(forLoop2.readSingleDatasetGenerateModel.outputs.results),
      }).setCaching(false)
      readSingleFileOp({ file: createFile.outputs.file }).setCaching(false)
      return { forLoop2 }
    })
    return { Output: collected(forLoop1.forLoop2.readSingleDatasetGenerateModel.outputs.results) }
  },
)

export default definePipeline({ name: 'collected-artifact-pipeline' }, () => {
  const collectingArtifacts = collectingArtifactsOp({ model_chars: 'x,y,z', model_ids: 's1,s2,s3' }).setCaching(false)
  const _readModels = readModelsOp({ models: collectingArtifacts.outputs.Output }).setCaching(false)
})
