/** Writes an evaluation into the metrics artifacts of a step, in the words that Kubeflow's user interface shows. */
import type { ClassificationMetricsHelpers, MetricsHelpers } from '../../dsl/run-artifacts.ts'
import type { Evaluation } from './evaluate-model.ts'
import { printConfusion } from './metrics.ts'
import { thinOut } from './roc.ts'

/** A curve of so many points looks the same on a screen, and metadata should stay small. */
const ROC_POINTS = 100

/** Numbers by name: accuracy, averages, each class, and auc where there is a curve. */
export function evaluationNumbers({ quality, roc }: Evaluation): Record<string, number> {
  const { macro } = quality
  const numbers: Record<string, number> = {
    accuracy: quality.accuracy,
    precision_macro: macro.precision,
    recall_macro: macro.recall,
    f1_macro: macro.f1,
  }
  if (roc) numbers.auc = roc.auc
  for (const [name, { precision, recall, f1 }] of Object.entries(quality.byClass)) {
    const suffix = metricWord(name)
    Object.assign(numbers, { [`precision/${suffix}`]: precision, [`recall/${suffix}`]: recall, [`f1/${suffix}`]: f1 })
  }
  return numbers
}

const SIGNS: Readonly<Record<string, string>> = { '<': 'lt', '>': 'gt', '=': 'eq', '!': 'not', '%': 'percent' }

/** A class's name with nothing in it that MLflow refuses in the name of a metric: `>50K` becomes `gt50K`. */
function metricWord(name: string): string {
  return name.replace(/[^A-Za-z0-9_. :-]/g, (sign) => SIGNS[sign] ?? '_')
}

export function logEvaluation(
  evaluation: Evaluation,
  metrics: MetricsHelpers,
  classification: ClassificationMetricsHelpers,
): void {
  for (const [name, value] of Object.entries(evaluationNumbers(evaluation))) metrics.logMetric(name, value)
  classification.logConfusionMatrix(evaluation.quality.classes, evaluation.quality.confusion)
  if (!evaluation.roc) return
  // The first point's threshold is infinite, which JSON cannot say; like scikit-learn before 1.3, one above all scores.
  const points = thinOut(evaluation.roc.points, ROC_POINTS)
  classification.logRocCurve(
    points.map((point) => point.falsePositiveRate),
    points.map((point) => point.recall),
    points.map((point) => (Number.isFinite(point.threshold) ? point.threshold : (points[1]?.threshold ?? 1) + 1)),
  )
}

/** A short report for the step's log. */
export function printEvaluation(evaluation: Evaluation): string {
  const { accuracy, macro } = evaluation.quality
  const auc = evaluation.roc ? `, AUC ${evaluation.roc.auc.toFixed(4)} (${evaluation.roc.positiveClass})` : ''
  return `accuracy ${accuracy.toFixed(4)}, macro F1 ${macro.f1.toFixed(4)}${auc}\n${printConfusion(evaluation.quality)}`
}
