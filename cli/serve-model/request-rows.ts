/** The rows of a prediction request, from any of the shapes that MLflow's and KServe's clients send. Pure. */
import type { Cell, Row } from './predictor.ts'

/** What its sender has to change. */
export class RequestError extends Error {}

const MOST_ROWS = 10_000
const SHAPES = 'dataframe_records, dataframe_split, instances or inputs'

/** `columns` name the values of rows that come as lists. */
export function readRows(body: unknown, columns: readonly string[]): Row[] {
  if (typeof body !== 'object' || body === null) throw new RequestError(`send JSON with ${SHAPES}`)
  const { dataframe_records, dataframe_split, instances, inputs } = body as Record<string, unknown>
  if (dataframe_split !== undefined) return readSplit(dataframe_split)
  const list = dataframe_records ?? instances ?? inputs
  if (!Array.isArray(list) || list.length === 0) throw new RequestError(`send a list of rows as ${SHAPES}`)
  if (list.length > MOST_ROWS) throw new RequestError(`at most ${MOST_ROWS} rows are predicted at once`)
  return list.map((row: unknown, index) => {
    if (Array.isArray(row)) return zip(columns, row, index)
    if (typeof row === 'object' && row !== null) return checkCells(row as Record<string, unknown>, index)
    throw new RequestError(`row ${index} must be an object or a list`)
  })
}

function readSplit(split: unknown): Row[] {
  const { columns, data } = (split ?? {}) as { columns?: unknown; data?: unknown }
  const named = Array.isArray(columns) && columns.every((name) => typeof name === 'string')
  if (!named || !Array.isArray(data) || data.length > MOST_ROWS) {
    throw new RequestError('dataframe_split needs columns and data')
  }
  return data.map((row: unknown, index) => zip(columns as string[], row, index))
}

function zip(columns: readonly string[], row: unknown, index: number): Row {
  if (!Array.isArray(row) || row.length !== columns.length) {
    throw new RequestError(`row ${index} must have ${columns.length} values`)
  }
  return checkCells(Object.fromEntries(columns.map((name, at) => [name, row[at] as unknown])), index)
}

function checkCells(row: Record<string, unknown>, index: number): Row {
  for (const [name, value] of Object.entries(row)) {
    const plain = value === null || ['string', 'number', 'boolean'].includes(typeof value)
    if (!plain) throw new RequestError(`row ${index}: "${name}" must be a text, a number, true, false or null`)
  }
  return row as Record<string, Cell>
}
