/**
 * Lets ml-random-forest grow its trees by growTree. Its own search tries every threshold by a pass over all rows (quadratic:
 * 0.3 s a tree for 780 rows, hours for 10,000), draws columns once a tree where random forests draw them at every split (its
 * source says so itself), and stops where a child's gain happens to equal its parent's. Training in the library is
 * synchronous, so the exchange lasts for one call and nobody else sees it.
 */
import { RandomForestClassifier } from 'ml-random-forest'
import type { Random } from '../random/seeded.ts'
import { type GrowRules, growTree, type TreeBuilder } from './grow-tree.ts'
import type { LibraryForest, LibraryTreeNode } from './library-forest.ts'
import type { TreeData } from './split-search.ts'

/**
 * Trains a forest of the library on `data`. The library sees one column, the numbers of the rows: what it draws for a tree are
 * rows of `data`, and copying the columns of every tree, most of the time that is left, falls away.
 */
export function trainGrown(forest: RandomForestClassifier, data: TreeData, rules: GrowRules, random: Random): void {
  const prototype = treeNodePrototype()
  const original = prototype.train
  prototype.train = function (this: LibraryTreeNode, drawn) {
    const rows = Uint32Array.from({ length: drawn.rows }, (_, row) => drawn.get(row, 0))
    growTree(data, rows, rules, random, this, libraryBuilder)
  }
  try {
    forest.train(
      Array.from(data.labels, (_, row) => [row]),
      Array.from(data.labels),
    )
  } finally {
    prototype.train = original
  }
  // The trees test the columns of `data` themselves.
  const columns = data.columns.map((_, index) => index)
  const trained = forest as unknown as { indexes: number[][]; n: number }
  trained.n = columns.length
  trained.indexes = trained.indexes.map(() => columns)
}

const libraryBuilder: TreeBuilder<LibraryTreeNode> = {
  split(node, test) {
    node.splitColumn = test.column
    node.splitValue = test.threshold
    node.gain = test.gain
    node.numberSamples = test.rows
    const left = new node.constructor(node)
    const right = new node.constructor(node)
    node.left = left
    node.right = right
    return { left, right }
  },
  leaf(node, counts) {
    node.calculatePrediction(Array.from(counts).flatMap((count, label) => Array<number>(count).fill(label)))
  },
}

/** The class of the nodes is not exported; a forest of one leaf shows it. */
function treeNodePrototype(): LibraryTreeNode {
  const probe = new RandomForestClassifier({ nEstimators: 1, seed: 1, noOOB: true } as never)
  probe.train([[0], [1]], [0, 1])
  return Object.getPrototypeOf((probe as unknown as LibraryForest).estimators[0]!.root) as LibraryTreeNode
}
