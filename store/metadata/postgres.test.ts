import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { Kysely, sql } from 'kysely'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type PostgresOptions, postgresDialect } from './postgres.ts'

/** Authentication is done, and the server is ready for a query. */
const WELCOME = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 0, 0x5a, 0, 0, 0, 5, 0x49])

let server: Server
let connections: Socket[]
let onQuery: (connection: Socket) => void
let isOpen: boolean

beforeEach(async () => {
  connections = []
  onQuery = () => {}
  isOpen = true
  server = createServer((connection) => {
    connections.push(connection)
    connection.on('error', () => {})
    if (!isOpen) return
    connection.once('data', () => {
      connection.write(WELCOME)
      connection.once('data', () => onQuery(connection))
    })
  }).listen(0)
  await once(server, 'listening')
})
afterEach(() => {
  for (const connection of connections) connection.destroy()
  server.close()
})

function open(options: PostgresOptions) {
  const { port } = server.address() as AddressInfo
  const db = new Kysely<unknown>({ dialect: postgresDialect(`postgres://u:p@127.0.0.1:${port}/d`, options) })
  return { db, ask: () => sql`select 1`.execute(db) }
}

test('a silent server: the statement fails, and its connection is not used again', async () => {
  const { db, ask } = open({ answerMillis: 100 })
  await expect(ask()).rejects.toThrow('the database did not answer within 0.1 s')
  if (!connections[0]!.closed) await once(connections[0]!, 'close')
  await expect(db.transaction().execute((within) => sql`select 1`.execute(within))).rejects.toThrow('did not answer')
  expect(connections).toHaveLength(2)
})

test('a server that takes a connection and says nothing', async () => {
  isOpen = false
  await expect(open({ connectMillis: 100 }).ask()).rejects.toThrow('timeout expired')
})

test('the time in line for a connection is not that of connecting', async () => {
  const { ask } = open({ connectMillis: 100, answerMillis: 300 })
  const all = await Promise.allSettled(Array.from({ length: 13 }, ask))
  for (const one of all) expect(one).toMatchObject({ reason: { message: expect.stringContaining('did not answer') } })
})

test.each([
  ['closed', (connection: Socket) => connection.destroy()],
  ['reset', (connection: Socket) => connection.resetAndDestroy()],
])('a connection that is %s under a statement fails that statement, and not the process', async (_how, end) => {
  onQuery = end
  await expect(open({}).ask()).rejects.toThrow(/terminated|ECONNRESET/)
})
