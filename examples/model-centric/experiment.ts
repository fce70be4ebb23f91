/** The experiment: one run per choice of parameters, each with its metrics and its model file in the tracking server. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { ModelRegistry, TrackedRun } from 'kfp-ts/client'
import {
  type ClassifierModel,
  evaluateModel,
  fitPreprocessing,
  parseCsv,
  preprocessTable,
  printModel,
  splitTable,
  trainClassifier,
} from 'kfp-ts/components'

const DATA = fileURLToPath(new URL('../data/breast-cancer.csv', import.meta.url))
const TARGET = 'diagnosis'

export interface Choice {
  readonly trees: number
  readonly maxDepth: number
}

/** Twelve choices, from too small to large enough. */
export const CHOICES: readonly Choice[] = [1, 3, 10, 30].flatMap((trees) =>
  [1, 3, 8].map((maxDepth) => ({ trees, maxDepth })),
)

/** Data that all runs share: the models are judged on rows that none of them has seen. */
export async function loadData() {
  const table = parseCsv(await readFile(DATA, 'utf8'))
  const { train, test } = splitTable(table, { testFraction: 0.3, seed: 7, stratifyBy: TARGET })
  const [columns, row] = [test.columns, test.rows[0]!]
  const { [TARGET]: truth = '', ...sample } = Object.fromEntries(columns.map((name, at) => [name, row[at]!]))
  return { train, test, sample, truth }
}

export type Data = Awaited<ReturnType<typeof loadData>>

/** Trains one model and logs parameters, metrics and the model file to a run of its own. */
export async function trackRun(
  registry: ModelRegistry,
  experimentId: string,
  data: Data,
  choice: Choice,
): Promise<TrackedRun> {
  const run = await registry.createRun(experimentId, `${choice.trees} trees, depth ${choice.maxDepth}`)
  await registry.log(run.runId, { params: { ...choice }, tags: { data: 'breast-cancer.csv' } })
  const { model, accuracy, f1 } = trainAndJudge(data, choice)
  await registry.upload(run, 'model/model.json', printModel(model))
  await registry.log(run.runId, { metrics: { accuracy, f1 } })
  await registry.endRun(run.runId)
  return await registry.getRun(run.runId)
}

function trainAndJudge(
  data: Data,
  { trees, maxDepth }: Choice,
): { model: ClassifierModel; accuracy: number; f1: number } {
  const plan = fitPreprocessing(data.train, { target: TARGET })
  const model = trainClassifier(preprocessTable(plan, data.train), TARGET, { trees, maxDepth, seed: 42 }, plan)
  const { quality } = evaluateModel(model, data.test)
  return { model, accuracy: quality.accuracy, f1: quality.macro.f1 }
}
