/** A data set in memory, as every component passes it on: named columns of text, '' where a value is missing. Pure. */

export interface Table {
  readonly columns: readonly string[]
  /** Each row has one text per column; '' is a missing value. */
  readonly rows: readonly (readonly string[])[]
}

/** A data set that a component cannot use: says which part is wrong and what to do. */
export class DataError extends Error {
  readonly code = 'bad-data'
  constructor(message: string) {
    super(message)
    this.name = 'DataError'
  }
}

/** Index of a column. @throws DataError that lists the columns there are. */
export function columnIndex(table: Table, name: string): number {
  const index = table.columns.indexOf(name)
  if (index >= 0) return index
  throw new DataError(`there is no column "${name}"; the columns are ${table.columns.join(', ')}`)
}

/** All values of one column, top to bottom. */
export function columnValues(table: Table, name: string): string[] {
  const index = columnIndex(table, name)
  return table.rows.map((row) => row[index]!)
}

/** The table with the rows at `indexes`, in that order. */
export function pickRows(table: Table, indexes: readonly number[]): Table {
  return { columns: table.columns, rows: indexes.map((index) => table.rows[index]!) }
}

/** True for texts that are finite decimal numbers (`12`, `-0.5`, `1e-3`); '' is not one. */
export function isNumeric(text: string): boolean {
  return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) && Number.isFinite(Number(text))
}
