/** evaluate: accuracy, rates per class, confusion matrix and ROC curve of a model on data it has not seen. After train. */
import { readFile } from 'node:fs/promises'
import { defineComponent, t } from '../../dsl/index.ts'
import { parseModel } from '../model/model-file.ts'
import { readDataset } from '../table/dataset-file.ts'
import { evaluateModel } from './evaluate-model.ts'
import { logEvaluation, printEvaluation } from './log-evaluation.ts'

export const evaluate = /* @__PURE__ */ defineComponent({
  name: 'evaluate',
  description: 'Judges a classifier: accuracy, precision, recall and F1, confusion matrix, ROC curve where binary.',
  inputs: {
    model: t.model({ description: 'of train' }),
    data: t.dataset({ description: 'raw or preprocessed rows with the target' }),
  },
  outputs: {
    accuracy: t.number(),
    f1_macro: t.number(),
    metrics: t.metrics(),
    classification_metrics: t.classificationMetrics(),
  },
  async run(inputs, outputs) {
    const model = parseModel(await readFile(inputs.model.path, 'utf8'))
    const preprocessed = inputs.data.metadata.preprocessed === true
    const evaluation = evaluateModel(model, await readDataset(inputs.data), { preprocessed })
    logEvaluation(evaluation, outputs.metrics, outputs.classification_metrics)
    console.log(printEvaluation(evaluation))
    return { accuracy: evaluation.quality.accuracy, f1_macro: evaluation.quality.macro.f1 }
  },
})
