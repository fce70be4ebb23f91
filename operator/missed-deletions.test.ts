/** Which records an operator that was away takes for those of deleted runs, and what it leaves alone. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { PIPELINE_RUNS } from '../client/kube/resources.ts'
import { KubeConnectionError, KubeError } from '../client/kube/transport.ts'
import { TEST_CONFIG } from '../engine/testing/simulate.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { getPipelineRun, insertPipelineRun } from '../store/metadata/pipeline-runs.ts'
import { keeperOf } from './keeper.ts'
import { findMissedDeletions } from './missed-deletions.ts'
import { createRunDeletion } from './run-deletion.ts'
import { createSqlRecords, type RecordsOptions, type RunRecords } from './run-records.ts'
import type { RunIdentity } from './run-session.ts'
import { FakeCluster } from './testing/fake-cluster.ts'

const KEEPER = keeperOf({ server: 'https://cluster', ca: 'its authority' })
let metadata: Metadata
let cluster: FakeCluster
let records: RunRecords
let removed: string[]
let troubles: unknown[]
const pods = new Set<string>()

beforeEach(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  cluster = new FakeCluster()
  removed = []
  troubles = []
  pods.clear()
  records = createSqlRecords(metadata, { keeper: KEEPER })
})
afterEach(() => metadata.close())

/** A run as an operator leaves it: its record, some journal, and its resource if it is still there. */
async function run(name: string, { by = records, there = false, namespace = 'team', ended = false } = {}) {
  const uid = `uid-${name}`
  await by.create({
    config: { ...TEST_CONFIG, runId: uid, runName: name },
    namespace,
    resource: { name, uid },
    pipelineName: 'small',
    pipelineText: '{}',
  })
  await by.append(uid, 0, [{ at: 1, event: { kind: 'started' } }])
  if (ended) await by.record({ runId: uid, pipeline: 'small', state: 'SUCCEEDED', outputs: {}, tasks: [] })
  if (there) cluster.apply(PIPELINE_RUNS, { metadata: { name, namespace, uid } })
}

function operator(options: RecordsOptions & { namespace?: string; known?: string[] } = {}) {
  const { namespace, known = [], ...more } = options
  const kept = createSqlRecords(metadata, { keeper: KEEPER, ...more })
  const deletion = createRunDeletion({
    kube: cluster.client,
    records: kept,
    store: { deleteRun: async (runId) => void removed.push(runId) },
    podsOf: (uid) => (pods.has(uid) ? [{ metadata: { name: 'step' } }] : []),
    onTrouble: (_run: RunIdentity, error: unknown) => troubles.push(error),
  })
  return { namespace, known, kept, deletion }
}

async function look({ namespace, known, kept, deletion }: ReturnType<typeof operator>): Promise<string[]> {
  const gone: string[] = []
  await findMissedDeletions({
    kube: cluster.client,
    records: kept,
    namespace,
    known: () => new Set(known),
    async onGone(run) {
      gone.push(run.name)
      const went = deletion.gone(run)
      if (!pods.has(run.uid)) await went
    },
    isStopped: () => false,
  })
  return gone.sort()
}

const isKept = async (name: string): Promise<boolean> => await records.has(`uid-${name}`)

test('a run whose resource is gone goes with its files; others stay', async () => {
  await run('gone')
  await run('ended and gone', { ended: true })
  await run('there', { there: true })
  await run('known')
  expect(await look(operator({ known: ['uid-known'] }))).toEqual(['ended and gone', 'gone'])
  expect(removed.sort()).toEqual(['uid-ended and gone', 'uid-gone'])
  expect(await isKept('gone')).toBe(false)
  expect(await records.load('uid-gone')).toBeUndefined()
  expect([await isKept('there'), await isKept('known')]).toEqual([true, true])
})

test('a run of the same name that came later does not stand for the one before', async () => {
  await run('train')
  cluster.apply(PIPELINE_RUNS, { metadata: { name: 'train', namespace: 'team', uid: 'another' } })
  expect(await look(operator())).toEqual(['train'])
})

