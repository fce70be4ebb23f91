/** CSV text to Table and back. Pure. Datasets travel between components as such a file, so that Python steps can read them too. */
import { parse } from 'csv-parse/sync'
import { DataError, type Table } from './table.ts'

export interface CsvOptions {
  /** @default ',' */
  readonly delimiter?: string
  /** Texts that mean "no value" besides the empty one. */
  readonly missingValues?: readonly string[]
}

/** What commonly stands for a missing value in published data sets. */
export const MISSING_VALUES: readonly string[] = ['NA', 'N/A', 'NaN', 'nan', 'null', 'NULL', '?']

/**
 * Reads CSV with a header line (RFC 4180, a byte order mark and spaces around values are dropped).
 *
 * @throws DataError for an empty file, a repeated or empty column name, or a row with too few or too many values.
 */
export function parseCsv(text: string, options: CsvOptions = {}): Table {
  const records = parseRecords(text, options.delimiter ?? ',')
  const [columns, ...rows] = records
  if (!columns) throw new DataError('the CSV is empty: it needs a header line with the names of the columns')
  checkColumns(columns)
  const missing = new Set(options.missingValues ?? [])
  if (missing.size > 0) for (const row of rows) blank(row, missing)
  return { columns, rows }
}

/** Writes a table as CSV with a header line and `\n` line ends; the same table gives the same bytes. */
export function printCsv(table: Table): string {
  return [table.columns, ...table.rows].map((row) => `${row.map(quote).join(',')}\n`).join('')
}

function parseRecords(text: string, delimiter: string): string[][] {
  try {
    return parse(text, { bom: true, delimiter, trim: true, skip_empty_lines: true }) as unknown as string[][]
  } catch (cause) {
    throw new DataError(`the CSV cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

function checkColumns(columns: readonly string[]): void {
  const seen = new Set<string>()
  columns.forEach((name, index) => {
    if (name === '') throw new DataError(`column ${index + 1} of the CSV has no name in the header line`)
    if (seen.has(name)) throw new DataError(`the CSV has two columns named "${name}"`)
    seen.add(name)
  })
}

function blank(row: string[], missing: ReadonlySet<string>): void {
  for (let i = 0; i < row.length; i++) if (missing.has(row[i]!)) row[i] = ''
}

function quote(value: string): string {
  // A lone '' would be an empty line to a reader that skips those, hence the quotes.
  if (value === '') return ''
  return /[",\n\r]|^\s|\s$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value
}
