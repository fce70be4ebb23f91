/** Why tasks hit or missed the cache, from journals and cache entries in a database. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { KubeClient } from '../client/kube/client.ts'
import { simulate, TEST_CONFIG } from '../engine/testing/simulate.ts'
import { leafOf, pipelineOf } from '../engine/testing/small-pipeline.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { explainCache } from './explain-cache.ts'
import { answerOfCache } from './foresee.ts'
import { createPipelineLoader } from './load-pipeline.ts'
import { createSqlRecords, type RunRecords } from './run-records.ts'
import type { RunStore } from './run-store.ts'

let metadata: Metadata
let records: RunRecords
const loader = createPipelineLoader({} as KubeClient)
const store = { damageOf: async () => undefined } as unknown as RunStore

const documentOf = (image: string, cached = true) =>
  pipelineOf({
    root: {
      dag: { tasks: { a: { componentRef: { name: 'step' }, cachingOptions: { enableCache: cached } } } },
    },
    components: { step: leafOf({}, { out: 'STRING' }) },
    executors: { step: { container: { image } } },
  })

/** A run as an operator would carry it out: asks the cache of the database, keeps journal and result. */
async function run(runId: string, image: string, { namespace = 'ml', cached = true, createTime = 0 } = {}) {
  const document = documentOf(image, cached)
  const [asked] = simulate(document).actions.filter((action) => action.kind === 'look-up-cache')
  const answer = asked && (await answerOfCache(records, store, namespace, asked))
  const config = { ...TEST_CONFIG, runId, runName: `name-of-${runId}`, createTime }
  const { journal, actions } = simulate(document, { config, ...(answer ? { cache: () => answer } : {}) })
  await records.create({
    config,
    namespace,
    resource: { name: `name-of-${runId}`, uid: runId },
    pipelineName: 'small',
    pipelineText: stringify(document.spec),
  })
  await records.append(
    runId,
    0,
    journal.map(({ at, event }) => ({ at: at + createTime, event })),
  )
  for (const action of actions) {
    if (action.kind !== 'save-cache') continue
    const { task, pipelineName, cacheKey, outputs } = action
    await records.saveCache(namespace, pipelineName, cacheKey, { outputs, runId, task }, createTime + 1000)
  }
}
const explain = (runId: string) => explainCache({ records, loader }, runId)

beforeAll(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  records = createSqlRecords(metadata)
  await run('run-1', 'step:1')
  await run('run-2', 'step:1', { createTime: 10_000 })
  await run('run-3', 'step:2', { createTime: 20_000 })
  await run('run-4', 'step:1', { createTime: 30_000, namespace: 'other' })
  await run('run-5', 'step:1', { createTime: 40_000, cached: false })
})
afterAll(() => metadata.close())

const noneHasThisKey = { task: 'root/a', hit: false, reason: 'no earlier result has this key' }

test('the first run misses, and there is nothing to compare with', async () => {
  expect(await explain('run-1')).toEqual([noneHasThisKey])
})

test('the same again is a hit; the run is named as its resource is', async () => {
  const source = { runId: 'run-1', runName: 'name-of-run-1', task: 'root/a' }
  expect(await explain('run-2')).toEqual([{ task: 'root/a', hit: true, source }])
})

test('a miss names the nearest earlier result and what changed since', async () => {
  const changes = [{ part: 'image', before: 'step:1', now: 'step:2' }]
  const nearest = { runId: 'run-1', runName: 'name-of-run-1', task: 'root/a', changes }
  expect(await explain('run-3')).toEqual([{ ...noneHasThisKey, nearest }])
})

test('results of another namespace are not looked at', async () => {
  expect(await explain('run-4')).toEqual([noneHasThisKey])
})

test('a run whose tasks asked nothing has nothing to explain; one without a journal can not be explained', async () => {
  expect(await explain('run-5')).toEqual([])
  expect(await explain('run-9')).toBeUndefined()
})

test('a result that was damaged is named by its run, or by the id of one that is gone', async () => {
  const damaged = { damageOf: async () => 'a.csv is gone' } as unknown as RunStore
  const [asked] = simulate(documentOf('step:1')).actions.filter((action) => action.kind === 'look-up-cache')
  const artifact = { name: 'a', type: { schemaTitle: 'system.Artifact' }, uri: '/a.csv', metadata: {} }
  const outputs = { parameters: {}, artifacts: { a: [artifact] } }
  const lookUpCache = async (...key: Parameters<RunRecords['lookUpCache']>) => ({
    ...(await records.lookUpCache(...key))!,
    outputs,
  })
  const answer = (from: RunRecords) => answerOfCache({ ...from, lookUpCache }, damaged, 'ml', asked!)
  const reason = (run: string) => ({ hit: false, reason: `the result of run ${run} can't be used: a.csv is gone` })
  expect(await answer(records)).toEqual(reason('name-of-run-1'))
  expect(await answer({ ...records, namesOf: async () => new Map() })).toEqual(reason('run-1'))
})

test('entries of a version that did not keep the parts of keys are hits as before, and nothing to compare with', async () => {
  await metadata.db.updateTable('cache_entries').set({ pipeline_name: null, parts: null }).execute()
  expect(await explain('run-3')).toEqual([noneHasThisKey])
  expect((await explain('run-2'))![0]).toMatchObject({ hit: true })
})
