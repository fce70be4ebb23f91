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
  const { kind, dialect, patientDialect } = await chooseDialect(options.url)
  const db = new Kysely<Tables>({ dialect })
  const migrating = patientDialect ? new Kysely<Tables>({ dialect: patientDialect }) : db
  const migrator = new Migrator({ db: migrating, provider: migrations(kind) })
  const { error } = await migrator.migrateToLatest()
  if (migrating !== db) await migrating.destroy()
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

interface Choice {
  readonly kind: MetadataKind
  readonly dialect: Dialect
  /** For migrations, whose statements may take long, and wait for those of another replica; absent where none is given up. */
  readonly patientDialect?: Dialect
}

async function chooseDialect(url: string): Promise<Choice> {
  if (/^postgres(ql)?:\/\//.test(url)) {
    const { postgresDialect } = await import('./postgres.ts')
    const patientDialect = postgresDialect(url, { answerMillis: Number.POSITIVE_INFINITY })
    return { kind: 'postgres', dialect: postgresDialect(url), patientDialect }
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
