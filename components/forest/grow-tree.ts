/** Grows one decision tree to the end, as scikit-learn does. Pure. library-training.ts puts the result into ml-random-forest's nodes. */
import type { Random } from '../random/seeded.ts'
import { type SplitRules, SplitSearch, type TreeData } from './split-search.ts'

export interface GrowRules extends SplitRules {
  /** Splits from the root to a leaf at most. */
  readonly maxDepth: number
  /** Nodes with fewer rows are leaves. */
  readonly minSamplesSplit: number
}

/** Receives the tree from the root down. `Node` is whatever the receiver makes of nodes. */
export interface TreeBuilder<Node> {
  /** Makes `node` a test and returns its two branches. */
  split(
    node: Node,
    test: { column: number; threshold: number; gain: number; rows: number },
  ): { left: Node; right: Node }
  /** Makes `node` a leaf; `counts` are its rows by class and must be copied to be kept. */
  leaf(node: Node, counts: Uint32Array): void
}

/**
 * Builds the tree below `root`.
 *
 * @param rows the tree's rows of `data`, each as often as it was drawn; put in another order
 */
export function growTree<Node>(
  data: TreeData,
  rows: Uint32Array,
  rules: GrowRules,
  random: Random,
  root: Node,
  builder: TreeBuilder<Node>,
): void {
  const search = new SplitSearch(data, rows.length, rules, random)
  const spare = new Uint32Array(rows.length)

  const grow = (node: Node, own: Uint32Array, depth: number): void => {
    const counts = countClasses(own, data)
    const split = mayBeSplit(own, counts, depth, rules) ? search.find(own, counts) : undefined
    if (!split) {
      builder.leaf(node, counts)
      return
    }
    const border = partition(own, data.columns[split.column]!, split.threshold, spare)
    const { left, right } = builder.split(node, { ...split, rows: own.length })
    grow(left, own.subarray(0, border), depth + 1)
    grow(right, own.subarray(border), depth + 1)
  }
  grow(root, rows, 0)
}

function countClasses(rows: Uint32Array, data: TreeData): Uint32Array {
  const counts = new Uint32Array(data.classCount)
  for (let i = 0; i < rows.length; i++) counts[data.labels[rows[i]!]!]!++
  return counts
}

function mayBeSplit(rows: Uint32Array, counts: Uint32Array, depth: number, rules: GrowRules): boolean {
  if (depth >= rules.maxDepth || rows.length < rules.minSamplesSplit || rows.length < 2) return false
  return !counts.some((count) => count === rows.length)
}

/** Puts the rows that go left first, both sides in their old order. Returns how many those are. */
function partition(rows: Uint32Array, column: Float64Array, threshold: number, spare: Uint32Array): number {
  let [left, right] = [0, 0]
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i]!
    if (column[row]! < threshold) rows[left++] = row
    else spare[right++] = row
  }
  for (let i = 0; i < right; i++) rows[left + i] = spare[i]!
  return left
}
