/** From a table of numbers and a target column to a model. Pure. Before: preprocess. After: model/ saves it, evaluate/ judges it. */
import type { JsonValue } from '../../api/json.ts'
import { type ForestOptions, trainForest } from '../forest/train-forest.ts'
import { type ClassifierModel, numericRows } from '../model/model.ts'
import { modelSignature } from '../model/signature.ts'
import type { PreprocessingPlan } from '../preprocess/plan.ts'
import { columnValues, DataError, type Table } from '../table/table.ts'

/**
 * Trains a random forest on all columns but the target.
 *
 * @param preprocessing what made the table from raw data; the model carries it and then takes raw rows
 * @throws DataError when the target has gaps or fewer than two classes, or a feature is not a number.
 */
export function trainClassifier(
  table: Table,
  target: string,
  options: ForestOptions = {},
  preprocessing?: PreprocessingPlan,
): ClassifierModel {
  const values = columnValues(table, target)
  const gap = values.indexOf('')
  if (gap >= 0) throw new DataError(`row ${gap + 1} has no value in the target column "${target}"`)
  const classes = [...new Set(values)].sort()
  if (classes.length < 2) throw new DataError(`the target column "${target}" has one class only: "${classes[0] ?? ''}"`)
  const features = table.columns.filter((name) => name !== target)
  const index = new Map(classes.map((name, i) => [name, i]))
  const labels = values.map((value) => index.get(value)!)
  return {
    target,
    classes,
    features,
    ...(preprocessing ? { preprocessing } : {}),
    trainedWith: trainedWith(table, options),
    forest: trainForest(numericRows(table, features), labels, classes.length, options),
  }
}

/** What user interfaces and registries show of a model without opening its file. */
export function describeModel(model: ClassifierModel): Record<string, JsonValue> {
  return {
    format: 'kfp-ts.model',
    kind: 'random-forest-classifier',
    target: model.target,
    classes: model.classes,
    signature: modelSignature(model.target, model.features, model.preprocessing) as unknown as JsonValue,
    trainedWith: model.trainedWith,
  }
}

function trainedWith(table: Table, options: ForestOptions): Record<string, string | number> {
  const { trees = 100, maxFeatures = 'sqrt', minSamplesSplit = 2, minSamplesLeaf = 1, seed = 42, maxDepth } = options
  return {
    library: 'ml-random-forest',
    rows: table.rows.length,
    trees,
    maxDepth: maxDepth ?? 'unlimited',
    maxFeatures,
    minSamplesSplit,
    minSamplesLeaf,
    seed,
  }
}
