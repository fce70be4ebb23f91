/** Learns a PreprocessingPlan from the training part alone. Pure. Before: split. After: apply.ts uses it on any part. */
import { columnIndex, columnValues, DataError, isNumeric, type Table } from '../table/table.ts'
import type {
  CategoricalColumnPlan,
  ColumnPlan,
  NumericColumnPlan,
  PreprocessingPlan,
  PreprocessOptions,
} from './plan.ts'

const DEFAULTS = {
  imputeNumeric: 'median',
  imputeCategorical: 'most_frequent',
  scale: 'standard',
  encode: 'onehot',
  maxCategories: 50,
  drop: [],
  categorical: [],
} as const satisfies Omit<Required<PreprocessOptions>, 'target'>
type Settings = Required<PreprocessOptions>

/**
 * Fits imputation, scaling and encoding. A column is numeric when all its values are numbers; a column without any value, or
 * with a single one, is dropped.
 *
 * @throws DataError for an empty table, an unknown column name, a missing class, or when no column is left.
 */
export function fitPreprocessing(table: Table, options: PreprocessOptions): PreprocessingPlan {
  const settings: Settings = { ...DEFAULTS, ...options }
  checkInput(table, settings)
  const columns: ColumnPlan[] = []
  const dropped: { name: string; reason: string }[] = []
  for (const name of table.columns) {
    if (name === settings.target) continue
    const values = columnValues(table, name)
    const reason = settings.drop.includes(name) ? 'asked for' : reasonToDrop(values)
    if (reason) dropped.push({ name, reason })
    else columns.push(fitColumn(name, values, settings))
  }
  if (columns.length === 0) throw new DataError('no column is left to learn from: all are dropped, empty or constant')
  return { format: 'kfp-ts.preprocessing', version: 1, target: settings.target, columns, dropped }
}

function checkInput(table: Table, settings: Settings): void {
  if (table.rows.length === 0) throw new DataError('the training data has no rows')
  for (const name of [settings.target, ...settings.drop, ...settings.categorical]) columnIndex(table, name)
  const gap = columnValues(table, settings.target).indexOf('')
  if (gap >= 0) throw new DataError(`row ${gap + 1} has no value in the target column "${settings.target}"`)
  if (!(settings.maxCategories >= 1)) throw new DataError('maxCategories must be at least 1')
}

function reasonToDrop(values: readonly string[]): string | undefined {
  const distinct = new Set(values)
  if (distinct.size === 1) return distinct.has('') ? 'no value at all' : 'always the same value'
  return undefined
}

function fitColumn(name: string, values: readonly string[], settings: Settings): ColumnPlan {
  const present = values.filter((value) => value !== '')
  const numeric = !settings.categorical.includes(name) && present.every(isNumeric)
  return numeric ? fitNumeric(name, values, settings) : fitCategorical(name, values, settings)
}

function fitNumeric(name: string, values: readonly string[], settings: Settings): NumericColumnPlan {
  const present = values.filter((value) => value !== '').map(Number)
  const impute = { zero: () => 0, mean: () => mean(present), median: () => median(present) }[settings.imputeNumeric]()
  const filled = values.map((value) => (value === '' ? impute : Number(value)))
  return { kind: 'numeric', name, impute, ...fitScale(filled, settings.scale) }
}

function fitScale(values: readonly number[], scale: Settings['scale']): { center: number; scale: number } {
  if (scale === 'none') return { center: 0, scale: 1 }
  if (scale === 'standard') {
    const center = mean(values)
    const variance = mean(values.map((value) => (value - center) ** 2))
    return { center, scale: Math.sqrt(variance) || 1 }
  }
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  return { center: low, scale: high - low || 1 }
}

/** The category that stands for a gap under `imputeCategorical: 'missing'`. */
const MISSING_CATEGORY = '(missing)'

function fitCategorical(name: string, values: readonly string[], settings: Settings): CategoricalColumnPlan {
  const counts = new Map<string, number>()
  const own = settings.imputeCategorical === 'missing'
  for (const value of values) {
    if (value === '' && !own) continue
    const category = value === '' ? MISSING_CATEGORY : value
    counts.set(category, (counts.get(category) ?? 0) + 1)
  }
  const byCount = [...counts]
    .sort(([a, countA], [b, countB]) => countB - countA || compare(a, b))
    .map(([value]) => value)
  return {
    kind: 'categorical',
    name,
    impute: own ? MISSING_CATEGORY : byCount[0]!,
    encoding: settings.encode,
    categories: byCount.slice(0, settings.maxCategories).sort(compare),
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** By code unit, not by locale: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
