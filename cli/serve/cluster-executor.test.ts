import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { KubeClient } from '../../client/kube/client.ts'
import { KubeConnectionError, KubeError } from '../../client/kube/transport.ts'
import { createSqlRecords } from '../../operator/run-records.ts'
import type { RunStore } from '../../operator/run-store.ts'
import { type PipelineRun, viewRun } from '../../operator/run-view.ts'
import { type RunningServer, serve } from '../../server/start.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { type ClusterExecutor, clusterExecutor } from './cluster-executor.ts'

const PIPELINE = {
  pipelineInfo: { name: 'my-pipeline' },
  schemaVersion: '2.1.0',
  sdkVersion: 'kfp-2.14.3',
  deploymentSpec: { executors: { 'exec-a': { container: { image: 'busybox' } } } },
  components: { 'comp-a': { executorLabel: 'exec-a' } },
  root: { dag: { tasks: { a: { taskInfo: { name: 'a' }, componentRef: { name: 'comp-a' } } } } },
}

/** PipelineRuns by name, with the trouble that a test wants. */
function fakeKube() {
  const objects = new Map<string, PipelineRun>()
  const state = { down: false, refuse: undefined as string | undefined, created: 0, deletedBeforePatch: false }
  const request = { method: 'GET', path: '/x' } as const
  const failing = (status: number, reason: string): never => {
    throw new KubeError(request, { status, text: JSON.stringify({ reason, message: reason }) })
  }
  const reach = () => {
    if (state.down) throw new KubeConnectionError(request, new Error('down'))
  }
  const client = {
    get: async (_resource: unknown, _namespace: string, name: string) => {
      reach()
      return objects.get(name) ?? failing(404, 'NotFound')
    },
    create: async (_resource: unknown, _namespace: string, object: PipelineRun) => {
      reach()
      if (state.refuse) failing(422, state.refuse)
      if (objects.has(object.metadata.name)) failing(409, 'AlreadyExists')
      state.created++
      objects.set(object.metadata.name, { ...object, metadata: { ...object.metadata, uid: `uid-${state.created}` } })
      return object
    },
    patch: async (_resource: unknown, _namespace: string, name: string, patch: { spec: object }) => {
      reach()
      if (state.deletedBeforePatch) objects.delete(name)
      const known = objects.get(name) ?? failing(404, 'NotFound')
      objects.set(name, { ...known, spec: { ...known.spec, ...patch.spec } })
      return known
    },
    delete: async (_resource: unknown, _namespace: string, name: string) => {
      reach()
      objects.delete(name)
    },
  } as unknown as KubeClient
  return { client, objects, state }
}

const store = { rootOf: () => '/kfp-store/artifacts', deleteRun: async () => {} } as unknown as RunStore
let folder: string
let metadata: Metadata
let kube: ReturnType<typeof fakeKube>
let server: RunningServer
let executor: ClusterExecutor

async function start(): Promise<void> {
  server = await serve({
    dataDirectory: folder,
    metadata,
    port: 0,
    executor: (parts) => {
      executor = clusterExecutor(parts, { kube: kube.client, store, namespace: 'team' })
      return executor
    },
  })
}

async function stop(): Promise<void> {
  await executor.stop()
  await server.close()
}

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-cluster-executor-'))
  metadata = await openMetadata({ url: ':memory:' })
  kube = fakeKube()
  await start()
})
afterEach(async () => {
  await stop()
  await metadata.close()
  rmSync(folder, { recursive: true, force: true })
})

async function post(path: string, body: object = {}) {
  const response = await fetch(`${server.url}/apis/v2beta1/${path}`, { method: 'POST', body: JSON.stringify(body) })
  return { status: response.status, body: (await response.json()) as Record<string, string> }
}
const startRun = async (): Promise<string> =>
  (await post('runs', { display_name: 'a run', pipeline_spec: PIPELINE })).body['run_id']!
const stateOf = async (id: string): Promise<string> =>
  ((await (await fetch(`${server.url}/api/v1/runs/${id}`)).json()) as { state: string }).state
const only = (): PipelineRun => [...kube.objects.values()][0]!

/** As the operator does when it takes a run up, and when it has ended it. */
async function takeUp(end?: 'FAILED' | 'SUCCEEDED'): Promise<void> {
  const resource = only()
  const run = viewRun(resource)
  const records = createSqlRecords(metadata)
  await records.claim(run)
  const config = { runId: run.runId, runName: run.displayName, createTime: 1, arguments: {}, pipelineRoot: '' }
  const header = { config: config as never, namespace: 'team', resource: { name: run.name, uid: run.uid } }
  if (!(await records.has(run.runId)))
    await records.create({ ...header, pipelineName: 'my-pipeline', pipelineText: JSON.stringify(PIPELINE) })
  if (!end) return
  await records.record({ runId: run.runId, pipeline: '', state: end, outputs: {}, tasks: [] })
  const retryCount = resource.spec.retryCount ?? 0
  kube.objects.set(run.name, { ...resource, status: { phase: end === 'FAILED' ? 'Failed' : 'Succeeded', retryCount } })
}

