/**
 * Architecture 2, around the model: an experiment of twelve runs, the best by search, registered, promoted through a gate and an
 * approval, served, rolled back, and asked what was live at an earlier time.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ModelRegistry, type TrackedRun } from 'kfp-ts/client'
import { CHOICES, type Data, loadData, trackRun } from './experiment.ts'
import { type Started, startCommand } from './processes.ts'

const NAME = 'breast-cancer'

export interface Result {
  readonly runs: number
  readonly best: TrackedRun
  /** Outcomes of the promotions in their order. */
  readonly outcomes: readonly string[]
  /** Versions that answered predictions: the champion, and after the roll back. */
  readonly served: readonly string[]
  readonly label: string
  readonly truth: string
  readonly asOf: Readonly<Record<string, number>>
  readonly actions: readonly string[]
}

export async function main(folder: string, print: (line: string) => void): Promise<Result> {
  const server = await startCommand(['serve', '--port', '0', '--root', folder])
  try {
    return await story(server, print)
  } finally {
    await server.stop()
  }
}

async function story(server: Started, print: (line: string) => void): Promise<Result> {
  const registry = new ModelRegistry({ url: server.url })
  const data = await loadData()
  const experiment = await registry.experiment('which forest')
  const runs: TrackedRun[] = []
  for (const choice of CHOICES) runs.push(await trackRun(registry, experiment, data, choice))

  const [best] = await registry.searchRuns([experiment], 'metrics.accuracy > 0.5', ['metrics.accuracy DESC'], 1)
  if (!best) throw new Error('no run was any good')
  print(`${runs.length} runs; the best: ${best.name}, accuracy ${best.metrics['accuracy']?.toFixed(3)}`)

  const first = await registry.register(NAME, `${runs[0]!.artifactUri}/model`, runs[0]!.runId, 'the simplest')
  const second = await registry.register(NAME, `${best.artifactUri}/model`, best.runId, 'the best of the experiment')
  const outcomes = await promote(registry, first.version, second.version, print)
  const beforeRollback = new Date()
  const { served, label } = await serveAndRollBack(registry, data, print)

  const asOf = await registry.aliases(NAME, beforeRollback)
  print(`as of ${beforeRollback.toISOString()} champion was version ${asOf['champion']}`)
  const actions = (await registry.history(NAME)).map(({ action }) => action)
  return { runs: runs.length, best, outcomes, served, label, truth: data.truth, asOf, actions }
}

/** The first champion needs no comparison; the second must be better and somebody must agree; a worse one is refused. */
async function promote(registry: ModelRegistry, first: string, second: string, print: (line: string) => void) {
  const gate = { metric: 'accuracy' }
  const outcomes: string[] = []
  const note = (outcome: string, explanation: string) => {
    outcomes.push(outcome)
    print(`${outcome}: ${explanation}`)
  }
  const simple = await registry.promote(NAME, 'champion', first, { gate, reason: 'first version' })
  note(simple.outcome, simple.gate.explanation)
  const better = await registry.promote(NAME, 'champion', second, { gate, approvers: ['ada'], expiresInSeconds: 3600 })
  note(better.outcome, better.gate.explanation)
  const ada = new ModelRegistry({ url: registry.url, user: 'ada' })
  note((await ada.decide(better.promotionId!, 'approve', 'looked at the errors')).state, 'ada agreed')
  const worse = await registry.promote(NAME, 'champion', first, { gate })
  note(worse.outcome, worse.gate.explanation)
  return outcomes
}

/** The prediction server follows the alias, also when it moves back. */
async function serveAndRollBack(registry: ModelRegistry, data: Data, print: (line: string) => void) {
  const place = `models:/${NAME}@champion`
  const model = await startCommand(['serve-model', place, '--url', registry.url, '--port', '0', '--refresh', '0.1'])
  try {
    const served = [await servedVersion(model)]
    const body = JSON.stringify({ dataframe_records: [data.sample] })
    const answer = await fetch(`${model.url}/invocations`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    const { predictions } = (await answer.json()) as { predictions: { prediction: string }[] }
    const label = predictions[0]!.prediction
    print(`version ${served[0]} says "${label}", the truth is "${data.truth}"`)
    const { to } = await registry.rollback(NAME, 'champion', 'to show how')
    while (served.at(-1) !== String(to)) served[1] = await servedVersion(model)
    print(`rolled back: version ${to} answers now`)
    return { served, label }
  } finally {
    await model.stop()
  }
}

async function servedVersion(model: Started): Promise<string> {
  const response = await fetch(`${model.url}/v1/models/${NAME}`)
  return ((await response.json()) as { version: string }).version
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-model-centric-'))
  try {
    await main(folder, console.log)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
