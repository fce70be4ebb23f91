/** The Python step of examples/model-centric: scikit-learn and the unmodified mlflow beside the TypeScript runs, in one registry. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ModelRegistry } from '../../client/model-registry.ts'
import { CHOICES, loadData, trackRun } from '../../examples/model-centric/experiment.ts'
import { type Started, startCommand } from '../../examples/model-centric/processes.ts'
import { MLFLOW_3, pythonEnvironment } from '../python-environment.ts'
import { runProgram } from './run-script.ts'

const EXAMPLE = new URL('../../examples/', import.meta.url).pathname
let folder: string
let server: Started

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-model-centric-'))
  server = await startCommand(['serve', '--port', '0', '--root', folder])
})
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

test('trains, logs, registers and loads again; the registry tells where the model comes from', async () => {
  const registry = new ModelRegistry({ url: server.url })
  const experiment = await registry.experiment('which forest')
  await trackRun(registry, experiment, await loadData(), CHOICES[0]!)

  const script = join(EXAMPLE, 'model-centric/train_step.py')
  const said = await runProgram(await pythonEnvironment(MLFLOW_3), script, [join(EXAMPLE, 'data/breast-cancer.csv')], {
    MLFLOW_TRACKING_URI: server.url,
  })
  expect(said).toContain('registered and loaded again')

  const runs = await registry.searchRuns([experiment], 'metrics.accuracy > 0', ['metrics.accuracy DESC'])
  expect(runs.map(({ name }) => name).sort()).toEqual(['1 trees, depth 1', 'scikit-learn'])
  const lineage = await registry.lineage('breast-cancer-sklearn', '@champion')
  expect(lineage).toMatchObject({
    version: 1,
    params: { library: 'scikit-learn' },
    metrics: { accuracy: expect.any(Number) },
    run: { name: 'scikit-learn', state: 'SUCCEEDED' },
  })
  expect(await registry.versionsFrom({ run: lineage.run!.runId })).toMatchObject([
    { name: 'breast-cancer-sklearn', version: 1 },
  ])
})
