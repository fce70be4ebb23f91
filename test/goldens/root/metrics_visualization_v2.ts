/** Golden pipeline metrics_visualization_v2.yaml in our DSL. */
import { definePipeline, t } from 'kfp-ts'
import { python } from '../support.ts'

const digitClassificationOp = python('digit_classification', { outputs: { metrics: t.metrics() } })
const htmlVisualizationOp = python('html_visualization', { outputs: { html_artifact: t.html() } })
const irisSgdclassifierOp = python('iris_sgdclassifier', {
  inputs: { test_samples_fraction: t.number() },
  outputs: { metrics: t.classificationMetrics() },
})
const markdownVisualizationOp = python('markdown_visualization', { outputs: { markdown_artifact: t.markdown() } })
const wineClassificationOp = python('wine_classification', { outputs: { metrics: t.classificationMetrics() } })

export default definePipeline({ name: 'metrics-visualization-pipeline' }, () => {
  digitClassificationOp()
  htmlVisualizationOp()
  irisSgdclassifierOp({ test_samples_fraction: 0.3 })
  markdownVisualizationOp()
  wineClassificationOp()
})
