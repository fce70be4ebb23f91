/** The parts of ml-random-forest's objects that its own types leave out. */

/** A node of a tree. Inner nodes have both branches; leaves have a 1 x n matrix of class shares. */
export interface LibraryTreeNode {
  left?: LibraryTreeNode
  right?: LibraryTreeNode
  splitColumn?: number
  splitValue?: number
  gain?: number
  numberSamples?: number
  readonly distribution?: { readonly columns: number; get(row: number, column: number): number }
  /** Makes the node a leaf for rows with these classes. */
  calculatePrediction(labels: readonly number[]): void
  train(rows: LibraryMatrix, labels: readonly number[], depth: number, parentGain: number | null): void
  constructor: new (options: LibraryTreeNode) => LibraryTreeNode
}
export interface LibraryMatrix {
  readonly rows: number
  readonly columns: number
  get(row: number, column: number): number
}
export interface LibraryForest {
  /** By tree: the column of the data behind each column that the tree saw. */
  readonly indexes: readonly (readonly number[])[]
  readonly estimators: readonly { readonly root: LibraryTreeNode }[]
}
