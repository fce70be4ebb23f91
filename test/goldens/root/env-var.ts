/** Golden pipeline env-var.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const compOp = python('comp', { inputs: { env_var: t.string() }, outputs: { Output: t.string() } })

export default definePipeline(
  { name: 'test-env-exists', inputs: { env_var: t.string() }, outputs: { Output: t.string() } },
  (inputs) => {
    const comp = compOp({ env_var: inputs.env_var }).setCaching(false)
    return { Output: comp.outputs.Output }
  },
)
