/** Finds the best split of one tree node by one sorted sweep per column, in buffers that all nodes share. Pure; used by grow-tree.ts. */
import type { Random } from '../random/seeded.ts'

/** Training data, by column. */
export interface TreeData {
  readonly columns: readonly Float64Array[]
  /** Class index by row. */
  readonly labels: Uint32Array
  readonly classCount: number
}
export interface SplitRules {
  /** Columns to try at a node; constant ones do not count (as in scikit-learn). */
  readonly columnsPerSplit: number
  /** A split that leaves fewer rows on a side is not made. */
  readonly minSamplesLeaf: number
}
export interface Split {
  readonly column: number
  /** Rows with a smaller value go left. */
  readonly threshold: number
  /** Fall of the Gini impurity. */
  readonly gain: number
}

/** Below this length, sorting by insertion beats the engine's sort. */
const SMALL = 24

export class SplitSearch {
  readonly #data: TreeData
  readonly #rules: SplitRules
  readonly #random: Random
  readonly #order: Uint32Array
  /** The node's values of one column, those of each class together and sorted. */
  readonly #values: Float64Array
  readonly #starts: Uint32Array
  readonly #ends: Uint32Array
  readonly #places: Uint32Array

  /** @param maxRows rows of the largest node that will be asked for */
  constructor(data: TreeData, maxRows: number, rules: SplitRules, random: Random) {
    this.#data = data
    this.#rules = rules
    this.#random = random
    this.#order = Uint32Array.from(data.columns, (_, index) => index)
    this.#values = new Float64Array(maxRows)
    this.#starts = new Uint32Array(data.classCount)
    this.#ends = new Uint32Array(data.classCount)
    this.#places = new Uint32Array(data.classCount)
  }

  /**
   * The split with the highest gain among randomly drawn columns; undefined when none of them separates anything.
   *
   * @param rows the node's rows
   * @param counts rows by class
   */
  find(rows: Uint32Array, counts: Uint32Array): Split | undefined {
    const order = this.#order
    let best: Split | undefined
    let tried = 0
    // A shuffle that stops when enough columns are drawn.
    for (let drawn = 0; drawn < order.length && tried < this.#rules.columnsPerSplit; drawn++) {
      const pick = drawn + Math.floor(this.#random() * (order.length - drawn))
      const column = order[pick]!
      order[pick] = order[drawn]!
      order[drawn] = column
      if (!this.#load(this.#data.columns[column]!, rows, counts)) continue
      tried++
      best = this.#sweep(column, rows.length, counts, best)
    }
    return best
  }

  /** Sorts a column's values within each class. False when they are all the same. */
  #load(column: Float64Array, rows: Uint32Array, counts: Uint32Array): boolean {
    const values = this.#values
    const places = this.#places
    for (let c = 0, at = 0; c < counts.length; c++) {
      this.#starts[c] = at
      places[c] = at
      at += counts[c]!
      this.#ends[c] = at
    }
    const first = column[rows[0]!]!
    let differs = false
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!
      const value = column[row]!
      differs ||= value !== first
      values[places[this.#data.labels[row]!]!++] = value
    }
    if (differs) for (let c = 0; c < counts.length; c++) sortRange(values, this.#starts[c]!, this.#ends[c]!)
    return differs
  }

  /** Merges the classes' values upwards and weighs each place between two different ones. */
  #sweep(column: number, rowCount: number, counts: Uint32Array, known: Split | undefined): Split | undefined {
    const values = this.#values
    const places = this.#places
    places.set(this.#starts)
    const before = sumOfSquares(counts) / rowCount
    let best = known
    let taken = 0
    let current = this.#smallest()
    for (;;) {
      let [squaresLeft, squaresRight] = [0, 0]
      for (let c = 0; c < counts.length; c++) {
        const end = this.#ends[c]!
        let place = places[c]!
        while (place < end && values[place] === current) place++
        taken += place - places[c]!
        places[c] = place
        squaresLeft += (place - this.#starts[c]!) ** 2
        squaresRight += (end - place) ** 2
      }
      if (taken === rowCount) return best
      const next = this.#smallest()
      if (Math.min(taken, rowCount - taken) >= this.#rules.minSamplesLeaf) {
        const gain = (squaresLeft / taken + squaresRight / (rowCount - taken) - before) / rowCount
        if (!best || gain > best.gain) best = { column, threshold: between(current, next), gain }
      }
      current = next
    }
  }

  #smallest(): number {
    let least = Number.POSITIVE_INFINITY
    for (let c = 0; c < this.#places.length; c++) {
      const place = this.#places[c]!
      if (place < this.#ends[c]! && this.#values[place]! < least) least = this.#values[place]!
    }
    return least
  }
}

function sortRange(values: Float64Array, start: number, end: number): void {
  if (end - start > SMALL) {
    values.subarray(start, end).sort()
    return
  }
  for (let i = start + 1; i < end; i++) {
    const value = values[i]!
    let at = i - 1
    while (at >= start && values[at]! > value) {
      values[at + 1] = values[at]!
      at--
    }
    values[at + 1] = value
  }
}

function sumOfSquares(counts: Uint32Array): number {
  let sum = 0
  for (let c = 0; c < counts.length; c++) sum += counts[c]! ** 2
  return sum
}

/** The middle, unless rounding puts it on the lower value, which would then go right. */
function between(low: number, high: number): number {
  const middle = low / 2 + high / 2
  return middle > low ? middle : high
}
