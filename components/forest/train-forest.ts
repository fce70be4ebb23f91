/** Trains a random forest for classification: ml-random-forest with our tree growing, handed on as a ForestTable. */
import { RandomForestClassifier } from 'ml-random-forest'
import { seededRandom } from '../random/seeded.ts'
import { flattenForest } from './flatten.ts'
import type { ForestTable } from './forest-table.ts'
import type { LibraryForest } from './library-forest.ts'
import { trainGrown } from './library-training.ts'
import type { TreeData } from './split-search.ts'

/** The names and defaults of scikit-learn's RandomForestClassifier, so that results can be compared. */
export interface ForestOptions {
  /** @default 100 */
  readonly trees?: number
  /** Splits from the root to a leaf; absent: no limit. */
  readonly maxDepth?: number
  /** Columns tried at each split: the square root or the binary logarithm of their number, all, or a number. @default 'sqrt' */
  readonly maxFeatures?: 'sqrt' | 'log2' | 'all' | number
  /** Nodes with fewer rows are leaves. @default 2 */
  readonly minSamplesSplit?: number
  /** @default 1 */
  readonly minSamplesLeaf?: number
  /** Any 32-bit integer; the same seed gives the same forest. @default 42 */
  readonly seed?: number
}

/**
 * @param features one row of numbers per sample, all of one length
 * @param labels class index by sample, 0 to classCount - 1
 * @throws RangeError for data or options that make no forest.
 */
export function trainForest(
  features: readonly ArrayLike<number>[],
  labels: readonly number[],
  classCount: number,
  options: ForestOptions = {},
): ForestTable {
  const forest = trainLibraryForest(features, labels, options)
  return flattenForest(forest as unknown as LibraryForest, classCount, features[0]!.length)
}

/** The same as the library's own object, which tests compare the ForestTable with. */
export function trainLibraryForest(
  features: readonly ArrayLike<number>[],
  labels: readonly number[],
  options: ForestOptions,
): RandomForestClassifier {
  const { trees = 100, maxDepth, minSamplesSplit = 2, minSamplesLeaf = 1, seed = 42 } = options
  const columns = checkShape(features, labels)
  if (!(Number.isInteger(trees) && trees >= 1))
    throw new RangeError(`the number of trees must be at least 1, not ${trees}`)
  if (!Number.isInteger(seed)) throw new RangeError(`the seed must be an integer, not ${seed}`)
  const forest = new RandomForestClassifier({
    nEstimators: trees,
    seed: seed | 0,
    // No drawing of columns for a tree: they are drawn at every split instead.
    maxFeatures: 1,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
  } as never)
  const rules = {
    columnsPerSplit: columnsPerSplit(options.maxFeatures ?? 'sqrt', columns),
    maxDepth: maxDepth ?? Number.POSITIVE_INFINITY,
    minSamplesSplit,
    minSamplesLeaf,
  }
  trainGrown(forest, treeData(features, labels), rules, seededRandom(seed ^ 0x5f3759df))
  return forest
}

function treeData(features: readonly ArrayLike<number>[], labels: readonly number[]): TreeData {
  const columns = Array.from({ length: features[0]!.length }, (_, column) =>
    Float64Array.from(features, (row) => row[column]!),
  )
  return { columns, labels: Uint32Array.from(labels), classCount: Math.max(0, ...new Set(labels)) + 1 }
}

function checkShape(features: readonly ArrayLike<number>[], labels: readonly number[]): number {
  const columns = features[0]?.length ?? 0
  if (features.length === 0 || columns === 0) throw new RangeError('a forest needs at least one row and one column')
  if (features.length !== labels.length) {
    throw new RangeError(`${features.length} rows and ${labels.length} labels do not belong together`)
  }
  return columns
}

function columnsPerSplit(maxFeatures: NonNullable<ForestOptions['maxFeatures']>, columns: number): number {
  const wanted = {
    sqrt: Math.floor(Math.sqrt(columns)),
    log2: Math.floor(Math.log2(columns)),
    all: columns,
  }[String(maxFeatures)]
  const count = wanted ?? Number(maxFeatures)
  if (!Number.isFinite(count))
    throw new RangeError(`maxFeatures must be sqrt, log2, all or a number, not ${maxFeatures}`)
  return Math.min(columns, Math.max(1, Math.floor(count)))
}
