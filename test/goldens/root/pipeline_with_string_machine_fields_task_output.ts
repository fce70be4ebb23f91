/** Golden pipeline pipeline_with_string_machine_fields_task_output.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const acceleratorLimitOp = python('accelerator_limit', { outputs: { Output: t.string() } })
const acceleratorTypeOp = python('accelerator_type', { outputs: { Output: t.string() } })
const cpuLimitOp = python('cpu_limit', { outputs: { Output: t.string() } })
const memoryLimitOp = python('memory_limit', { outputs: { Output: t.string() } })
const sumNumbersOp = python('sum_numbers', {
  inputs: { a: t.integer(), b: t.integer() },
  outputs: { Output: t.integer() },
})

export default definePipeline({ name: 'pipeline' }, () => {
  const acceleratorLimit = acceleratorLimitOp()
  const acceleratorType = acceleratorTypeOp()
  const cpuLimit = cpuLimitOp()
  const memoryLimit = memoryLimitOp()
  sumNumbersOp({ a: 1, b: 2 })
    .setCpuLimit(cpuLimit.outputs.Output)
    .setMemoryLimit(memoryLimit.outputs.Output)
    .setAcceleratorType(acceleratorType.outputs.Output)
    .setAcceleratorLimit(acceleratorLimit.outputs.Output)
})
