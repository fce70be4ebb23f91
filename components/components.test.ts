/** The ready components, called as the runtime calls them: files in, files and metadata out. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { RunContext } from '../dsl/run-artifacts.ts'
import { evaluate, loadCsv, parseModel, predictRecord, preprocess, split, train } from './index.ts'

const INCOME = new URL('../examples/data/adult-income.csv', import.meta.url)
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-components-'))
  vi.spyOn(console, 'log').mockImplementation(() => {})
})
afterAll(async () => {
  vi.restoreAllMocks()
  await rm(folder, { recursive: true })
})

const context: RunContext = { signal: new AbortController().signal, temporaryDirectory: tmpdir(), executorInput: {} }
/** An artifact that serves as output of one step and as input of the next. */
const artifact = <S extends string>(schemaTitle: S, name: string) => ({
  name,
  schemaTitle,
  uri: `file://${folder}/${name}`,
  path: join(folder, name),
  metadata: {} as Record<string, never>,
})
const dataset = (name: string) => artifact('system.Dataset', name)
const notes = () => {
  const log: Record<string, unknown> = {}
  return {
    log,
    metrics: {
      ...artifact('system.Metrics', 'metrics'),
      logMetric: (name: string, value: number) => Object.assign(log, { [name]: value }),
    },
    classification: {
      ...artifact('system.ClassificationMetrics', 'classification'),
      logRocCurve: (...lists: unknown[]) => Object.assign(log, { roc: lists }),
      logRocPoint: () => {},
      logConfusionMatrix: (...matrix: unknown[]) => Object.assign(log, { confusion: matrix }),
    },
  }
}
const PREPROCESS = {
  impute_numeric: 'median',
  impute_categorical: 'most_frequent',
  scale: 'standard',
  encode: 'onehot',
  max_categories: 50,
  drop: [],
  categorical: [],
} as const
const TRAIN = { trees: 30, max_depth: 0, max_features: 'sqrt', min_samples_split: 2, min_samples_leaf: 1, seed: 1 }

test('from CSV to metrics on real data with gaps and categories', async () => {
  const data = dataset('data')
  await loadCsv.run({ source: INCOME.href, delimiter: ',', missing_values: ['?'] }, { dataset: data }, context)
  expect(data.metadata).toMatchObject({ rows: 977, format: 'csv' })

  const [trainPart, testPart] = [dataset('train'), dataset('test')]
  const parts = { train: trainPart, test: testPart }
  await split.run({ data, test_fraction: 0.2, seed: 42, stratify_by: 'income' }, parts, context)
  expect([trainPart.metadata, testPart.metadata]).toMatchObject([{ rows: 782 }, { rows: 195 }])

  const prepared = {
    train_features: dataset('train_features'),
    test_features: dataset('test_features'),
    preprocessing: artifact('system.Artifact', 'preprocessing'),
  }
  await preprocess.run({ ...parts, target: 'income', ...PREPROCESS }, prepared, context)
  const model = { ...artifact('system.Model', 'model'), framework: '' }
  const inputs = { data: prepared.train_features, target: 'income', preprocessing: prepared.preprocessing, ...TRAIN }
  await train.run(inputs, { model }, context)
  expect(model.metadata).toMatchObject({ classes: ['<=50K', '>50K'], trainedWith: { rows: 782, trees: 30 } })

  const { log, metrics, classification } = notes()
  const outputs = { metrics, classification_metrics: classification }
  const result = await evaluate.run({ model, data: testPart }, outputs, context)
  expect(result.accuracy).toBeGreaterThan(0.78)
  expect(log).toMatchObject({ accuracy: result.accuracy, auc: expect.any(Number), 'recall/gt50K': expect.any(Number) })
  expect(log.confusion).toMatchObject([
    ['<=50K', '>50K'],
    [[expect.any(Number), expect.any(Number)], expect.any(Array)],
  ])

  // The model has its preprocessing inside: rows that are preprocessed already give the same result.
  const again = await evaluate.run({ model, data: prepared.test_features }, outputs, context)
  expect(again).toEqual(result)

  const loaded = parseModel(await readFile(model.path, 'utf8'))
  expect(predictRecord(loaded, { age: 44, education: 'Masters', marital_status: 'Married-civ-spouse' }).label).toMatch(
    '50K',
  )
})

test('without preprocessing, train learns from the numbers as they are', async () => {
  const data = dataset('numbers.csv')
  await writeFile(
    data.path,
    `x,y\n${Array.from({ length: 40 }, (_, i) => `${i},${i < 20 ? 'low' : 'high'}`).join('\n')}\n`,
  )
  const model = { ...artifact('system.Model', 'numbers.model'), framework: '' }
  const inputs = { data, target: 'y', preprocessing: undefined, ...TRAIN, max_depth: 3, max_features: '1' }
  await train.run(inputs, { model }, context)
  const loaded = parseModel(await readFile(model.path, 'utf8'))
  expect(loaded.trainedWith).toMatchObject({ maxDepth: 3, maxFeatures: 1 })
  expect(predictRecord(loaded, { x: 2 }).label).toBe('low')
})

describe('load_csv reads', () => {
  const read = async (source: string) => {
    const data = dataset('read.csv')
    await loadCsv.run({ source, delimiter: ',', missing_values: ['NA'] }, { dataset: data }, context)
    return readFile(data.path, 'utf8')
  }
  test('data URLs, also gzipped', async () => {
    expect(await read('data:text/csv,a,b%0A1,NA%0A')).toBe('a,b\n1,\n')
    expect(await read(`data:application/gzip;base64,${gzipSync('a,b\n1,2\n').toString('base64')}`)).toBe('a,b\n1,2\n')
  })
  test('paths', async () => {
    await writeFile(join(folder, 'plain.csv'), 'a\n1\n')
    expect(await read(join(folder, 'plain.csv'))).toBe('a\n1\n')
  })
  test.each([
    ['a missing file', '/no/such/file.csv', '/no/such/file.csv: there is no such file where this step runs'],
    ['nothing', '', 'no source is given'],
    ['a folder', '/tmp', 'cannot be read (EISDIR)'],
    ['a server that is not there', 'http://127.0.0.1:1/data.csv', 'http://127.0.0.1:1/data.csv: '],
    ['a data URL without data', 'data:text/csv,', 'the CSV is empty'],
  ])('%s with a clear error', async (_, source, message) => {
    await expect(read(source)).rejects.toThrow(message)
  })
})

test('a missing input file names its artifact', async () => {
  const inputs = { data: dataset('nowhere'), test_fraction: 0.2, seed: 1, stratify_by: '' }
  await expect(split.run(inputs, { train: dataset('a'), test: dataset('b') }, context)).rejects.toThrow(
    'dataset "nowhere"',
  )
})
