/** A random forest as flat arrays: small to save, quick to load, quick to ask. Pure. Made by flatten.ts, stored by model/. */

/** Marks a node without a test. */
export const LEAF = 0xffff

/**
 * All trees' nodes in one table, each tree in pre-order: the left branch of node i is node i + 1.
 * Rows with `row[feature] < threshold` go left, all others (NaN too) right.
 */
export interface ForestTable {
  readonly classCount: number
  readonly featureCount: number
  /** First node of each tree. */
  readonly roots: Uint32Array
  /** By node: column that is tested, or LEAF. */
  readonly feature: Uint16Array
  /** By node: value that is compared with; 0 in leaves. */
  readonly threshold: Float64Array
  /** By node: the right branch; in leaves the index of a distribution. */
  readonly next: Uint32Array
  /** `classCount` shares of the classes per distribution, each stored once. */
  readonly distributions: Float64Array
}

/** A forest with what is looked up for each row computed once. */
export interface ForestPredictor {
  readonly forest: ForestTable
  /** By distribution: its most frequent class, the first of equals. */
  readonly winners: Uint32Array
}

export function forestPredictor(forest: ForestTable): ForestPredictor {
  const count = forest.distributions.length / forest.classCount
  const winners = new Uint32Array(count)
  for (let d = 0; d < count; d++) winners[d] = indexOfLargest(distribution(forest, d))
  return { forest, winners }
}

/** Class index by majority of the trees; among equals the one that reached the number first (as ml-random-forest decides). */
export function predictClass({ forest, winners }: ForestPredictor, row: ArrayLike<number>): number {
  const votes = new Uint32Array(forest.classCount)
  let [best, most] = [0, 0]
  for (const root of forest.roots) {
    const winner = winners[leafDistribution(forest, root, row)]!
    const count = ++votes[winner]!
    if (count > most) {
      most = count
      best = winner
    }
  }
  return best
}

/** Probability by class: the mean of the distributions of the leaves that the row ends in. Sums to 1. */
export function predictProbabilities({ forest }: ForestPredictor, row: ArrayLike<number>): Float64Array {
  const { classCount, distributions, roots } = forest
  const sums = new Float64Array(classCount)
  for (const root of roots) {
    const start = leafDistribution(forest, root, row) * classCount
    for (let c = 0; c < classCount; c++) sums[c]! += distributions[start + c]!
  }
  return sums.map((sum) => sum / roots.length)
}

function leafDistribution(forest: ForestTable, root: number, row: ArrayLike<number>): number {
  const { feature, next, threshold } = forest
  let node = root
  for (;;) {
    const column = feature[node]!
    if (column === LEAF) return next[node]!
    node = row[column]! < threshold[node]! ? node + 1 : next[node]!
  }
}

function distribution(forest: ForestTable, index: number): Float64Array {
  return forest.distributions.subarray(index * forest.classCount, (index + 1) * forest.classCount)
}

function indexOfLargest(values: ArrayLike<number>): number {
  let best = 0
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i
  return best
}