describe("others' runs are left alone:", () => {
  test.each<[string, RecordsOptions]>([
    ['of another cluster', { keeper: keeperOf({ server: 'https://cluster', ca: 'another authority' }) }],
    ['of an operator with another selector', { keeper: keeperOf({ server: 'https://cluster' }, 'team=b') }],
    ['of a version that wrote no keeper', {}],
  ])('%s', async (_whose, theirs) => {
    await run('theirs', { by: createSqlRecords(metadata, theirs) })
    expect(await look(operator())).toEqual([])
    expect(await isKept('theirs')).toBe(true)
  })
  test('of a namespace that is not watched', async () => {
    await run('theirs', { namespace: 'elsewhere' })
    expect(await look(operator({ namespace: 'team' }))).toEqual([])
    expect(await isKept('theirs')).toBe(true)
  })
  test('of a client, without a resource yet', async () => {
    const base = { experimentId: 0, namespace: 'team', kind: 'pipeline' as const, name: 'new', userId: '' }
    await insertPipelineRun(
      metadata.db,
      { ...base, runId: 'new', state: 'PENDING', startTime: 1, artifactUri: '', now: 1 },
      {
        ...{ pipeline_name: 'small', pipeline_id: null, pipeline_version_id: null, pipeline_spec: '{}' },
        ...{
          runtime_config: '{}',
          service_account: null,
          recurring_run_id: null,
          scheduled_at: 1,
          plugins_input: null,
        },
      },
      {},
    )
    expect(await look(operator())).toEqual([])
    expect((await getPipelineRun(metadata.db, 'new')).state).toBe('PENDING')
  })
})

test.each([
  ['refuses', () => new KubeError({ method: 'GET', path: '/' }, { status: 403, text: '{"reason":"Forbidden"}' })],
  [
    'does not know the kind',
    () => new KubeError({ method: 'GET', path: '/' }, { status: 404, text: '404 page not found' }),
  ],
  ['does not answer', () => new KubeConnectionError({ method: 'GET', path: '/' }, new Error('reset'))],
])('while the API server %s nothing is taken for gone', async (_what, error) => {
  await run('gone')
  cluster.client.get = () => Promise.reject(error())
  await expect(look(operator())).rejects.toThrow()
  expect(await isKept('gone')).toBe(true)
})

test('what a server shows outlives the resource: only its journal goes, and the record is looked at once', async () => {
  await run('ended', { ended: true })
  await run('stopped in the middle')
  const served = { separateNamespaces: false, changed: () => {} }
  expect(await look(operator({ served }))).toEqual(['ended', 'stopped in the middle'])
  expect((await getPipelineRun(metadata.db, 'uid-ended')).state).toBe('SUCCEEDED')
  expect((await getPipelineRun(metadata.db, 'uid-stopped in the middle')).state).toBe('CANCELED')
  expect((await records.load('uid-ended'))?.journal).toEqual([])
  expect(removed).toEqual([])
  // Nor does an operator without a server take the history for runs that it has to clean up.
  expect(await look(operator())).toEqual([])
})

test('files go after the pods that write them, and the record after the files', async () => {
  await run('gone')
  pods.add('uid-gone')
  const one = operator()
  expect(await look(one)).toEqual(['gone'])
  expect(removed).toEqual([])
  expect(await isKept('gone')).toBe(true)
  pods.delete('uid-gone')
  one.deletion.podsChanged('uid-gone')
  await expect.poll(() => isKept('gone')).toBe(false)
  expect(removed).toEqual(['uid-gone'])
})

test('files that can not be removed now are removed another time', async () => {
  await run('gone')
  const one = operator()
  const failing = createRunDeletion({
    kube: cluster.client,
    records: one.kept,
    store: { deleteRun: () => Promise.reject(new Error('no bucket')) },
    podsOf: () => [],
    onTrouble: (_run, error) => troubles.push(error),
  })
  await look({ ...one, deletion: failing })
  expect(troubles).toHaveLength(1)
  expect(await look(one)).toEqual(['gone'])
  expect(await isKept('gone')).toBe(false)
})
