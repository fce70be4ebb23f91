/** Opens Postgres through pg for kysely. Before: database.ts. */
import { type Dialect, PostgresDialect } from 'kysely'
import pg from 'pg'

const INT8 = 20
const NUMERIC = 1700

/**
 * A kysely dialect on a Postgres database.
 *
 * 64-bit integers arrive as numbers: every one we store is a time in milliseconds, a step or a count, checked to be safe
 * at the API border.
 * @param url `postgres://user:password@host:port/database`
 */
export function postgresDialect(url: string): Dialect {
  const types = {
    getTypeParser(id: number, format?: 'text' | 'binary') {
      if (id === INT8 || id === NUMERIC) return Number
      return pg.types.getTypeParser(id, format as 'text')
    },
  }
  const pool = new pg.Pool({ connectionString: url, max: 12, types: types as pg.CustomTypesConfig })
  // An idle connection that the server closed is replaced at the next query; without a listener it would end the process.
  pool.on('error', () => {})
  return new PostgresDialect({ pool })
}
