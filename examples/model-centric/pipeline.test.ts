import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ModelRegistry } from 'kfp-ts/client'
import { compile } from 'kfp-ts/compiler'
import { parseCsv } from 'kfp-ts/components'
import { expect, test } from 'vitest'
import { retrain } from './pipeline.ts'
import { startCommand } from './processes.ts'

const DATA = fileURLToPath(new URL('../data/breast-cancer.csv', import.meta.url))

/** The first row without its target, and the target. */
function firstRow(text: string) {
  const { columns, rows } = parseCsv(text)
  const { diagnosis: truth, ...first } = Object.fromEntries(columns.map((name, at) => [name, rows[0]![at]!]))
  return { first, truth }
}

/** Starts the pipeline through KFP's API and follows its events to the end. */
async function run(
  url: string,
  pipelineSpec: object,
  trees: number,
): Promise<{ runId: string; outputs: Record<string, unknown> }> {
  const started = await fetch(`${url}/apis/v2beta1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      display_name: `${trees} trees`,
      pipeline_spec: pipelineSpec,
      runtime_config: { parameters: { source: DATA, target: 'diagnosis', trees } },
    }),
  })
  const { run_id: runId } = (await started.json()) as { run_id: string }
  const events = await (await fetch(`${url}/api/v1/runs/${runId}/events`)).text()
  const last = events
    .trim()
    .split('\n\n')
    .findLast((event) => event.startsWith('event: run'))
  const status = JSON.parse(/^data: (.*)$/m.exec(last ?? '')![1]!) as {
    state: string
    outputs: Record<string, unknown>
  }
  expect(status).toMatchObject({ state: 'SUCCEEDED' })
  return { runId, outputs: status.outputs }
}

test('retraining registers, promotes and serves, and a worse model is not promoted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'kfp-ts-retrain-'))
  const server = await startCommand(['serve', '--port', '0', '--root', folder])
  try {
    const { document } = await compile(retrain)
    const { outputs } = await run(server.url, document!.spec, 30)
    expect(outputs).toMatchObject({ outcome: 'promoted', url: expect.stringMatching(/^http:/) })
    const { first, truth } = firstRow(await readFile(DATA, 'utf8'))
    const predict = async (url: string) => {
      const response = await fetch(`${url}/invocations`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ instances: [first] }),
      })
      const { predictions } = (await response.json()) as { predictions: { prediction: string }[] }
      return [response.headers.get('x-model-version'), predictions[0]!.prediction]
    }
    expect(await predict(String(outputs['url']))).toEqual(['1', truth])
    const worse = await run(server.url, document!.spec, 1)
    expect(worse.outputs).toMatchObject({ outcome: 'refused', url: outputs['url'] })
    const registry = new ModelRegistry({ url: server.url })
    expect(await registry.aliases('breast-cancer')).toEqual({ champion: 1 })
    const history = await registry.history('breast-cancer')
    expect(history.map((line) => line.action)).toEqual([
      'reject-promotion',
      'create-version',
      'set-alias',
      'create-version',
      'create-model',
    ])
    expect(history[0]!.actor).toMatch(/^run:[0-9a-f]{32}$/)
    const lineage = await registry.lineage('breast-cancer', '@champion')
    expect(lineage).toMatchObject({ run: { kind: 'task' }, pipeline: { name: 'retrain' } })
    const tasks = await registry.searchRuns(['0'], `tags.mlflow.parentRunId = '${worse.runId}'`)
    expect(tasks.length).toBe(8)
  } finally {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
})
