/** Which records without an end are closed, and with what. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { stringify } from 'yaml'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { simulate, TEST_CONFIG } from '../engine/testing/simulate.ts'
import { leafOf, pipelineOf } from '../engine/testing/small-pipeline.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { getPipelineRun, tasksOfRun } from '../store/metadata/pipeline-runs.ts'
import { createPipelineLoader } from './load-pipeline.ts'
import { closeOpenRecords } from './open-records.ts'
import { createSqlRecords, type RunRecords } from './run-records.ts'
import { type PipelineRun, viewRun } from './run-view.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const document = pipelineOf({
  root: { dag: { tasks: { only: { componentRef: { name: 'step' } } } } },
  components: { step: leafOf({}, { out: 'STRING' }) },
  executors: { step: { container: { image: 'step' } } },
})
const { journal } = simulate(document)
const SUCCEEDED = { phase: 'Succeeded', outputs: { answer: 42 } } as const
let metadata: Metadata
let cluster: FakeCluster
let records: RunRecords

beforeEach(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  cluster = new FakeCluster()
  records = createSqlRecords(metadata)
})
afterEach(() => metadata.close())

/** A run whose record has no end, with so much of its journal; answers its resource. */
async function openRun(length: number, status: PipelineRun['status'], owner = 'run-1'): Promise<PipelineRun> {
  await records.create({
    config: { ...TEST_CONFIG, runName: 'train' },
    namespace: 'ml',
    resource: { name: 'train', uid: owner },
    pipelineName: 'small',
    pipelineText: stringify(document.spec),
  })
  await records.append('run-1', 0, journal.slice(0, length))
  const labels = { 'pipelines.kfp-ts.dev/run-id': 'run-1' }
  const metadataOfRun = {
    name: 'train',
    namespace: 'ml',
    uid: owner === 'run-1' ? 'run-1' : 'thief',
    labels,
    generation: 1,
  }
  const resource = { metadata: metadataOfRun, spec: {}, status } as PipelineRun
  cluster.apply(PIPELINE_RUNS, resource as never)
  return resource
}

async function close(...ended: PipelineRun[]): Promise<string> {
  const loader = createPipelineLoader(cluster.client as never)
  await closeOpenRecords({ kube: cluster.client as never, loader, records, ended: ended.map(viewRun) })
  return (await getPipelineRun(metadata.db, 'run-1')).state
}

test('a journal to the end tells everything', async () => {
  expect(await close(await openRun(journal.length, SUCCEEDED))).toBe('SUCCEEDED')
  expect((await tasksOfRun(metadata.db, 'run-1')).map(({ path, state }) => [path, state])).toEqual([
    ['root/only', 'SUCCEEDED'],
  ])
})

test.each([0, 1, journal.length - 1])('after %d journal records the resource tells how it ended', async (length) => {
  expect(await close(await openRun(length, SUCCEEDED))).toBe('SUCCEEDED')
  expect(JSON.parse((await getPipelineRun(metadata.db, 'run-1')).outputs ?? '')).toEqual({ answer: 42 })
})

test.each([
  ['Failed', 'FAILED', 'task-failed'],
  ['Canceled', 'CANCELED', 'canceled'],
] as const)('a run that is %s by its resource is so by its record, with the message', async (phase, state, code) => {
  expect(await close(await openRun(1, { phase, message: 'why' }))).toBe(state)
  expect(JSON.parse((await getPipelineRun(metadata.db, 'run-1')).error ?? '')).toEqual({ code, message: 'why' })
})

test('a run that is tried again by now stays open', async () => {
  const ended = await openRun(1, SUCCEEDED)
  cluster.apply(PIPELINE_RUNS, { ...ended, metadata: { ...ended.metadata, generation: 2 } } as never)
  expect(await close(ended)).toBe('RUNNING')
})

test("another's record is left alone, whatever label a run has", async () => {
  expect(await close(await openRun(1, SUCCEEDED, 'the owner'))).toBe('RUNNING')
})

test('a run that goes on is not looked at', async () => {
  await openRun(1, { phase: 'Running' })
  expect(await close()).toBe('RUNNING')
  expect(cluster.calls).toEqual([])
})

test('a record that opened since the look before is closed at the look after', async () => {
  const ended = [viewRun(await openRun(1, SUCCEEDED))]
  const look = (suspects: ReadonlySet<string>) =>
    closeOpenRecords(
      { kube: cluster.client as never, loader: createPipelineLoader(cluster.client), records, ended },
      suspects,
    )
  const suspects = await look(new Set())
  expect((await getPipelineRun(metadata.db, 'run-1')).state).toBe('RUNNING')
  await look(suspects)
  expect((await getPipelineRun(metadata.db, 'run-1')).state).toBe('SUCCEEDED')
})
