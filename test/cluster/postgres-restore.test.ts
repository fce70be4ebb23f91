/** A Postgres database put back from a dump that was made while runs went on, as docs/operate.md says: what is lost and what is not. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { PipelineRun } from '../../client/runs.ts'
import { freePort } from '../free-port.ts'
import { serverPrograms, type TestPostgres } from '../servers/postgres.ts'
import { finished, submit, until } from './support/cluster.ts'
import { usePlace } from './support/fixtures.ts'
import { shellPipeline } from './support/pipelines.ts'
import {
  ALL_RIGHTS,
  clientOf,
  HOST,
  makeAccount,
  type ServedOperator,
  startServedOperator,
  tokenOf,
} from './support/server.ts'
import { startClusterPostgres } from './support/servers.ts'

const DATABASE = 'kfp_ts'
const place = usePlace('restore')
let postgres: TestPostgres
let operator: ServedOperator | undefined
let folder: string
let port: number

beforeAll(async () => {
  for (const name of ['starts', 'gates']) {
    await mkdir(join(place.store, name))
    await chmod(join(place.store, name), 0o777)
  }
  postgres = await startClusterPostgres()
  folder = mkdtempSync(join(tmpdir(), 'kfp-ts-dump-'))
  port = await freePort(HOST)
  await makeAccount(place, 'client', ALL_RIGHTS)
})
afterAll(async () => {
  await operator?.kill()
  await postgres?.stop()
  rmSync(folder, { recursive: true, force: true })
})

const databaseUrl = (): string => postgres.url.replace(/[^/]+$/, DATABASE)
const program = (name: string, ...args: string[]) => execFileSync(join(serverPrograms(), name), args)

async function makeDatabase(): Promise<void> {
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  await client.query(`DROP DATABASE IF EXISTS ${DATABASE}`)
  await client.query(`CREATE DATABASE ${DATABASE}`)
  await client.end()
}

async function startOperator(): Promise<void> {
  operator = await startServedOperator(place, ['--database', databaseUrl()], { port })
}

/** Each start of a step leaves a line; a step with a gate runs until it is opened. */
const step = (name: string, gate?: string) => ({
  script: [
    `echo "${name} $KFP_RETRY_INDEX" >> /kfp-store/starts/$KFP_RUN_ID`,
    ...(gate ? [`while [ ! -e /kfp-store/gates/${gate} ]; do sleep 0.2; done`] : []),
  ].join('\n'),
})
/** first -> second, which waits for `gate` -> third, fails once -> fourth, which waits for `lastGate`. */
const pipeline = (gate?: string, lastGate?: string) =>
  shellPipeline('restored', {
    first: step('first'),
    second: { ...step('second', gate), after: ['first'] },
    third: { script: `${step('third').script}\n[ "$KFP_RETRY_INDEX" != 0 ] || exit 1`, after: ['second'], retries: 1 },
    fourth: { ...step('fourth', lastGate), after: ['third'] },
  })
const STARTS = ['first 0', 'second 0', 'third 0', 'third 1', 'fourth 0']

const openGate = (name: string) => writeFile(join(place.store, 'gates', name), '')
const startsOf = async (run: PipelineRun): Promise<string[]> =>
  (await readFile(join(place.store, 'starts', run.metadata.uid!), 'utf8')).trim().split('\n')
const reaches = (run: PipelineRun, start: string) =>
  until(`${run.metadata.name} starts ${start}`, async () => (await startsOf(run)).includes(start))
const expectEnd = async (run: PipelineRun) =>
  expect((await finished(place, run, 240)).status).toMatchObject({ phase: 'Succeeded' })

const askServer = async () => clientOf(operator!.url, await tokenOf(place, 'client'))

/** Starts a run as kfp's client does. */
async function startByServer(text: string): Promise<PipelineRun> {
  const ask = await askServer()
  const { namespace } = place
  const experiment = await ask('POST', '/apis/v2beta1/experiments', { display_name: 'of clients', namespace })
  const made = await ask('POST', '/apis/v2beta1/runs', {
    display_name: 'of a client',
    experiment_id: experiment.body.experiment_id,
    pipeline_spec: parse(text),
  })
  return await until('its resource is there', async () =>
    (await place.runs.list()).find(({ metadata }) => Object.values(metadata.labels ?? {}).includes(made.body.run_id)),
  )
}

/** Run id to state, as clients of the server see them. */
async function history(): Promise<Map<string, string>> {
  const ask = await askServer()
  const { body } = await ask('GET', `/apis/v2beta1/runs?namespace=${place.namespace}&page_size=100`)
  return new Map(body.runs.map(({ run_id, state }: { run_id: string; state: string }) => [run_id, state]))
}

test('runs go on from a dump of before, no step runs twice, and the lists have what the dump had', async () => {
  await makeDatabase()
  await startOperator()
  const before = await submit(place, pipeline())
  await expectEnd(before)
  // In flight at the dump: one ends before the database is lost, one does not.
  const short = await submit(place, pipeline('short'))
  const long = await submit(place, pipeline('long', 'end'))
  for (const run of [short, long]) await reaches(run, 'second 0')
  const dump = join(folder, 'kfp-ts.dump')
  program('pg_dump', '--format=custom', `--file=${dump}`, `--dbname=${databaseUrl()}`)

  // Begun after the dump: one ends, one goes on.
  const lost = await submit(place, pipeline())
  const later = await submit(place, pipeline(undefined, 'end'))
  const ofClient = await startByServer(pipeline(undefined, 'end'))
  for (const gate of ['short', 'long']) await openGate(gate)
  for (const run of [short, lost]) await expectEnd(run)
  for (const run of [long, later]) await reaches(run, 'fourth 0')
  await operator!.kill()
  await makeDatabase()
  program('pg_restore', '--no-owner', '--exit-on-error', `--dbname=${databaseUrl()}`, dump)
  await startOperator()

  await openGate('end')
  const fresh = await submit(place, pipeline())
  for (const run of [long, later, fresh]) await expectEnd(run)
  for (const run of [before, short, long, lost, later, fresh]) expect(await startsOf(run)).toEqual(STARTS)
  const listed = [before, short, long, later, fresh].map(({ metadata }) => [metadata.uid, 'SUCCEEDED'])
  await expect.poll(history, { timeout: 30_000 }).toEqual(new Map(listed as [string, string][]))
  // Their records went with the database; the resource of one says how it ended, and of the other what to do.
  expect((await place.runs.get(lost.metadata.name)).status?.phase).toBe('Succeeded')
  const { phase, message } = (await finished(place, ofClient)).status ?? {}
  expect([phase, message]).toEqual(['Failed', expect.stringMatching(/restored from, start it again/)])
})
