/** Golden pipeline notebook_component_mixed.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const preprocessOp = python('preprocess', { inputs: { text: t.string() }, outputs: { dataset: t.dataset() } })
const trainModelOp = python('train_model', { inputs: { cleaned_text: t.dataset() }, outputs: { model: t.model() } })
const evaluateModelOp = python('evaluate_model', {
  inputs: { model_text: t.model() },
  outputs: { metrics: t.metrics() },
})

export default definePipeline(
  { name: 'nb-mixed', inputs: { text: t.string({ default: 'Hello   world' }) } },
  (inputs) => {
    const preprocess = preprocessOp({ text: inputs.text }).setCaching(false)
    const trainModel = trainModelOp({ cleaned_text: preprocess.outputs.dataset }).setCaching(false)
    evaluateModelOp({ model_text: trainModel.outputs.model }).setCaching(false)
  },
)
