import { describe, expect, test } from 'vitest'
import { seededRandom } from '../random/seeded.ts'
import { flattenForest } from './flatten.ts'
import { forestPredictor, LEAF, predictClass, predictProbabilities } from './forest-table.ts'
import { growTree, type TreeBuilder } from './grow-tree.ts'
import type { LibraryForest } from './library-forest.ts'
import { SplitSearch } from './split-search.ts'
import { trainForest, trainLibraryForest } from './train-forest.ts'

/** Rows of random numbers with a class that depends on them, with noise and many equal values. */
function randomData(seed: number, rows: number, columns: number, classCount: number) {
  const random = seededRandom(seed)
  const features = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, (_, c) => (c % 2 ? Math.floor(random() * 4) : random())),
  )
  const labels = features.map((row) => Math.floor((row[0]! * 0.7 + random() * 0.3) * classCount) % classCount)
  return { features, labels }
}

describe('a flattened forest answers as the library does', () => {
  test.each([
    ['two classes', 1, 2, {}],
    ['five classes', 2, 5, {}],
    ['shallow trees, mixed leaves', 3, 3, { maxDepth: 2 }],
    ['an even number of trees, ties', 4, 4, { trees: 2 }],
    ['large leaves', 5, 3, { minSamplesLeaf: 9, maxFeatures: 'all' as const }],
  ])('%s', (_, seed, classCount, options) => {
    const { features, labels } = randomData(seed, 150, 6, classCount)
    const library = trainLibraryForest(features, labels, { trees: 15, seed, ...options })
    const table = flattenForest(library as unknown as LibraryForest, classCount, 6)
    const predictor = forestPredictor(table)
    const unseen = randomData(seed + 100, 500, 6, classCount).features
    expect(unseen.map((row) => predictClass(predictor, row))).toEqual(library.predict(unseen))
  })

  test('also one that the library grew by its own rules, with columns drawn again and again', async () => {
    const { RandomForestClassifier } = await import('ml-random-forest')
    const { features, labels } = randomData(6, 60, 5, 3)
    const library = new RandomForestClassifier({ nEstimators: 9, seed: 3, maxFeatures: 0.8, noOOB: true } as never)
    library.train(features, labels)
    const predictor = forestPredictor(flattenForest(library as unknown as LibraryForest, 3, 5))
    const unseen = randomData(7, 300, 5, 3).features
    expect(unseen.map((row) => predictClass(predictor, row))).toEqual(library.predict(unseen))
  })
})

describe('trainForest', () => {
  test('gives the same forest for the same seed and another one for another', () => {
    const { features, labels } = randomData(8, 80, 4, 2)
    const thresholds = (seed: number) => trainForest(features, labels, 2, { trees: 5, seed }).threshold
    expect(thresholds(1)).toEqual(thresholds(1))
    expect(thresholds(1)).not.toEqual(thresholds(2))
  })
  test('leaves the library as it was', () => {
    const { features, labels } = randomData(9, 40, 3, 2)
    const before = trainLibraryForest(features, labels, { trees: 1 }) as unknown as LibraryForest
    const train = Object.getPrototypeOf(before.estimators[0]!.root).train
    expect(() => trainForest(features, [], 2)).toThrow()
    expect(() => trainForest(features, labels, 2, { maxFeatures: 'some' as never })).toThrow('maxFeatures')
    trainForest(features, labels, 2, { trees: 1 })
    expect(Object.getPrototypeOf(before.estimators[0]!.root).train).toBe(train)
    expect(String(train)).toContain('bestSplit')
  })
  test('grows to the end: without a limit, every leaf is of one class', () => {
    const { features, labels } = randomData(10, 120, 4, 3)
    const forest = trainForest(features, labels, 3, { trees: 10 })
    expect(new Set(forest.distributions)).toEqual(new Set([0, 1]))
  })
  test('probabilities sum to 1 and keep to the depth', () => {
    const { features, labels } = randomData(11, 120, 4, 3)
    const forest = trainForest(features, labels, 3, { trees: 10, maxDepth: 1 })
    expect(forest.feature.length).toBeLessThanOrEqual(30)
    const sums = features.map((row) => predictProbabilities(forestPredictor(forest), row).reduce((a, b) => a + b))
    for (const sum of sums) expect(sum).toBeCloseTo(1, 12)
  })
})

