/** Makes a ForestTable from a forest that ml-random-forest trained: the same trees, the same answers, far fewer bytes. Pure. */
import { type ForestTable, LEAF } from './forest-table.ts'
import type { LibraryForest, LibraryTreeNode } from './library-forest.ts'

interface Nodes {
  readonly feature: number[]
  readonly threshold: number[]
  readonly next: number[]
}

/** @throws RangeError for more than 65,534 features. */
export function flattenForest(forest: LibraryForest, classCount: number, featureCount: number): ForestTable {
  if (featureCount >= LEAF)
    throw new RangeError(`${featureCount} features are too many; at most ${LEAF - 1} are possible`)
  const nodes: Nodes = { feature: [], threshold: [], next: [] }
  const distributions = new DistributionTable(classCount)
  const roots = forest.estimators.map((estimator, tree) => {
    const root = nodes.feature.length
    addNode(nodes, distributions, estimator.root, forest.indexes[tree]!)
    return root
  })
  return {
    classCount,
    featureCount,
    roots: Uint32Array.from(roots),
    feature: Uint16Array.from(nodes.feature),
    threshold: Float64Array.from(nodes.threshold),
    next: Uint32Array.from(nodes.next),
    distributions: Float64Array.from(distributions.values),
  }
}

function addNode(
  nodes: Nodes,
  distributions: DistributionTable,
  node: LibraryTreeNode,
  columnOf: readonly number[],
): void {
  const index = nodes.feature.length
  if (!node.left || !node.right) {
    nodes.feature.push(LEAF)
    nodes.threshold.push(0)
    nodes.next.push(distributions.indexOf(node.distribution!))
    return
  }
  nodes.feature.push(columnOf[node.splitColumn!]!)
  nodes.threshold.push(node.splitValue!)
  nodes.next.push(0)
  addNode(nodes, distributions, node.left, columnOf)
  nodes.next[index] = nodes.feature.length
  addNode(nodes, distributions, node.right, columnOf)
}

/** Each different distribution once: most leaves of a full-grown tree are of one class, so a handful covers them. */
class DistributionTable {
  readonly values: number[] = []
  readonly #known = new Map<string, number>()
  readonly #classCount: number

  constructor(classCount: number) {
    this.#classCount = classCount
  }

  indexOf(distribution: NonNullable<LibraryTreeNode['distribution']>): number {
    // The library stops at the last class that a leaf has seen, and sums 1/n for each row, which ends near 1, not at it.
    const shares = Array.from({ length: this.#classCount }, (_, c) =>
      c < distribution.columns ? Math.round(distribution.get(0, c) * 1e12) / 1e12 : 0,
    )
    const key = shares.join()
    const known = this.#known.get(key)
    if (known !== undefined) return known
    const index = this.#known.size
    this.#known.set(key, index)
    this.values.push(...shares)
    return index
  }
}
