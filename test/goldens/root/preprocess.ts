/** Golden pipeline preprocess.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const preprocessOp = python('preprocess', {
  inputs: { input_dict_parameter: t.struct(), input_list_parameter: t.list(), message: t.string() },
  outputs: {
    output_bool_parameter_path: t.boolean(),
    output_dict_parameter_path: t.struct(),
    output_list_parameter_path: t.list(),
    output_parameter_path: t.string(),
    output_dataset_one: t.dataset(),
    output_dataset_two_path: t.dataset(),
  },
})

export default definePipeline(
  {
    name: 'preprocess',
    inputs: { input_dict_parameter: t.struct(), input_list_parameter: t.list(), message: t.string() },
    outputs: {
      output_bool_parameter_path: t.boolean(),
      output_dict_parameter_path: t.struct(),
      output_list_parameter_path: t.list(),
      output_parameter_path: t.string(),
      output_dataset_one: t.dataset(),
      output_dataset_two_path: t.dataset(),
    },
  },
  (inputs) => {
    const preprocess = preprocessOp({
      input_dict_parameter: inputs.input_dict_parameter,
      input_list_parameter: inputs.input_list_parameter,
      message: inputs.message,
    })
    return {
      output_bool_parameter_path: preprocess.outputs.output_bool_parameter_path,
      output_dict_parameter_path: preprocess.outputs.output_dict_parameter_path,
      output_list_parameter_path: preprocess.outputs.output_list_parameter_path,
      output_parameter_path: preprocess.outputs.output_parameter_path,
      output_dataset_one: preprocess.outputs.output_dataset_one,
      output_dataset_two_path: preprocess.outputs.output_dataset_two_path,
    }
  },
)
