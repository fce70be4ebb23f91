/** Golden pipeline pipeline_with_metadata_fields.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const strToDatasetOp = python('str_to_dataset', {
  inputs: { string: t.string({ description: 'The string.' }) },
  outputs: { dataset: t.dataset({ description: 'The dataset.' }) },
})
const datasetJoinerOp = python('dataset_joiner', {
  inputs: {
    dataset_a: t.dataset({ description: 'First dataset.' }),
    dataset_b: t.dataset({ description: 'Second dataset.' }),
  },
  outputs: {
    Output: t.string({ description: 'The concatenated string.' }),
    out_dataset: t.dataset({ description: 'The concatenated dataset.' }),
  },
})

export default definePipeline(
  {
    name: 'dataset-concatenator',
    description: 'A pipeline that joins string to in_dataset.',
    inputs: {
      string: t.string({ description: 'String to concatenate to in_artifact.' }),
      in_dataset: t.dataset({ description: 'Dataset to which to concatenate string.' }),
    },
    outputs: { Output: t.dataset({ description: 'The final concatenated dataset.' }) },
  },
  (inputs) => {
    const strToDataset = strToDatasetOp({ string: inputs.string })
    const datasetJoiner = datasetJoinerOp({ dataset_a: strToDataset.outputs.dataset, dataset_b: inputs.in_dataset })
    return { Output: datasetJoiner.outputs.out_dataset }
  },
)
