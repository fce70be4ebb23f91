/** Opens Postgres through pg for kysely. Before: database.ts. */
import { type Dialect, PostgresDialect, type PostgresPoolClient } from 'kysely'
import pg from 'pg'

const INT8 = 20
const NUMERIC = 1700

export interface PostgresOptions {
  /** A connection that is not there by then is given up. @default 10_000 */
  readonly connectMillis?: number
  /**
   * A statement that has no answer by then fails, and its connection is given up: the node of the server may be lost, of which nothing
   * but silence is heard. Whether it was carried out is not known. Infinity where statements may take long. @default 60_000
   */
  readonly answerMillis?: number
}

/**
 * A kysely dialect on a Postgres database.
 *
 * 64-bit integers arrive as numbers: every one we store is a time in milliseconds, a step or a count, checked to be safe
 * at the API border.
 * @param url `postgres://user:password@host:port/database`
 */
export function postgresDialect(
  url: string,
  { connectMillis = 10_000, answerMillis = 60_000 }: PostgresOptions = {},
): Dialect {
  const types = {
    getTypeParser(id: number, format?: 'text' | 'binary') {
      if (id === INT8 || id === NUMERIC) return Number
      return pg.types.getTypeParser(id, format as 'text')
    },
  }
  /** The pool's own limit of this name would count the time in line for a connection, too. */
  class Client extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super({ ...config, connectionTimeoutMillis: connectMillis })
    }
  }
  const pool = new pg.Pool({
    connectionString: url,
    max: 12,
    types: types as pg.CustomTypesConfig,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    Client,
  })
  // A connection that died is replaced at the next query, which is told; without listeners its death would end the process: of the pool
  // while it is idle, of its own while it is used.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  if (answerMillis === Number.POSITIVE_INFINITY) return new PostgresDialect({ pool })
  const connect = async () => impatient(await pool.connect(), answerMillis)
  return new PostgresDialect({ pool: { connect, end: () => pool.end() } })
}

/** Ends the connection when an answer is late; the pool takes back none that was ended. */
function impatient(client: pg.PoolClient, answerMillis: number): PostgresPoolClient {
  let late: Error | undefined
  async function query(text: string, values: readonly unknown[]) {
    // The roll back of a transaction that failed so: what it says is told instead of why.
    if (late) throw late
    const timer = setTimeout(() => {
      late = new Error(`the database did not answer within ${answerMillis / 1000} s`)
      void client.end()
    }, answerMillis)
    try {
      return await client.query(text, [...values])
    } catch (error) {
      throw late ?? error
    } finally {
      clearTimeout(timer)
    }
  }
  return { query: query as unknown as PostgresPoolClient['query'], release: () => client.release() }
}
