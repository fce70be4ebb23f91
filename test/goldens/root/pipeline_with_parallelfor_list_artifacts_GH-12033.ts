/** Golden pipeline pipeline_with_parallelfor_list_artifacts_GH-12033.yaml in our DSL. */
import { collected, definePipeline, parallelFor, t } from 'kfp-ts'
import { python } from '../support.ts'

const makeArtifactOp = python('make_artifact', { inputs: { data: t.string() }, outputs: { Output: t.artifact() } })
const makeArtifactsOp = definePipeline(
  {
    name: 'make-artifacts',
    inputs: { texts: t.list(undefined, { default: ['Hello', ',', ' ', 'world!'] }) },
    outputs: { Output: t.list(t.artifact()) },
  },
  (inputs) => {
    const forLoop1 = parallelFor(inputs.texts, (item) => {
      const makeArtifact = makeArtifactOp({ data: item })
      return { makeArtifact }
    })
    return { Output: collected(forLoop1.makeArtifact.outputs.Output) }
  },
)
const printArtifactNameOp = python('print_artifact_name', {
  inputs: { artifact: t.artifact() },
  outputs: { Output: t.string() },
})
const makeDatasetOp = python('make_dataset', { inputs: { data: t.string() }, outputs: { Output: t.dataset() } })
const makeDatasetsOp = definePipeline(
  {
    name: 'make-datasets',
    inputs: { texts: t.list(undefined, { default: ['Hello', ',', ' ', 'world!'] }) },
    outputs: { Output: t.list(t.dataset()) },
  },
  (inputs) => {
    const forLoop12 = parallelFor(inputs.texts, (item2) => {
      const makeDataset = makeDatasetOp({ data: item2 })
      return { makeDataset }
    })
    return { Output: collected(forLoop12.makeDataset.outputs.Output) }
  },
)

export default definePipeline({ name: 'pipeline-parallelfor-artifacts' }, () => {
  const makeArtifacts = makeArtifactsOp()
  parallelFor(makeArtifacts.outputs.Output, (item) => {
    printArtifactNameOp({ artifact: item })
  })
  const makeDatasets = makeDatasetsOp()
  parallelFor(makeDatasets.outputs.Output, (item2) => {
    printArtifactNameOp({ artifact: item2 })
  })
})
