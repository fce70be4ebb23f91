/** Golden pipeline identity.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const identityOp = python('identity', { inputs: { value: t.string() }, outputs: { Output: t.string() } })

export default definePipeline(
  { name: 'identity', inputs: { value: t.string() }, outputs: { Output: t.string() } },
  (inputs) => {
    const identity = identityOp({ value: inputs.value })
    return { Output: identity.outputs.Output }
  },
)
