/** Golden pipeline failing/fail_v2.yaml in our DSL. */
import { definePipeline } from 'kfp-ts'
import { python } from '../support.ts'

const failOp = python('fail')

export default definePipeline({ name: 'fail-pipeline' }, () => {
  const _fail = failOp()
})