describe('SplitSearch', () => {
  /** Every threshold of every column by its definition. */
  function bestByDefinition(columns: readonly Float64Array[], labels: readonly number[]): number {
    const gini = (rows: readonly number[]) => {
      const shares = [0, 1, 2].map((c) => rows.filter((row) => labels[row] === c).length / rows.length)
      return 1 - shares.reduce((sum, share) => sum + share * share, 0)
    }
    const all = labels.map((_, row) => row)
    const gains = columns.flatMap((column) =>
      [...new Set(column)].map((threshold) => {
        const left = all.filter((row) => column[row]! < threshold)
        const right = all.filter((row) => column[row]! >= threshold)
        if (left.length === 0) return 0
        return gini(all) - (left.length * gini(left) + right.length * gini(right)) / all.length
      }),
    )
    return Math.max(...gains)
  }
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('finds the best split of random data (seed %d)', (seed) => {
    const { features, labels } = randomData(seed, seed < 5 ? 12 : 90, 3, 3)
    const columns = [0, 1, 2].map((c) => Float64Array.from(features, (row) => row[c]!))
    const data = { columns, labels: Uint32Array.from(labels), classCount: 3 }
    const search = new SplitSearch(data, labels.length, { columnsPerSplit: 3, minSamplesLeaf: 1 }, seededRandom(seed))
    const counts = Uint32Array.from([0, 1, 2], (c) => labels.filter((label) => label === c).length)
    const found = search.find(
      Uint32Array.from(labels, (_, row) => row),
      counts,
    )
    expect(found?.gain).toBeCloseTo(bestByDefinition(columns, labels), 10)
  })
  test('separates neighbours of floating point', () => {
    const low = 1
    const high = 1 + Number.EPSILON
    const data = { columns: [Float64Array.of(low, high)], labels: Uint32Array.of(0, 1), classCount: 2 }
    const search = new SplitSearch(data, 2, { columnsPerSplit: 1, minSamplesLeaf: 1 }, seededRandom(1))
    expect(search.find(Uint32Array.of(0, 1), Uint32Array.of(1, 1))?.threshold).toBe(high)
  })
  test('constant columns do not use up the draws', () => {
    const columns = [new Float64Array(4), new Float64Array(4), Float64Array.of(1, 2, 3, 4)]
    const data = { columns, labels: Uint32Array.of(0, 0, 1, 1), classCount: 2 }
    for (let seed = 0; seed < 10; seed++) {
      const search = new SplitSearch(data, 4, { columnsPerSplit: 1, minSamplesLeaf: 1 }, seededRandom(seed))
      expect(search.find(Uint32Array.of(0, 1, 2, 3), Uint32Array.of(2, 2))).toMatchObject({ column: 2, threshold: 2.5 })
    }
  })
})

test('growTree hands the tree over from the root down', () => {
  const lines: string[] = []
  const builder: TreeBuilder<string> = {
    split: (node, { column, threshold }) => {
      lines.push(`${node}: x${column} < ${threshold}`)
      return { left: `${node}.l`, right: `${node}.r` }
    },
    leaf: (node, counts) => void lines.push(`${node}: ${[...counts]}`),
  }
  const data = { columns: [Float64Array.of(5, 1, 3)], labels: Uint32Array.of(0, 0, 1), classCount: 2 }
  const rules = { columnsPerSplit: 1, minSamplesLeaf: 1, minSamplesSplit: 2, maxDepth: 9 }
  growTree(data, Uint32Array.of(0, 1, 2), rules, seededRandom(1), 't', builder)
  expect(lines).toEqual(['t: x0 < 2', 't.l: 1,0', 't.r: x0 < 4', 't.r.l: 0,1', 't.r.r: 1,0'])
})

test('LEAF is no column that a forest may have', () => {
  const nothing = { indexes: [], estimators: [] }
  expect(() => flattenForest(nothing, 2, LEAF)).toThrow('too many')
})
