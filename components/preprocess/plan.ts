/** What preprocess learned from the training part: one plan per column, plain JSON, saved beside the data and inside the model. */

/** A column of numbers: gaps are filled with `impute`, then `(value - center) / scale`. */
export interface NumericColumnPlan {
  readonly kind: 'numeric'
  readonly name: string
  readonly impute: number
  readonly center: number
  /** Never 0. */
  readonly scale: number
}
/** A column of categories: gaps are filled with `impute`; one output column per category, or one with the category's index. */
export interface CategoricalColumnPlan {
  readonly kind: 'categorical'
  readonly name: string
  readonly impute: string
  readonly encoding: 'onehot' | 'ordinal'
  /** In the order of the outputs. A value outside of them becomes all zeros (onehot) or -1 (ordinal). */
  readonly categories: readonly string[]
}
export type ColumnPlan = NumericColumnPlan | CategoricalColumnPlan

export interface PreprocessingPlan {
  readonly format: 'kfp-ts.preprocessing'
  readonly version: 1
  /** Column with the class; passed through as it is. */
  readonly target: string
  readonly columns: readonly ColumnPlan[]
  /** Columns of the input that are not used, with the reason. */
  readonly dropped: readonly { readonly name: string; readonly reason: string }[]
}

export interface PreprocessOptions {
  readonly target: string
  /** @default 'median' */
  readonly imputeNumeric?: 'mean' | 'median' | 'zero'
  /** Fill gaps with the most frequent category, or make "missing" a category of its own. @default 'most_frequent' */
  readonly imputeCategorical?: 'most_frequent' | 'missing'
  /** @default 'standard' */
  readonly scale?: 'standard' | 'minmax' | 'none'
  /** @default 'onehot' */
  readonly encode?: 'onehot' | 'ordinal'
  /** At most so many categories a column; rarer ones are treated as unknown. @default 50 */
  readonly maxCategories?: number
  /** Columns to leave out. */
  readonly drop?: readonly string[]
  /** Columns of numbers that are categories in truth, such as post codes. */
  readonly categorical?: readonly string[]
}

/** Names of the columns that a plan makes: `age`, `workclass=Private`, ... */
export function featureNames(plan: PreprocessingPlan): string[] {
  return plan.columns.flatMap((column) =>
    column.kind === 'categorical' && column.encoding === 'onehot'
      ? column.categories.map((category) => `${column.name}=${category}`)
      : [column.name],
  )
}
