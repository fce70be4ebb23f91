import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createExperiment } from '../store/metadata/experiments.ts'
import { insertPipelineRun } from '../store/metadata/pipeline-runs.ts'
import { RunRecorder } from '../store/metadata/record-run.ts'
import type { Access } from './access.ts'
import type { RunningServer } from './start.ts'
import { serveSmall } from './testing/small-server.ts'

const OURS = '11111111-1111-4111-8111-111111111111'
const THEIRS = '22222222-2222-4222-8222-222222222222'
const access: Access = {
  multiUser: true,
  authenticate: async () => ({ actor: 'alice', groups: [] }),
  allows: async (_identity, _verb, _resource, namespace) => namespace === 'ours',
}
let server: RunningServer

beforeAll(async () => {
  const readPipelineArtifact = async () => Readable.from([Buffer.from('bytes')])
  server = await serveSmall({ access, readPipelineArtifact })
  await addRun('ours', OURS, {
    own: `s3://b/kfp/artifacts/p/${OURS}/t/out`,
    theirs: `s3://b/kfp/artifacts/p/${THEIRS}/t/out`,
    hidden: `s3://b/kfp/artifacts/p/${THEIRS}/t/${OURS}/out`,
    elsewhere: 's3://b/kfp/artifacts/secret',
    dots: `/kfp/artifacts/p/${OURS}/../${THEIRS}/t/out`,
    dot: `/kfp/artifacts/p/./${OURS}/t/out`,
    file: `file:///kfp/artifacts/p/${OURS}/t/out`,
    'hidden dots': `file:///kfp/artifacts/p/${OURS}/%2e%2e/${THEIRS}/t/out`,
    'hidden id': `file:///kfp/artifacts/p/%32${THEIRS.slice(1)}/t/${OURS}/out`,
  })
  await addRun('theirs', THEIRS, {})
})
afterAll(async () => {
  await server.close()
})

async function addRun(namespace: string, runId: string, uris: Readonly<Record<string, string>>): Promise<void> {
  const { metadata } = server.services
  await metadata.transaction(async (db) => {
    const { experiment_id: experimentId } = await createExperiment(db, { namespace, name: 'e', now: 1 })
    const run = { runId, experimentId, namespace, kind: 'pipeline', name: 'r', userId: '', state: 'RUNNING' } as const
    await insertPipelineRun(
      db,
      { ...run, startTime: 1, artifactUri: '', now: 1 },
      {
        pipeline_name: 'p',
        pipeline_id: null,
        pipeline_version_id: null,
        pipeline_spec: '{}',
        runtime_config: '{}',
        service_account: null,
        recurring_run_id: null,
        scheduled_at: 1,
        plugins_input: null,
      },
      {},
    )
  })
  const artifacts = Object.entries(uris).map(([name, uri]) => [name, [{ name, type: {}, uri, metadata: {} }]])
  const outputs = { parameters: {}, artifacts: Object.fromEntries(artifacts) }
  const task = { path: 'root/t', name: 't', state: 'SUCCEEDED', cached: false, attempts: 1, outputs } as const
  await new RunRecorder(metadata).record({ runId, pipeline: 'p', state: 'SUCCEEDED', outputs: {}, tasks: [task] })
}

test.each([
  ['own', 200],
  ['theirs', 404],
  ['hidden', 404],
  ['elsewhere', 404],
  ['dots', 404],
  ['dot', 404],
  ['file', 200],
  ['hidden dots', 404],
  ['hidden id', 404],
])('the artifact "%s" of a run is answered with %i', async (name, status) => {
  const path = `/apis/v2beta1/runs/${OURS}/nodes/${encodeURIComponent('root/t')}/artifacts/${encodeURIComponent(name)}:read`
  const answer = await fetch(`${server.url}${path}`)
  expect(answer.status).toBe(status)
  if (status === 200) expect(await answer.json()).toEqual({ data: Buffer.from('bytes').toString('base64') })
})
