/** Reuse and dry runs from the records of an earlier run in a database, at any size (KFP_TS_REUSE_ITEMS, 60 by default). */

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { PipelineRunSpec } from '../api/pipeline-run.ts'
import type { KubeClient } from '../client/kube/client.ts'
import { KubeError } from '../client/kube/transport.ts'
import { failWith, simulate, succeed, TEST_CONFIG } from '../engine/testing/simulate.ts'
import { leafOf, pipelineOf } from '../engine/testing/small-pipeline.ts'
import type { Action } from '../engine/types.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { foreseeRetry, foreseeRun } from './foresee.ts'
import { createPipelineLoader } from './load-pipeline.ts'
import { openReuse, ReuseError, reusedRun } from './reuse.ts'
import { createSqlRecords, type RunRecords } from './run-records.ts'
import type { RunStore } from './run-store.ts'

const ITEMS = Number(process.env['KFP_TS_REUSE_ITEMS'] ?? 60)

/** A loop whose last step fails, and a step after it. */
const document = (image: string) =>
  pipelineOf({
    root: {
      dag: {
        tasks: {
          loop: {
            componentRef: { name: 'step' },
            parameterIterator: {
              items: { raw: JSON.stringify(Array.from({ length: ITEMS }, (_, index) => index)) },
              itemInput: 'item',
            },
          },
        },
      },
    },
    components: { step: leafOf({ item: 'NUMBER_INTEGER' }, { out: 'STRING' }) },
    executors: { step: { container: { image } } },
  })
const textOf = (image: string) => stringify(document(image).spec)
const last = `root/loop[${ITEMS - 1}]`

let metadata: Metadata
let records: RunRecords
const store = { damageOf: async () => undefined, rootOf: () => '/artifacts' } as unknown as RunStore
const loader = createPipelineLoader({} as KubeClient)
const parts = () => ({ records, loader, store, now: () => 1_000_000 })

beforeAll(async () => {
  metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  records = createSqlRecords(metadata)
  const { journal } = simulate(document('step'), {
    behave: (action) => (action.task === last ? failWith('application') : succeed(action)),
    maxEvents: 10 * ITEMS + 1000,
  })
  await records.create({
    config: { ...TEST_CONFIG, runName: 'first' },
    namespace: 'ml',
    resource: { name: 'first', uid: 'run-1' },
    pipelineName: 'small',
    pipelineText: textOf('step'),
  })
  await records.append('run-1', 0, journal)
})
afterAll(() => metadata.close())

/** What a session of another run would ask first. */
function questions(image: string): Extract<Action, { kind: 'find-reusable' }>[] {
  const reuse = { runId: 'run-1', runName: 'first', byKey: new Map(), byTask: new Map(), unfinished: new Map() }
  const { actions } = simulate(document(image), { reuse, maxEvents: 10 * ITEMS + 1000 })
  return actions.filter((action) => action.kind === 'find-reusable')
}

describe('a session that reuses a run', () => {
  test('is told every result that is the same, and why another is not there', async () => {
    const reuse = openReuse(parts())
    let hits = 0
    for (const { task, runId, contentKey } of questions('step')) {
      const answer = await reuse(runId, task, contentKey)
      if (task === last) expect(answer).toEqual({ hit: false, reason: 'it did not finish in run first (FAILED)' })
      else expect(answer).toMatchObject({ hit: true, sourceRunId: 'run-1', sourceTask: task })
      if (answer.hit) hits++
    }
    expect(hits).toBe(ITEMS - 1)
  })

  test('takes nothing from a run that is gone', async () => {
    const { task, contentKey } = questions('step')[0]!
    expect(await openReuse(parts())('run-2', task, contentKey)).toEqual({
      hit: false,
      reason: 'the records of run run-2 are not there any more',
    })
  })

  test('takes nothing whose artifacts were damaged', async () => {
    const artifact = { name: 'a', type: { schemaTitle: 'system.Artifact' }, uri: '/a', metadata: {} }
    const load = async (runId: string) => {
      const stored = (await records.load(runId))!
      const journal = stored.journal.map(({ at, event }) =>
        event.kind === 'attempt-finished' && event.result.outcome === 'succeeded'
          ? {
              at,
              event: {
                ...event,
                result: { outcome: 'succeeded' as const, outputs: { parameters: {}, artifacts: { a: [artifact] } } },
              },
            }
          : { at, event },
      )
      return { ...stored, journal }
    }
    const damaged = { ...store, damageOf: async () => 'it is gone' } as unknown as RunStore
    const { task, contentKey } = questions('step')[0]!
    const reuse = openReuse({ ...parts(), records: { ...records, load }, store: damaged })
    expect(await reuse('run-1', task, contentKey)).toEqual({
      hit: false,
      reason: "its result in run first can't be used: it is gone",
    })
  })
})

describe('a dry run', () => {
  test('of a retry', async () => {
    const tasks = (await foreseeRetry(parts(), 'run-1'))!
    expect(tasks.filter(({ decision }) => decision === 'keep')).toHaveLength(ITEMS - 1)
    expect(tasks.filter(({ decision }) => decision === 'run')).toMatchObject([
      { task: last, reason: 'it failed (application): it failed' },
    ])
    expect(await foreseeRetry(parts(), 'run-2')).toBeUndefined()
  })

  test('of a run that reuses another, unchanged and edited', async () => {
    const wanted = { namespace: 'ml', arguments: {}, cache: true, reuse: { runId: 'run-1', runName: 'first' } }
    const same = await foreseeRun(parts(), { ...wanted, pipelineText: textOf('step') })
    expect(same.filter(({ decision }) => decision === 'reuse')).toHaveLength(ITEMS - 1)
    const edited = await foreseeRun(parts(), { ...wanted, pipelineText: textOf('step:2') })
    expect(edited.filter(({ decision }) => decision === 'run')).toHaveLength(ITEMS)
    expect(edited[0]).toMatchObject({ reason: 'changed since run first: image' })
  })
})

describe('spec.reuseFrom', () => {
  const spec: PipelineRunSpec = { reuseFrom: { run: 'first' } }
  const kubeWith = (phase: string, uid = 'run-1') =>
    ({
      get: async () => ({ metadata: { name: 'first', namespace: 'ml', uid }, spec: {}, status: { phase } }),
    }) as unknown as KubeClient

  test('names a run by what the database knows of it', async () => {
    expect(await reusedRun(kubeWith('Failed'), records, 'ml', spec)).toEqual({ runId: 'run-1', runName: 'first' })
    expect(await reusedRun(kubeWith('Failed'), records, 'ml', {})).toBeUndefined()
  })

  test('is refused with a remedy for a run that is not there, goes on, or never started', async () => {
    const missing = new KubeError({ method: 'GET', path: '/x' }, { status: 404, text: '{}' })
    const gone = { get: async () => Promise.reject(missing) } as unknown as KubeClient
    for (const [kube, text] of [
      [gone, 'which is not in namespace "ml"'],
      [kubeWith('Running'), 'which has not ended (Running): wait for its end or cancel it'],
      [kubeWith('Failed', 'run-9'), 'which never started'],
    ] as const) {
      const refusal = await reusedRun(kube, records, 'ml', spec).catch((error) => error)
      expect(refusal).toBeInstanceOf(ReuseError)
      expect(refusal.message).toContain(text)
    }
  })
})
