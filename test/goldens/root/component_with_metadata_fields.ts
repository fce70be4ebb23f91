/** Golden pipeline component_with_metadata_fields.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

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
    name: 'dataset-joiner',
    inputs: {
      dataset_a: t.dataset({ description: 'First dataset.' }),
      dataset_b: t.dataset({ description: 'Second dataset.' }),
    },
    outputs: {
      Output: t.string({ description: 'The concatenated string.' }),
      out_dataset: t.dataset({ description: 'The concatenated dataset.' }),
    },
  },
  (inputs) => {
    const datasetJoiner = datasetJoinerOp({ dataset_a: inputs.dataset_a, dataset_b: inputs.dataset_b })
    return { Output: datasetJoiner.outputs.Output, out_dataset: datasetJoiner.outputs.out_dataset }
  },
)
