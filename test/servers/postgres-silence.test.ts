/** A node that is lost says nothing any more, as does a network that drops packets: a Postgres behind a proxy that goes silent. */
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { Kysely } from 'kysely'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { TEST_CONFIG } from '../../engine/testing/simulate.ts'
import { createRunJournal, type RunJournal } from '../../operator/run-journal.ts'
import { createSqlRecords } from '../../operator/run-records.ts'
import { type Db, type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { postgresDialect } from '../../store/metadata/postgres.ts'
import type { Tables } from '../../store/metadata/tables.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'

let postgres: TestPostgres
let metadata: Metadata
let proxy: Server
let db: Db
let journal: RunJournal
const sockets = new Set<Socket>()
/** Asked for what a client says: whether the connection falls silent in that direction, or in the other, from now on. */
let silence: (text: string) => 'both' | 'answers' | undefined

beforeAll(async () => {
  postgres = await startPostgres(['fsync=off'])
  metadata = await openMetadata({ url: postgres.url })
  await ensureDefaultExperiment(metadata.db, 0)
  await createSqlRecords(metadata).create({
    config: { ...TEST_CONFIG, runId: 'run', runName: 'run' },
    namespace: 'team',
    resource: { name: 'run', uid: 'run' },
    pipelineName: 'small',
    pipelineText: '{}',
  })
  const behind = new URL(postgres.url)
  proxy = createServer((client) => forward(client, connect(Number(behind.port), behind.hostname))).listen(0)
  const through = new URL(postgres.url)
  through.port = String((proxy.address() as AddressInfo).port)
  db = new Kysely<Tables>({ dialect: postgresDialect(through.href, { answerMillis: 1_000 }) })
  journal = createRunJournal({ db, transaction: (work) => db.transaction().execute(work) })
})
beforeEach(() => {
  silence = () => undefined
})
afterAll(async () => {
  for (const socket of sockets) socket.destroy()
  proxy?.close()
  await db?.destroy()
  await metadata?.close()
  await postgres?.stop()
})

function forward(client: Socket, server: Socket): void {
  let silent: ReturnType<typeof silence>
  for (const socket of [client, server]) sockets.add(socket.on('error', () => {}))
  client.on('data', (data) => {
    silent ??= silence(data.toString('latin1'))
    if (silent !== 'both') server.write(data)
  })
  server.on('data', (data) => {
    if (!silent) client.write(data)
  })
}

const append = (seq: number) => journal.append('run', seq, [{ at: seq, event: { kind: 'clock' } }])
const stored = async () =>
  (await metadata.db.selectFrom('run_journal').select('seq').orderBy('seq').execute()).map(({ seq }) => seq)

test('a connection that falls silent is given up, and the next append takes another', async () => {
  await append(0)
  silence = (text) => (text.includes('begin') ? 'both' : undefined)
  await expect(append(1)).rejects.toThrow('did not answer')
  silence = () => undefined
  await append(1)
  expect(await stored()).toEqual([0, 1])
})

test('a commit that is carried out and not answered is known again', async () => {
  silence = (text) => (text.includes('commit') ? 'answers' : undefined)
  await expect(append(2)).rejects.toThrow('did not answer')
  silence = () => undefined
  await append(2)
  await append(3)
  expect(await stored()).toEqual([0, 1, 2, 3])
})
