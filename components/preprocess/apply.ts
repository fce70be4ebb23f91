/** Turns rows of text into rows of numbers by a fitted plan. Pure. Used on the training part, the test part and in prediction. */
import { DataError, isNumeric, type Table } from '../table/table.ts'
import { type ColumnPlan, featureNames, type PreprocessingPlan } from './plan.ts'

/**
 * One row of numbers per row of the table, in the order of `featureNames(plan)`. Columns are found by name, so their order
 * and extra columns do not matter; a column that is missing altogether counts as all gaps.
 *
 * @throws DataError when a numeric column holds something else.
 */
export function applyPreprocessing(plan: PreprocessingPlan, table: Table): Float64Array[] {
  const width = featureNames(plan).length
  const matrix = table.rows.map(() => new Float64Array(width))
  let offset = 0
  for (const column of plan.columns) {
    const index = table.columns.indexOf(column.name)
    for (let row = 0; row < matrix.length; row++) {
      writeValue(matrix[row]!, offset, column, index < 0 ? '' : table.rows[row]![index]!, row)
    }
    offset += column.kind === 'categorical' && column.encoding === 'onehot' ? column.categories.length : 1
  }
  return matrix
}

/** The same as a table of text with the target as last column (where the input has it): what the preprocess step writes. */
export function preprocessTable(plan: PreprocessingPlan, table: Table): Table {
  const matrix = applyPreprocessing(plan, table)
  const target = table.columns.indexOf(plan.target)
  const columns = featureNames(plan)
  if (target < 0) return { columns, rows: matrix.map((row) => Array.from(row, String)) }
  return {
    columns: [...columns, plan.target],
    rows: matrix.map((row, i) => [...Array.from(row, String), table.rows[i]![target]!]),
  }
}

function writeValue(out: Float64Array, offset: number, column: ColumnPlan, text: string, row: number): void {
  if (column.kind === 'numeric') {
    if (text !== '' && !isNumeric(text)) {
      throw new DataError(`row ${row + 1}: column "${column.name}" was numeric in training and now holds "${text}"`)
    }
    out[offset] = ((text === '' ? column.impute : Number(text)) - column.center) / column.scale
    return
  }
  const index = column.categories.indexOf(text === '' ? column.impute : text)
  if (column.encoding === 'ordinal') out[offset] = index
  else if (index >= 0) out[offset + index] = 1
}
