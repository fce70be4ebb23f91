import { afterEach, beforeEach, expect, test } from 'vitest'
import type { KubeClient } from '../client/kube/client.ts'
import { KubeError } from '../client/kube/transport.ts'
import type { Launch } from '../engine/types.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { taskRunId } from '../store/metadata/record-run.ts'
import { createSqlRecords } from './run-records.ts'
import { createStepTracking } from './step-tracking.ts'

const DAY_MILLIS = 24 * 3_600_000
const run = { namespace: 'team', name: 'nightly', uid: 'u1', runId: 'u1', displayName: 'nightly' }
const launch = { displayName: 'Train' } as Launch
let metadata: Metadata
let now = 0

interface Secret {
  readonly metadata: { readonly name: string; readonly ownerReferences: unknown }
  readonly stringData: { readonly token: string }
}

beforeEach(async () => {
  now = 1_700_000_000_000
  metadata = await openMetadata({ url: ':memory:', now: () => now })
  await ensureDefaultExperiment(metadata.db, 1)
  const config = { runId: 'u1', runName: 'nightly', createTime: 1, arguments: {}, pipelineRoot: '' } as never
  const header = { config, namespace: 'team', resource: run, pipelineName: 'p', pipelineText: '{}' }
  await createSqlRecords(metadata).create(header)
})
afterEach(() => metadata.close())

function tracking(refusal?: { status: number; reason: string }) {
  const secrets: Secret[] = []
  const create = async (_resource: unknown, _namespace: string, secret: Secret) => {
    const { status = 0, reason } = refusal ?? {}
    if (refusal) throw new KubeError({ method: 'POST', path: '/s' }, { status, text: JSON.stringify({ reason }) })
    secrets.push(secret)
  }
  const kube = { create } as unknown as KubeClient
  const issueToken = (...claims: unknown[]) => claims.join(' ')
  return { secrets, steps: createStepTracking({ kube, metadata, url: 'http://server', issueToken }) }
}

test('steps of a run share one Secret, owned by the run; each has its own run', async () => {
  const { secrets, steps } = tracking()
  const [first, second] = await Promise.all([
    steps.variables(run, 'root/a', launch),
    steps.variables(run, 'root/b', launch),
  ])
  expect(secrets).toHaveLength(1)
  expect(secrets[0]?.metadata.ownerReferences).toMatchObject([{ kind: 'PipelineRun', uid: 'u1' }])
  expect(secrets[0]?.stringData.token).toMatch(/^u1 team \d+$/)
  const reference = { secretKeyRef: { name: secrets[0]?.metadata.name, key: 'token' } }
  expect(first).toEqual([
    { name: 'MLFLOW_TRACKING_URI', value: 'http://server' },
    { name: 'MLFLOW_RUN_ID', value: taskRunId('u1', 'root/a') },
    { name: 'MLFLOW_TRACKING_TOKEN', valueFrom: reference },
  ])
  expect(second[1]?.value).toBe(taskRunId('u1', 'root/b'))
})

test('a run that lives for days gets another Secret, before the token of the first ends', async () => {
  const { secrets, steps } = tracking()
  await steps.variables(run, 'root/a', launch)
  now += 4 * DAY_MILLIS
  await steps.variables(run, 'root/b', launch)
  expect(new Set(secrets.map((secret) => secret.metadata.name)).size).toBe(2)
  const [, , lifetime] = secrets[0]!.stringData.token.split(' ')
  expect(Number(lifetime)).toBeGreaterThan(7 * DAY_MILLIS)
})

test('a Secret of an earlier operator is used; a refusal is told', async () => {
  const there = tracking({ status: 409, reason: 'AlreadyExists' })
  expect(await there.steps.variables(run, 'root/a', launch)).toHaveLength(3)
  const refused = tracking({ status: 403, reason: 'Forbidden' })
  await expect(refused.steps.variables(run, 'root/a', launch)).rejects.toThrow('Forbidden')
})
