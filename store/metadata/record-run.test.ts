import { afterEach, beforeEach, expect, test } from 'vitest'
import type { RunReport } from '../../api/run-report.ts'
import { type Metadata, openMetadata } from './database.ts'
import { ensureDefaultExperiment } from './experiments.ts'
import { insertPipelineRun } from './pipeline-runs.ts'
import { RunRecorder } from './record-run.ts'

let metadata: Metadata
beforeEach(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  const run = { experimentId: 0, namespace: 'team', kind: 'pipeline' as const, name: 'train', userId: '' }
  const rest = { pipeline_id: null, pipeline_version_id: null, service_account: null, recurring_run_id: null }
  await insertPipelineRun(
    metadata.db,
    { ...run, runId: 'r', state: 'RUNNING', startTime: 1, artifactUri: '', now: 1 },
    { ...rest, pipeline_name: 'p', pipeline_spec: '{}', runtime_config: '{}', scheduled_at: 1, plugins_input: null },
    {},
  )
})
afterEach(() => metadata.close())

const report: RunReport = {
  runId: 'r',
  pipeline: 'p',
  state: 'RUNNING',
  outputs: {},
  tasks: [
    {
      path: 'root/a',
      name: 'a',
      state: 'RUNNING',
      cached: false,
      attempts: 1,
      outputs: { parameters: {}, artifacts: {} },
    },
  ],
}

test('what was written is known, so that it is not written again, until the run is forgotten', async () => {
  let changes = 0
  const recorder = new RunRecorder(metadata, () => changes++)
  for (const _time of [1, 2]) await recorder.record(report)
  expect(changes).toBe(1)
  recorder.forget('r')
  await recorder.record(report)
  expect(changes).toBe(2)
})
