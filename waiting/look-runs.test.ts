/** Other runs and aliases, as folders and as rows of the metadata database. */

import { mkdirSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunWait } from '../api/wait.ts'
import { tryLock } from '../store/lock.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { insertPipelineRun, setRunState } from '../store/metadata/pipeline-runs.ts'
import { runPaths, writeManifest, writeReport } from '../store/run-folder.ts'
import { databaseAliasLook, databaseRunLook } from './look-database.ts'
import { localRunLook } from './look-local-run.ts'

const AT = Date.parse('2026-03-01T00:00:00Z')
const wait = (more: Partial<RunWait>): RunWait => ({ kind: 'run', states: ['SUCCEEDED'], everyMillis: 1000, ...more })
const signal = new AbortController().signal
const byDate = wait({ pipeline: 'clean', logicalDate: AT })

describe('folders', () => {
  let root: string
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'kfp-ts-look-'))
  })
  afterEach(() => rm(root, { recursive: true }))
  const look = (request: RunWait) => localRunLook(root)(request, { namespace: '' }, {}, signal)

  async function runFolder(runId: string, createTime: number) {
    const paths = runPaths(root, runId)
    mkdirSync(paths.folder, { recursive: true })
    const config = { runId, runName: 'nightly', createTime, scheduleTime: AT }
    const document = { spec: { pipelineInfo: { name: 'clean' } } } as never
    await writeManifest(paths, { formatVersion: 1, config, document, options: {} })
    return paths
  }

  test('tell how a run goes and what it gave', async () => {
    expect(await look(wait({ run: 'r1' }))).toEqual({ kind: 'run' })
    const paths = await runFolder('r1', 1)
    expect(await look(wait({ run: 'r1' }))).toMatchObject({ run: { id: 'r1', state: 'INTERRUPTED' } })
    const lock = await tryLock(paths.lock)
    expect(await look(wait({ run: 'r1' }))).toMatchObject({ run: { state: 'RUNNING' } })
    await writeReport(paths, { runId: 'r1', pipeline: 'clean', state: 'SUCCEEDED', outputs: { rows: 3 }, tasks: [] })
    if ('release' in lock) await lock.release()
    const done = { kind: 'run', run: { id: 'r1', state: 'SUCCEEDED', outputs: { rows: 3 } } }
    expect(await look(wait({ run: 'r1' }))).toEqual(done)
    expect(await look(byDate)).toEqual(done)
  })

  test('of several the newest counts', async () => {
    for (const [id, at] of [
      ['a', 1],
      ['b', 3],
      ['c', 2],
    ] as const)
      await runFolder(id, at)
    expect(await look(wait({ run: 'nightly' }))).toMatchObject({ run: { id: 'b' } })
    expect(await look(byDate)).toMatchObject({ run: { id: 'b' } })
    expect(await look(wait({ pipeline: 'clean', logicalDate: AT + 1 }))).toEqual({ kind: 'run' })
  })
})

describe('the database', () => {
  let metadata: Metadata
  beforeEach(async () => {
    metadata = await openMetadata({ url: ':memory:' })
    await ensureDefaultExperiment(metadata.db, 1)
  })
  afterEach(() => metadata.close())

  const look = (request: RunWait, namespace = 'n') => databaseRunLook(metadata.db)(request, { namespace }, {}, signal)

  async function insert(runId: string, now: number, scheduledAt = AT) {
    const run = { runId, experimentId: 0, namespace: 'n', kind: 'pipeline' as const, name: 'nightly', userId: '' }
    await insertPipelineRun(
      metadata.db,
      { ...run, state: 'RUNNING', startTime: now, artifactUri: '', now },
      {
        ...{ pipeline_name: 'clean', pipeline_id: null, pipeline_version_id: null, pipeline_spec: '{}' },
        ...{ runtime_config: '{}', service_account: null, recurring_run_id: null, scheduled_at: scheduledAt },
        plugins_input: null,
      },
      {},
    )
  }

  test('tells how a run goes, by id, name or date, within its namespace', async () => {
    expect(await look(wait({ run: 'r1' }))).toEqual({ kind: 'run' })
    await insert('r1', 1)
    await insert('r2', 2, AT + 1)
    expect(await look(wait({ run: 'r1' }))).toMatchObject({ run: { id: 'r1', state: 'RUNNING' } })
    expect(await look(wait({ run: 'nightly' }))).toMatchObject({ run: { id: 'r2' } })
    expect(await look(byDate)).toMatchObject({ run: { id: 'r1' } })
    expect(await look(byDate, 'other')).toEqual({ kind: 'run' })
    await setRunState(metadata.db, 'r1', 'FAILED', 5, { code: 'oom', message: 'no memory' })
    expect(await look(byDate)).toEqual({
      kind: 'run',
      run: { id: 'r1', state: 'FAILED', outputs: {}, error: 'no memory' },
    })
  })

  test('has aliases of the namespace, else of all', async () => {
    const request = { kind: 'alias', model: 'm', alias: 'champion', everyMillis: 1 } as const
    const alias = (namespace: string) => databaseAliasLook(metadata.db)(request, { namespace }, {}, signal)
    expect(await alias('n')).toEqual({ kind: 'alias' })
    const values = { name: 'm', alias: 'champion' }
    await metadata.db
      .insertInto('model_aliases')
      .values({ ...values, namespace: '', version: 1 })
      .execute()
    expect(await alias('n')).toEqual({ kind: 'alias', version: 1 })
    await metadata.db
      .insertInto('model_aliases')
      .values({ ...values, namespace: 'n', version: 2 })
      .execute()
    expect([await alias('n'), await alias('')]).toEqual([
      { kind: 'alias', version: 2 },
      { kind: 'alias', version: 1 },
    ])
  })
})
