/** Opens the metadata database: SQLite or Postgres by the URL, migrated, with its default experiment. The way in for all. */
import { type Dialect, Kysely, Migrator, sql, type Transaction } from 'kysely'
import { GroupCommit } from './group-commit.ts'
import type { MetadataKind } from './migrations/columns.ts'
import { migrations } from './migrations/index.ts'
import { sqliteDialect } from './sqlite.ts'
import type { Tables } from './tables.ts'

export type Db = Kysely<Tables>

/** An open metadata database. */
export interface Metadata {
  readonly kind: MetadataKind
  readonly db: Db
  /** Runs `work` in a transaction that is committed when this resolves. Inside, use the `db` that it is given and no other. */
  transaction<T>(work: (db: Transaction<Tables>) => Promise<T>): Promise<T>
  /** Milliseconds since the epoch; one clock for all that is stored. */
  now(): number
  close(): Promise<void>
}

export interface OpenMetadataOptions {
  /** A path or `sqlite:PATH`, `:memory:`, or `postgres://…`. */
  readonly url: string
  /** @default Date.now */
  readonly now?: () => number
}

/**
 * Opens the database and brings its tables up to date.
 *
 * Rejects when the database can't be reached or is of a newer version than this program.
 *
 * @example
 * const metadata = await openMetadata({ url: ':memory:' })
 */
export async function openMetadata(options: OpenMetadataOptions): Promise<Metadata> {
  const { kind, dialect } = await chooseDialect(options.url)
  const db = new Kysely<Tables>({ dialect })
  const migrator = new Migrator({ db, provider: migrations(kind) })
  const { error } = await migrator.migrateToLatest()
  if (error) {
    await db.destroy()
    throw new Error(`The metadata database ${describeUrl(options.url)} can't be opened: ${messageOf(error)}`, {
      cause: error,
    })
  }
  return {
    kind,
    db,
    transaction: transactionsOf(kind, db),
    now: options.now ?? Date.now,
    close: () => db.destroy(),
  }
}

function transactionsOf(kind: MetadataKind, db: Db): Metadata['transaction'] {
  if (kind === 'postgres') return (work) => db.transaction().execute(work)
  const group = new GroupCommit(db)
  return (work) => group.transaction(work)
}

async function chooseDialect(url: string): Promise<{ kind: MetadataKind; dialect: Dialect }> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { postgresDialect } = await import('./postgres.ts')
    return { kind: 'postgres', dialect: postgresDialect(url) }
  }
  return { kind: 'sqlite', dialect: sqliteDialect(url.replace(/^sqlite:(\/\/)?/, '')) }
}

/** The URL without its password. */
function describeUrl(url: string): string {
  return url.replace(/(\/\/[^:/@]*):[^@]*@/, '$1:***@')
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The next number of a counter. The row lock makes the numbers follow the order of commits. */
export async function nextCounter(db: Db, name: 'experiment' | 'history' | 'audit'): Promise<number> {
  const row = await db
    .updateTable('counters')
    .set({ value: sql`value + 1` })
    .where('name', '=', name)
    .returning('value')
    .executeTakeFirstOrThrow()
  return row.value
}
