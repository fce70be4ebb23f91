/** Source of evaluate_component.yaml: how good the model is on rows it has not seen. Compiled by `make generate`. */
import { readFile } from 'node:fs/promises'
import { defineComponent, t } from 'kfp-ts'
import { evaluateModel, logEvaluation, parseModel, printEvaluation } from 'kfp-ts/components'
import { readPrepared } from './prepared-data.ts'

export const evaluate = defineComponent({
  name: 'evaluate',
  description: 'Accuracy, rates per class, confusion matrix and ROC curve.',
  inputs: {
    dataset: t.dataset({ description: 'of preprocess' }),
    model: t.model({ description: 'of train' }),
  },
  outputs: {
    accuracy: t.number(),
    metrics: t.metrics(),
    classification_metrics: t.classificationMetrics(),
  },
  async run({ dataset, model }, { metrics, classification_metrics }) {
    const { test } = await readPrepared(dataset.path)
    const evaluation = evaluateModel(parseModel(await readFile(model.path, 'utf8')), test, { preprocessed: true })
    logEvaluation(evaluation, metrics, classification_metrics)
    console.log(printEvaluation(evaluation))
    return { accuracy: evaluation.quality.accuracy }
  },
})
