/** Our numbers against scikit-learn's, and our model file read by another language. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  classificationQuality,
  columnValues,
  fitPreprocessing,
  parseCsv,
  predictTable,
  preprocessTable,
  printCsv,
  printModel,
  rocCurve,
  splitTable,
  trainClassifier,
} from '../../../components/index.ts'
import { seededRandom } from '../../../components/random/seeded.ts'
import { compareAccuracy, differencePoints, printComparison } from '../../bench/accuracy.ts'
import { runPython } from './scikit-learn.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kfp-ts-accuracy-'))
})
afterAll(() => rm(folder, { recursive: true }))

test('the accuracy is within 2 points of scikit-learn on the same splits', async () => {
  const comparisons = await compareAccuracy([1, 2, 3, 4, 5])
  console.log(printComparison(comparisons))
  expect(comparisons).toHaveLength(4)
  for (const comparison of comparisons) {
    expect(Math.abs(differencePoints(comparison)), comparison.data).toBeLessThan(2)
    expect(Math.abs(comparison.ourAuc - comparison.theirAuc), comparison.data).toBeLessThan(0.02)
  }
})

describe('our metrics are those of scikit-learn', () => {
  const random = seededRandom(9)
  const pick = (classes: readonly string[]) => classes[Math.floor(random() * classes.length)]!
  const cases = [2, 3, 5].map((count) => {
    const classes = ['a', 'b', 'c', 'd', 'never'].slice(0, count)
    const rows = Array.from({ length: 200 }, () => ({
      truth: pick(classes),
      predicted: random() < 0.5 ? 'a' : pick(classes.slice(0, 4)),
      score: Math.round(random() * 20) / 20,
    }))
    return { classes, rows }
  })
  test('precision, recall, F1, confusion matrix and area under the curve', async () => {
    const jobs = cases.map(({ classes, rows }) => ({
      classes,
      truth: rows.map((row) => row.truth),
      predicted: rows.map((row) => row.predicted),
      ...(classes.length === 2 ? { scores: rows.map((row) => row.score) } : {}),
    }))
    const answers = (await runPython('scikit_learn.py', [], jobs)) as Record<string, number[] & number>[]
    cases.forEach(({ classes, rows }, i) => {
      const index = (name: string) => classes.indexOf(name)
      const quality = classificationQuality(
        rows.map((row) => index(row.truth)),
        rows.map((row) => index(row.predicted)),
        classes,
      )
      const answer = answers[i]!
      expect(quality.confusion).toEqual(answer.confusion)
      classes.forEach((name, c) => {
        expect(quality.byClass[name]!.precision).toBeCloseTo(answer.precision![c]!, 12)
        expect(quality.byClass[name]!.recall).toBeCloseTo(answer.recall![c]!, 12)
        expect(quality.byClass[name]!.f1).toBeCloseTo(answer.f1![c]!, 12)
      })
      if (classes.length !== 2) return
      const curve = rocCurve(
        rows.map((row) => row.truth === 'b'),
        rows.map((row) => row.score),
      )
      expect(curve!.auc).toBeCloseTo(answer.auc!, 12)
    })
  })
})

test('Python reads the model file with its own library alone and predicts the same', async () => {
  const table = parseCsv(await readFile(new URL('../../../examples/data/adult-income.csv', import.meta.url), 'utf8'))
  const { train, test: unseen } = splitTable(table, { testFraction: 0.4, seed: 3, stratifyBy: 'income' })
  const plan = fitPreprocessing(train, { target: 'income' })
  const model = trainClassifier(preprocessTable(plan, train), 'income', { trees: 25, maxDepth: 7, seed: 3 }, plan)
  const files = { model: join(folder, 'model.json'), features: join(folder, 'features.csv') }
  await writeFile(files.model, printModel(model))
  await writeFile(files.features, printCsv(preprocessTable(plan, unseen)))
  const answers = await runPython('read_model.py', [files.model, files.features])
  expect(answers).toEqual(predictTable(model, unseen).labels)
  expect(new Set(columnValues(unseen, 'income')).size).toBe(2)
})
