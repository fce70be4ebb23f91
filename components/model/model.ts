/** A trained classifier with all that a prediction needs: forest, classes, feature names, preprocessing. Pure. Saved by model-file.ts. */
import {
  type ForestPredictor,
  type ForestTable,
  forestPredictor,
  predictClass,
  predictProbabilities,
} from '../forest/forest-table.ts'
import { applyPreprocessing } from '../preprocess/apply.ts'
import type { PreprocessingPlan } from '../preprocess/plan.ts'
import { columnIndex, DataError, isNumeric, type Table } from '../table/table.ts'

export interface ClassifierModel {
  readonly target: string
  readonly classes: readonly string[]
  /** Columns that the forest sees, in its order. */
  readonly features: readonly string[]
  /** Present when the model takes raw rows. */
  readonly preprocessing?: PreprocessingPlan
  /** How it was trained; for people. */
  readonly trainedWith: Readonly<Record<string, string | number>>
  readonly forest: ForestTable
}

export interface Predictions {
  /** Class index by row. */
  readonly indexes: readonly number[]
  /** Class name by row. */
  readonly labels: readonly string[]
  /** By row, one probability per class. */
  readonly probabilities: readonly Float64Array[]
}

/**
 * Predicts every row of a table.
 *
 * @param options.preprocessed the table is an output of preprocess, so that the model's own preprocessing must not run again
 * @throws DataError when a feature is missing or not a number.
 */
export function predictTable(
  model: ClassifierModel,
  table: Table,
  options: { readonly preprocessed?: boolean } = {},
): Predictions {
  const rows =
    model.preprocessing && !options.preprocessed
      ? applyPreprocessing(model.preprocessing, table)
      : numericRows(table, model.features)
  return predictRows(forestPredictor(model.forest), model.classes, rows)
}

/** Predicts one raw row given by column name, as a server does. Numbers and texts are both accepted; absent means a gap. */
export function predictRecord(
  model: ClassifierModel,
  record: Readonly<Record<string, string | number | boolean | null | undefined>>,
): { label: string; probabilities: Readonly<Record<string, number>> } {
  const columns = Object.keys(record)
  const row = columns.map((name) => (record[name] === null || record[name] === undefined ? '' : String(record[name])))
  const { labels, probabilities } = predictTable(model, { columns, rows: [row] })
  return {
    label: labels[0]!,
    probabilities: Object.fromEntries(model.classes.map((name, i) => [name, probabilities[0]![i]!])),
  }
}

/** The named columns as numbers, row by row. @throws DataError that names row and column of what is not a number. */
export function numericRows(table: Table, features: readonly string[]): Float64Array[] {
  const indexes = features.map((name) => columnIndex(table, name))
  return table.rows.map((row, at) =>
    Float64Array.from(indexes, (index) => {
      const text = row[index]!
      if (isNumeric(text)) return Number(text)
      throw new DataError(
        `row ${at + 1}: column "${table.columns[index]}" holds "${text}" where a number is needed; run preprocess first`,
      )
    }),
  )
}

function predictRows(
  predictor: ForestPredictor,
  classes: readonly string[],
  rows: readonly ArrayLike<number>[],
): Predictions {
  const indexes = rows.map((row) => predictClass(predictor, row))
  return {
    indexes,
    labels: indexes.map((index) => classes[index]!),
    probabilities: rows.map((row) => predictProbabilities(predictor, row)),
  }
}
