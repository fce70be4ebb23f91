/**
 * Lets ml-random-forest grow its trees by growTree. Its own search tries every threshold by a pass over all rows (quadratic:
 * 0.3 s a tree for 780 rows, hours for 10,000), draws columns once a tree where random forests draw them at every split (its
 * source says so itself), and stops where a child's gain happens to equal its parent's. Training in the library is
 * synchronous, so the exchange lasts for one call and nobody else sees it.
 */
import { RandomForestClassifier } from 'ml-random-forest'
import type { Random } from '../random/seeded.ts'
import { type GrowRules, growTree, type TreeBuilder } from './grow-tree.ts'
import type { LibraryForest, LibraryMatrix, LibraryTreeNode } from './library-forest.ts'

/** Runs `train`; every tree that the library trains meanwhile is grown by our rules. */
export function withGrownTrees(rules: GrowRules, random: Random, train: () => void): void {
  const prototype = treeNodePrototype()
  const original = prototype.train
  prototype.train = function (this: LibraryTreeNode, rows, labels) {
    growTree(treeData(rows, labels), rules, random, this, libraryBuilder)
  }
  try {
    train()
  } finally {
    prototype.train = original
  }
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

function treeData(matrix: LibraryMatrix, labels: readonly number[]) {
  const columns = Array.from({ length: matrix.columns }, (_, column) => {
    const values = new Float64Array(matrix.rows)
    for (let row = 0; row < matrix.rows; row++) values[row] = matrix.get(row, column)
    return values
  })
  const classCount = labels.reduce((most, label) => Math.max(most, label), 0) + 1
  return { columns, labels: Uint32Array.from(labels), classCount }
}

/** The class of the nodes is not exported; a forest of one leaf shows it. */
function treeNodePrototype(): LibraryTreeNode {
  const probe = new RandomForestClassifier({ nEstimators: 1, seed: 1, noOOB: true } as never)
  probe.train([[0], [1]], [0, 1])
  return Object.getPrototypeOf((probe as unknown as LibraryForest).estimators[0]!.root) as LibraryTreeNode
}
