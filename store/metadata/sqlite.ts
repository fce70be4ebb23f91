/** Opens SQLite through node:sqlite for kysely's own SQLite dialect. Before: database.ts. Nothing else speaks to the file. */
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import { type Dialect, type SqliteDatabase, SqliteDialect, type SqliteStatement } from 'kysely'

/** Prepared statements kept per database; preparing costs more than running for the short queries of this server. */
const STATEMENTS_KEPT = 400

/**
 * A kysely dialect on a SQLite file.
 *
 * WAL with `synchronous=FULL`: what was acknowledged survives the end of the process and of the machine.
 * @param path file name, or ':memory:'
 */
export function sqliteDialect(path: string): Dialect {
  return new SqliteDialect({ database: async () => openFile(path) })
}

function openFile(path: string): SqliteDatabase {
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path)
  database.exec('pragma busy_timeout = 10000')
  database.exec('pragma journal_mode = wal')
  database.exec('pragma synchronous = full')
  database.exec('pragma foreign_keys = on')
  database.exec('pragma cache_size = -65536')
  database.exec('pragma temp_store = memory')
  return wrap(database)
}

function wrap(database: DatabaseSync): SqliteDatabase {
  const kept = new Map<string, SqliteStatement>()
  return {
    close: () => database.close(),
    prepare(sql) {
      const known = kept.get(sql)
      if (known) return known
      // A deferred transaction that turns into a writer fails at once when another process wrote in between.
      const statement = wrapStatement(database.prepare(sql === 'begin' ? 'begin immediate' : sql))
      if (kept.size >= STATEMENTS_KEPT) kept.delete(kept.keys().next().value!)
      kept.set(sql, statement)
      return statement
    },
  }
}

function wrapStatement(statement: StatementSync): SqliteStatement {
  const bind = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
  return {
    reader: statement.columns().length > 0,
    all: (parameters) => statement.all(...bind(parameters)),
    run: (parameters) => statement.run(...bind(parameters)),
    iterate: (parameters) => statement.iterate(...bind(parameters)) as IterableIterator<unknown>,
  }
}
