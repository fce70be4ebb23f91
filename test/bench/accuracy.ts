/** Our random forest beside scikit-learn's: same rows, same features, same size of forest, several splits. Part of `make bench`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  evaluateModel,
  fitPreprocessing,
  parseCsv,
  preprocessTable,
  printCsv,
  splitTable,
  type Table,
  trainClassifier,
} from '../../components/index.ts'
import { runPython } from '../python/accuracy/scikit-learn.ts'

export interface Comparison {
  readonly data: string
  readonly forest: string
  /** Accuracy by seed. */
  readonly ours: readonly number[]
  readonly theirs: readonly number[]
  readonly ourAuc: number
  readonly theirAuc: number
  readonly ourSeconds: number
  readonly theirSeconds: number
}
interface ForestSize {
  readonly name: string
  readonly trees: number
  readonly maxDepth?: number
}
interface PythonResult {
  readonly accuracy: number
  readonly auc: number
  readonly seconds: number
}

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8]
const SETS = [
  { data: 'adult-income', target: 'income' },
  { data: 'breast-cancer', target: 'diagnosis' },
]
const SIZES: readonly ForestSize[] = [
  { name: '100 trees, full depth', trees: 100 },
  { name: '50 trees, depth 6', trees: 50, maxDepth: 6 },
]

/** Trains both sides on `seeds.length` splits of both data sets. */
export async function compareAccuracy(seeds: readonly number[] = SEEDS): Promise<Comparison[]> {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-accuracy-'))
  try {
    const comparisons: Comparison[] = []
    for (const { data, target } of SETS) {
      const path = new URL(`../../examples/data/${data}.csv`, import.meta.url)
      const table = parseCsv(await readFile(path, 'utf8'))
      for (const size of SIZES) comparisons.push(await compareOne(folder, data, table, target, size, seeds))
    }
    return comparisons
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function compareOne(
  folder: string,
  data: string,
  table: Table,
  target: string,
  size: ForestSize,
  seeds: readonly number[],
): Promise<Comparison> {
  const ours = []
  const jobs = []
  for (const seed of seeds) {
    const parts = splitTable(table, { testFraction: 0.25, seed, stratifyBy: target })
    const plan = fitPreprocessing(parts.train, { target })
    const [train, test] = [preprocessTable(plan, parts.train), preprocessTable(plan, parts.test)]
    const started = performance.now()
    const limits = size.maxDepth === undefined ? {} : { maxDepth: size.maxDepth }
    const model = trainClassifier(train, target, { trees: size.trees, seed, ...limits })
    const seconds = (performance.now() - started) / 1000
    const { quality, roc } = evaluateModel(model, test)
    ours.push({ accuracy: quality.accuracy, auc: roc?.auc ?? Number.NaN, seconds })
    const files = { train: join(folder, `${data}-${seed}-train.csv`), test: join(folder, `${data}-${seed}-test.csv`) }
    await writeFile(files.train, printCsv(train))
    await writeFile(files.test, printCsv(test))
    jobs.push({ ...files, target, seed, trees: size.trees, max_depth: size.maxDepth ?? null, max_features: 'sqrt' })
  }
  const theirs = (await runPython('scikit_learn.py', [], jobs)) as PythonResult[]
  return {
    data,
    forest: size.name,
    ours: ours.map((result) => result.accuracy),
    theirs: theirs.map((result) => result.accuracy),
    ourAuc: mean(ours.map((result) => result.auc)),
    theirAuc: mean(theirs.map((result) => result.auc)),
    ourSeconds: mean(ours.map((result) => result.seconds)),
    theirSeconds: mean(theirs.map((result) => result.seconds)),
  }
}

/** Our mean accuracy less theirs, in points of percent. */
export function differencePoints({ ours, theirs }: Comparison): number {
  return 100 * (mean(ours) - mean(theirs))
}

/** The table that `make bench` prints. */
export function printComparison(comparisons: readonly Comparison[]): string {
  const percent = (value: number) => (100 * value).toFixed(2).padStart(7)
  const rows = comparisons.map((c) => {
    const points = differencePoints(c)
    return [
      `${c.data}, ${c.forest}`.padEnd(38),
      `${percent(mean(c.ours))} ${percent(mean(c.theirs))} ${points.toFixed(2).padStart(7)}`,
      `${c.ourAuc.toFixed(4)} ${c.theirAuc.toFixed(4)}`,
      `${c.ourSeconds.toFixed(2).padStart(6)} ${c.theirSeconds.toFixed(2).padStart(6)}`,
    ].join('   ')
  })
  const head = `${''.padEnd(38)}   accuracy %: ours, scikit-learn, points   AUC: ours, s.-l.   train s: ours, s.-l.`
  return [`Random forests, mean of ${comparisons[0]?.ours.length} splits (goal: within 2 points)`, head, ...rows].join(
    '\n',
  )
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

if (import.meta.main) console.log(printComparison(await compareAccuracy()))
