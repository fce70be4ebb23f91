/** Golden pipeline pythonic_artifacts_with_multiple_returns.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const makeDatasetOp = python('make_dataset', { outputs: { Output: t.artifact() } })
const datasetSplitterOp = python('dataset_splitter', {
  inputs: { in_dataset: t.dataset() },
  outputs: { dataset1: t.dataset(), dataset2: t.dataset() },
})
const splitterPipelineOp = definePipeline(
  {
    name: 'splitter-pipeline',
    inputs: { in_dataset: t.dataset() },
    outputs: { dataset1: t.dataset(), dataset2: t.dataset() },
  },
  (inputs) => {
    const datasetSplitter = datasetSplitterOp({ in_dataset: inputs.in_dataset })
    return { dataset1: datasetSplitter.outputs.dataset1, dataset2: datasetSplitter.outputs.dataset1 }
  },
)

export default definePipeline({ name: 'split-datasets-and-return-first', outputs: { Output: t.dataset() } }, () => {
  const makeDataset = makeDatasetOp()
  const splitterPipeline = splitterPipelineOp({ in_dataset: makeDataset.outputs.Output })
  return { Output: splitterPipeline.outputs.dataset1 }
})
