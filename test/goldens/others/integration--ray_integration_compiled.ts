/** Golden pipeline integration/ray_integration_compiled.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const rayFnOp = python('ray_fn', { outputs: { Output: t.integer() } })

export default definePipeline({ name: 'ray-integration-test', description: 'Ray Integration Test' }, () => {
  rayFnOp().setCaching(false)
})
