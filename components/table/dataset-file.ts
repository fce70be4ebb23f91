/** Reads and writes the CSV file behind a Dataset artifact. The edge between the pure cores and the step's files. */
import { readFile, writeFile } from 'node:fs/promises'
import { parseCsv, printCsv } from './csv.ts'
import { DataError, type Table } from './table.ts'

/** The part of an output artifact that is written to. */
export interface DatasetTarget {
  readonly path: string
  metadata: Record<string, unknown>
}

/** @throws DataError that names the artifact when its file is missing or no CSV. */
export async function readDataset(artifact: { readonly name: string; readonly path: string }): Promise<Table> {
  try {
    return parseCsv(await readFile(artifact.path, 'utf8'))
  } catch (cause) {
    throw new DataError(`dataset "${artifact.name}": ${cause instanceof Error ? cause.message : String(cause)}`)
  }
}

/** Writes the table and notes its size and columns in the artifact's metadata, where user interfaces show them. */
export async function writeDataset(
  artifact: DatasetTarget,
  table: Table,
  more: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  await writeFile(artifact.path, printCsv(table))
  Object.assign(artifact.metadata, { format: 'csv', rows: table.rows.length, columns: table.columns, ...more })
}