describe('a run', () => {
  test('becomes a resource with its id and name; starting it again makes no second one', async () => {
    const id = await startRun()
    expect(only().metadata).toMatchObject({
      name: `my-pipeline-${id.replaceAll('-', '').slice(0, 12)}`,
      labels: { 'pipelines.kfp-ts.dev/run-id': id },
      annotations: { 'pipelines.kfp-ts.dev/display-name': 'a run' },
    })
    await stop()
    await start()
    await vi.waitFor(() => expect(kube.state.created).toBe(1))
    expect(await stateOf(id)).toBe('PENDING')
  })

  test('that was stored when the server was killed is made by the next one', async () => {
    kube.state.down = true
    const id = await startRun()
    expect(await stateOf(id)).toBe('PENDING')
    await stop()
    expect(kube.objects.size).toBe(0)
    kube.state.down = false
    await start()
    await vi.waitFor(() => expect(kube.objects.size).toBe(1))
    expect(viewRun(only()).runId).toBe(id)
  })

  test('is accepted while the API server is away, and made when it is back', async () => {
    kube.state.down = true
    const id = await startRun()
    expect(id).toBeTruthy()
    kube.state.down = false
    await vi.waitFor(() => expect(kube.objects.size).toBe(1), 10_000)
  })

  test('that the cluster refuses has failed, with its words', async () => {
    kube.state.refuse = 'spec.arguments is too long'
    const answer = await post('runs', { display_name: 'r', pipeline_spec: PIPELINE })
    expect(answer.status).toBe(400)
    expect(answer.body['message']).toContain('spec.arguments is too long')
  })

  test('that is canceled before its resource exists never starts', async () => {
    kube.state.down = true
    const id = await startRun()
    await stop()
    await metadata.db.updateTable('runs').set({ state: 'CANCELING' }).where('run_id', '=', id).execute()
    kube.state.down = false
    await start()
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('CANCELED'))
    expect(kube.objects.size).toBe(0)
  })

  test('is canceled once the API server is back, when it was away as that was asked', async () => {
    const id = await startRun()
    await takeUp()
    kube.state.down = true
    expect((await post(`runs/${id}:terminate`)).status).toBe(200)
    kube.state.down = false
    await vi.waitFor(() => expect(only().spec.cancel).toBe(true), 10_000)
  })

  test('whose resource goes as it is canceled has ended', async () => {
    const id = await startRun()
    await takeUp()
    kube.state.deletedBeforePatch = true
    expect((await post(`runs/${id}:terminate`)).status).toBe(200)
    expect(await stateOf(id)).toBe('CANCELED')
  })

  test('whose resource was deleted while nobody watched has ended', async () => {
    const id = await startRun()
    await takeUp()
    await stop()
    kube.objects.clear()
    await start()
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('CANCELED'))
  })

  test('whose resource was deleted before an operator took it up has ended, and is not made again', async () => {
    const id = await startRun()
    await stop()
    kube.objects.clear()
    await start()
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('CANCELED'))
    expect(kube.objects.size).toBe(0)
  })

  test('is retried by one higher retryCount, also when the server was killed before the patch', async () => {
    const id = await startRun()
    await takeUp('FAILED')
    kube.state.down = true
    expect((await post(`runs/${id}:retry`)).status).toBe(503)
    kube.state.down = false
    expect((await post(`runs/${id}:retry`)).status).toBe(200)
    expect(only().spec).toMatchObject({ retryCount: 1, cancel: false })
    await takeUp('FAILED')
    const history = JSON.stringify([
      { update_time: 1, state: 'FAILED' },
      { update_time: 2, state: 'PENDING' },
    ])
    await metadata.db.updateTable('runs').set({ state: 'PENDING' }).where('run_id', '=', id).execute()
    await metadata.db.updateTable('pipeline_runs').set({ state_history: history }).where('run_id', '=', id).execute()
    await stop()
    await start()
    await vi.waitFor(() => expect(only().spec.retryCount).toBe(2))
  })

  test('is deleted with its resource; a missing one is no trouble', async () => {
    const id = await startRun()
    const remove = () => fetch(`${server.url}/apis/v2beta1/runs/${id}`, { method: 'DELETE' })
    expect((await remove()).status).toBe(200)
    expect(kube.objects.size).toBe(0)
    expect((await remove()).status).toBe(404)
  })
})

test('a resource with the id of another record is not the run', async () => {
  const id = await startRun()
  const records = createSqlRecords(metadata)
  const forged = { namespace: 'team', name: 'forged', uid: 'u9', runId: id, displayName: 'x' }
  await expect(records.claim(forged)).rejects.toMatchObject({ code: 'invalid-input' })
  await expect(records.claim({ ...forged, runId: 'unknown' })).rejects.toMatchObject({ code: 'invalid-input' })
  expect(await records.owns(forged)).toBe(false)
  await records.forget(forged, () => Promise.reject(new Error('files of another')))
  await records.refuse(forged, 'FAILED', { code: 'x', message: 'x' })
  expect(await stateOf(id)).toBe('PENDING')
  await expect(records.claim(viewRun(only()))).resolves.toBeUndefined()
})
