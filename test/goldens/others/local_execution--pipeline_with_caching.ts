/** Golden pipeline local_execution/pipeline_with_caching.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const addOneOp = python('add_one', { inputs: { x: t.integer() }, outputs: { Output: t.integer() } })

export default definePipeline(
  { name: 'pipeline-with-caching', inputs: { x: t.integer({ default: 1 }) }, outputs: { Output: t.integer() } },
  (inputs) => {
    const addOne = addOneOp({ x: inputs.x })
    return { Output: addOne.outputs.Output }
  },
)
