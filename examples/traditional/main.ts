/** Architecture 1, all in one program and no pipeline: load, split, train, judge, save, load again, serve a prediction. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { json } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  type ClassifierModel,
  evaluateModel,
  fitPreprocessing,
  parseCsv,
  parseModel,
  predictRecord,
  preprocessTable,
  printEvaluation,
  printModel,
  readSource,
  splitTable,
  trainClassifier,
} from 'kfp-ts/components'

const DATA = fileURLToPath(new URL('../data/breast-cancer.csv', import.meta.url))
const TARGET = 'diagnosis'

/** What a run of the example found out. */
export interface Result {
  readonly accuracy: number
  readonly modelFile: string
  /** Answer of the deployed model to one row of the test part, and the truth. */
  readonly answer: { readonly label: string; readonly truth: string; readonly probabilities: Record<string, number> }
}

/** @param folder where the model is saved */
export async function main(folder: string, print: (line: string) => void): Promise<Result> {
  const table = parseCsv(await readSource(DATA))
  const { train, test } = splitTable(table, { testFraction: 0.2, seed: 42, stratifyBy: TARGET })
  print(`${table.rows.length} rows: ${train.rows.length} to train, ${test.rows.length} to test`)

  const plan = fitPreprocessing(train, { target: TARGET })
  const model = trainClassifier(preprocessTable(plan, train), TARGET, { trees: 100, seed: 42 }, plan)
  const evaluation = evaluateModel(model, test)
  print(printEvaluation(evaluation))

  const modelFile = join(folder, 'breast-cancer.model.json')
  await mkdir(folder, { recursive: true })
  await writeFile(modelFile, printModel(model))
  const loaded = parseModel(await readFile(modelFile, 'utf8'))
  print(`saved and loaded again: ${modelFile}`)

  const patient = Object.fromEntries(test.columns.map((name, i) => [name, test.rows[0]![i]!]))
  const { [TARGET]: truth = '', ...measures } = patient
  const answer = await askDeployed(loaded, measures)
  print(`the deployed model says "${answer.label}", the truth is "${truth}"`)
  return { accuracy: evaluation.quality.accuracy, modelFile, answer: { ...answer, truth } }
}

/** "Deploys" the model as a small HTTP server on this machine, asks it once and stops it. */
async function askDeployed(model: ClassifierModel, record: Record<string, string>) {
  const server = await deploy(model)
  try {
    const { port } = server.address() as AddressInfo
    const body = JSON.stringify(record)
    const response = await fetch(`http://127.0.0.1:${port}/predict`, { method: 'POST', body })
    return (await response.json()) as { label: string; probabilities: Record<string, number> }
  } finally {
    server.close()
  }
}

/** Answers `POST /predict` with a JSON record of the raw columns by label and probabilities. */
function deploy(model: ClassifierModel): Promise<Server> {
  const server = createServer(async (request, response) => {
    try {
      const answer = predictRecord(model, (await json(request)) as Record<string, string | number>)
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    } catch (cause) {
      response.writeHead(400).end(String(cause))
    }
  })
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)))
}

if (import.meta.main) {
  const folder = process.argv[2] ?? join(dirname(fileURLToPath(import.meta.url)), 'output')
  await main(folder, console.log)
}
