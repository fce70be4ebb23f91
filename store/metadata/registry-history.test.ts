/** The history of the registry: only added to, through renamings and clocks that go back. */
import { sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { rollbackAlias, setAlias } from './aliases.ts'
import { type Metadata, openMetadata } from './database.ts'
import { ensureDefaultExperiment } from './experiments.ts'
import { lineageOf, versionsFrom, versionsOfRun } from './lineage.ts'
import { insertPipelineRun } from './pipeline-runs.ts'
import { decidePromotion, listPromotions, requestPromotion } from './promotions.ts'
import { RunRecorder } from './record-run.ts'
import {
  createModelVersion,
  createRegisteredModel,
  deleteRegisteredModel,
  getModelVersion,
  renameRegisteredModel,
} from './registry.ts'
import { aliasesAsOf, modelHistory } from './registry-history.ts'

let metadata: Metadata
let clock: number
const by = () => ({ namespace: '', actor: 'ada', now: clock++ })

beforeEach(async () => {
  clock = 1000
  metadata = await openMetadata({ url: ':memory:', now: () => clock })
  await ensureDefaultExperiment(metadata.db, clock)
})
afterEach(() => metadata.close())

async function version(name: string, runId: string | null = null): Promise<number> {
  const made = { name, source: 's3://b/m', storage_location: 's3://b/m', run_id: runId, run_link: null, model_id: null }
  return (await createModelVersion(metadata.db, by(), { ...made, description: null, tags: [] })).version
}
const actions = async (name: string) =>
  (await modelHistory(metadata.db, '', name, { limit: 100 })).map(({ action, name: at }) => `${action} ${at}`)
const asOf = async (name: string, at: number) => Object.fromEntries(await aliasesAsOf(metadata.db, '', name, at))

test('the database refuses to change or remove a line', async () => {
  await createRegisteredModel(metadata.db, by(), { name: 'm', tags: [] })
  const refused = /append-only/
  await expect(sql`update registry_history set actor = 'x'`.execute(metadata.db)).rejects.toThrow(refused)
  await expect(sql`delete from registry_history`.execute(metadata.db)).rejects.toThrow(refused)
})

test('a renamed model keeps its story, its numbers and its way back; its old name can be taken', async () => {
  await createRegisteredModel(metadata.db, by(), { name: 'a', tags: [] })
  for (const number of [1, 2]) expect(await version('a')).toBe(number)
  await setAlias(metadata.db, by(), 'a', 'champion', 1)
  const early = clock++
  await setAlias(metadata.db, by(), 'a', 'champion', 2)
  await renameRegisteredModel(metadata.db, by(), 'a', 'b')
  await createRegisteredModel(metadata.db, by(), { name: 'a', tags: [] })
  expect(await version('a')).toBe(1)
  await renameRegisteredModel(metadata.db, by(), 'b', 'c')

  expect(await actions('c')).toEqual([
    'rename-model c',
    'rename-model b',
    'set-alias a',
    'set-alias a',
    'create-version a',
    'create-version a',
    'create-model a',
  ])
  expect(await asOf('c', early)).toEqual({ champion: 1 })
  expect(await asOf('c', clock)).toEqual({ champion: 2 })
  expect(await asOf('a', early)).toEqual({ champion: 1 })
  expect(await asOf('a', clock)).toEqual({})
  expect(await rollbackAlias(metadata.db, by(), 'c', 'champion')).toEqual({ from: 2, to: 1 })
  expect(await version('c')).toBe(3)
})

test('a deleted model begins anew under its name', async () => {
  await createRegisteredModel(metadata.db, by(), { name: 'a', tags: [] })
  await version('a')
  await setAlias(metadata.db, by(), 'a', 'champion', 1)
  const before = clock++
  await deleteRegisteredModel(metadata.db, by(), 'a')
  await createRegisteredModel(metadata.db, by(), { name: 'a', tags: [] })
  expect(await version('a')).toBe(1)
  expect(await asOf('a', clock)).toEqual({})
  expect(await asOf('a', before)).toEqual({ champion: 1 })
})

test('a clock that goes back does not change what was', async () => {
  await createRegisteredModel(metadata.db, by(), { name: 'a', tags: [] })
  await version('a')
  await version('a')
  await setAlias(metadata.db, by(), 'a', 'champion', 1)
  const at = clock
  clock = 10
  await setAlias(metadata.db, by(), 'a', 'champion', 2)
  expect(await asOf('a', 20)).toEqual({})
  expect(await asOf('a', at)).toEqual({ champion: 2 })
})

test('from a version to pipeline, images and data, and back', async () => {
  const runId = 'r'.repeat(32)
  const spec = { deploymentSpec: { executors: { train: { container: { image: 'i:1' } } } } }
  await insertPipelineRun(
    metadata.db,
    {
      runId,
      experimentId: 0,
      namespace: '',
      kind: 'pipeline',
      name: 'run',
      userId: '',
      state: 'RUNNING',
      startTime: clock,
      artifactUri: 'mlflow-artifacts:/0/x',
      now: clock,
    },
    {
      pipeline_name: 'p',
      pipeline_id: 'pid',
      pipeline_version_id: 'vid',
      pipeline_spec: JSON.stringify(spec),
      runtime_config: '{}',
      service_account: null,
      recurring_run_id: null,
      scheduled_at: clock,
      plugins_input: null,
    },
    {},
  )
  const data = { name: 'd', uri: 's3://b/d', type: { schemaTitle: 'system.Dataset' }, metadata: {}, digest: 'sha256:d' }
  await new RunRecorder(metadata).record({
    runId,
    pipeline: 'p',
    state: 'SUCCEEDED',
    outputs: {},
    tasks: [
      {
        path: 'root/train',
        name: 'train',
        state: 'SUCCEEDED',
        cached: false,
        attempts: 1,
        image: 'sha256:image',
        outputs: { parameters: {}, artifacts: { data: [data as never] } },
      },
    ],
  })
  const task = await metadata.db.selectFrom('task_runs').select('run_id').executeTakeFirstOrThrow()
  await createRegisteredModel(metadata.db, by(), { name: 'm', tags: [] })
  await version('m', task.run_id)
  await version('m')
  const found = await lineageOf(metadata.db, await getModelVersion(metadata.db, '', 'm', 1), undefined)
  expect(found).toMatchObject({
    data: [{ digest: 'sha256:d' }],
    pipeline: {
      runId,
      pipelineVersionId: 'vid',
      specDigest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
      images: { train: 'i:1' },
      imageDigests: { 'root/train': 'sha256:image' },
    },
  })
  for (const origin of [{ data: 'sha256:d' }, { image: 'sha256:image' }, { pipeline: 'vid' }, { pipeline: 'pid' }]) {
    expect(await versionsFrom(metadata.db, '', origin)).toMatchObject([{ name: 'm', version: 1 }])
    expect(await versionsFrom(metadata.db, 'other', origin)).toEqual([])
  }
  expect(await versionsOfRun(metadata.db, '', runId, undefined)).toMatchObject([{ name: 'm', version: 1 }])
})

test('a model that is made anew has nothing of the deleted one of its name: no way back, no promotion to agree to', async () => {
  const make = async () => {
    await createRegisteredModel(metadata.db, by(), { name: 'iris', tags: [] })
    for (const number of [1, 2, 3]) expect(await version('iris')).toBe(number)
  }
  const ask = (expiresAt?: number) =>
    requestPromotion(metadata.db, by(), {
      ...{ name: 'iris', alias: 'champion', version: 3, gate: {}, approvers: ['ada'], expiresAt },
    })
  await make()
  await setAlias(metadata.db, by(), 'iris', 'champion', 2)
  const asked = await ask()
  if (asked.outcome !== 'waiting') throw new Error('it must wait')
  await ask(clock + 1)
  clock += 10
  await deleteRegisteredModel(metadata.db, by(), 'iris')
  expect((await actions('iris')).slice(0, 2)).toEqual(['delete-model iris', 'reject-promotion iris'])
  await make()
  await setAlias(metadata.db, by(), 'iris', 'champion', 1)

  const nothing = { code: 'failed-precondition' }
  await expect(rollbackAlias(metadata.db, by(), 'iris', 'champion')).rejects.toMatchObject(nothing)
  const decided = decidePromotion(metadata.db, { ...by(), groups: [] }, asked.promotionId, true)
  await expect(decided).rejects.toMatchObject(nothing)
  expect((await listPromotions(metadata.db, '', 'iris', clock)).map(({ state }) => state)).toEqual([
    'EXPIRED',
    'REJECTED',
  ])
  await setAlias(metadata.db, by(), 'iris', 'champion', 2)
  expect(await rollbackAlias(metadata.db, by(), 'iris', 'champion')).toEqual({ from: 2, to: 1 })
})
