/** Golden pipeline take_nap_compiled.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const takeNapOp = python('take_nap', { inputs: { naptime_secs: t.integer() }, outputs: { Output: t.string() } })
const wakeUpOp = python('wake_up', { inputs: { message: t.string() } })

export default definePipeline(
  {
    name: 'take-nap-pipeline',
    description: 'Pipeline that sleeps for 15 mins (900 secs)',
    inputs: { naptime_secs: t.integer({ default: 900 }) },
  },
  (inputs) => {
    const takeNap = takeNapOp({ naptime_secs: inputs.naptime_secs }).setCaching(false)
    wakeUpOp({ message: takeNap.outputs.Output }).setCaching(false)
  },
)
