/** Divides a table into a training and a test part, keeping the mix of classes. Pure; seeded. */
import { type Random, seededRandom, shuffle } from '../random/seeded.ts'
import { columnValues, DataError, pickRows, type Table } from '../table/table.ts'

export interface SplitOptions {
  /** Share of the rows that go to the test part, between 0 and 1 (both excluded). */
  readonly testFraction: number
  readonly seed: number
  /** Column whose values keep their shares in both parts; usually the target. Absent: a plain random split. */
  readonly stratifyBy?: string
}
export interface SplitResult {
  readonly train: Table
  readonly test: Table
}

/**
 * Splits a table. Both parts keep the order of the rows and are never empty.
 *
 * @throws DataError for fewer than two rows, a fraction outside (0, 1) or an unknown column.
 */
export function splitTable(table: Table, options: SplitOptions): SplitResult {
  const { testFraction, seed, stratifyBy } = options
  if (!(testFraction > 0 && testFraction < 1)) {
    throw new DataError(`the test fraction must lie between 0 and 1, and ${testFraction} does not`)
  }
  if (table.rows.length < 2) throw new DataError(`${table.rows.length} rows cannot be split; at least 2 are needed`)
  const groups = stratifyBy ? groupRows(columnValues(table, stratifyBy)) : [table.rows.map((_, index) => index)]
  const inTest = pickTestRows(groups, table.rows.length, testFraction, seededRandom(seed))
  const indexes = table.rows.map((_, index) => index)
  return {
    train: pickRows(
      table,
      indexes.filter((index) => !inTest.has(index)),
    ),
    test: pickRows(
      table,
      indexes.filter((index) => inTest.has(index)),
    ),
  }
}

/** Row indexes by value, in the sorted order of the values (so that the order of the rows alone does not change a draw). */
function groupRows(values: readonly string[]): number[][] {
  const groups = new Map<string, number[]>()
  values.forEach((value, index) => {
    const group = groups.get(value)
    if (group) group.push(index)
    else groups.set(value, [index])
  })
  return [...groups.keys()].sort().map((value) => groups.get(value)!)
}

function pickTestRows(groups: readonly number[][], rows: number, fraction: number, random: Random): Set<number> {
  const wanted = Math.min(rows - 1, Math.max(1, Math.round(rows * fraction)))
  const counts = shareOut(
    groups.map((group) => group.length),
    wanted,
  )
  const picked = new Set<number>()
  groups.forEach((group, i) => {
    for (const index of shuffle([...group], random).slice(0, counts[i])) picked.add(index)
  })
  return picked
}

/** Shares `wanted` out in proportion to `sizes`: whole parts first, then the largest remainders. */
function shareOut(sizes: readonly number[], wanted: number): number[] {
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const exact = sizes.map((size) => (size * wanted) / total)
  const counts = exact.map(Math.floor)
  const byRemainder = exact
    .map((value, i) => ({ i, rest: value - counts[i]! }))
    .sort((a, b) => b.rest - a.rest || a.i - b.i)
  let left = wanted - counts.reduce((sum, count) => sum + count, 0)
  for (const { i } of byRemainder) {
    if (left === 0) break
    counts[i]!++
    left--
  }
  return counts
}
