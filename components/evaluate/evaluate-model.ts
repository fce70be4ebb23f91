/** Judges a model on data that it has not seen. Pure. Before: train. After: component.ts writes metrics and curves. */
import { type ClassifierModel, predictTable } from '../model/model.ts'
import { columnValues, DataError, type Table } from '../table/table.ts'
import { type ClassificationQuality, classificationQuality } from './metrics.ts'
import { type RocCurve, rocCurve } from './roc.ts'

export interface Evaluation {
  readonly quality: ClassificationQuality
  /** Of the last of two classes in sorted order; absent with more classes, or when the data has one class only. */
  readonly roc?: RocCurve & { readonly positiveClass: string }
}

/**
 * Predicts the table and compares with its target column. Classes that the model does not know count as missed.
 *
 * @param options.preprocessed see predictTable
 */
export function evaluateModel(
  model: ClassifierModel,
  table: Table,
  options: { readonly preprocessed?: boolean } = {},
): Evaluation {
  if (table.rows.length === 0) throw new DataError('the test data has no rows')
  const truth = columnValues(table, model.target)
  const unknown = [...new Set(truth)].filter((value) => !model.classes.includes(value)).sort()
  const classes = [...model.classes, ...unknown]
  const { indexes, probabilities } = predictTable(model, table, options)
  const actual = truth.map((value) => classes.indexOf(value))
  const quality = classificationQuality(actual, indexes, classes)
  if (classes.length !== 2) return { quality }
  const curve = rocCurve(
    actual.map((index) => index === 1),
    probabilities.map((row) => row[1]!),
  )
  return curve ? { quality, roc: { ...curve, positiveClass: classes[1]! } } : { quality }
}
