/** Golden pipeline pipeline_with_string_machine_fields_pipeline_input.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const sumNumbersOp = python('sum_numbers', {
  inputs: { a: t.integer(), b: t.integer() },
  outputs: { Output: t.integer() },
})

export default definePipeline(
  {
    name: 'pipeline',
    inputs: {
      accelerator_limit: t.string({ default: '1' }),
      accelerator_type: t.string({ default: 'NVIDIA_TESLA_P4' }),
      cpu_limit: t.string({ default: '4000m' }),
      memory_limit: t.string({ default: '15G' }),
    },
  },
  (inputs) => {
    sumNumbersOp({ a: 1, b: 2 })
      .setCpuLimit(inputs.cpu_limit)
      .setMemoryLimit(inputs.memory_limit)
      .setAcceleratorType(inputs.accelerator_type)
      .setAcceleratorLimit(inputs.accelerator_limit)
  },
)
