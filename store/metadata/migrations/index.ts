/** The migrations in their order; each runs once. A released one is never edited: a change is a new entry. */
import { type Kysely, type Migration, type MigrationProvider, type RawBuilder, sql } from 'kysely'
import { columnsOf, createTable, type MetadataKind } from './columns.ts'
import { MODEL_TABLES } from './models.ts'
import { PIPELINE_TABLES } from './pipelines.ts'
import { SCHEDULE_TABLES } from './schedules.ts'
import { RUNS_BY_END, SIGNAL_TABLES } from './signals.ts'
import { INDEXES_BY_VALUE, TRACKING_TABLES } from './tracking.ts'

/** The migrations for one kind of database. */
export function migrations(kind: MetadataKind): MigrationProvider {
  return {
    getMigrations: async () => ({
      '0001-one-schema': oneSchema(kind),
      '0002-schedules': schedules(kind),
      '0003-signals': signals(kind),
      '0004-append-only-history': appendOnlyHistory(kind),
      '0005-search-by-value': searchByValue(),
      '0006-cache-parts': cacheParts(kind),
    }),
  }
}

function oneSchema(kind: MetadataKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const types = columnsOf(kind)
      const plans = { ...TRACKING_TABLES, ...MODEL_TABLES, ...PIPELINE_TABLES }
      for (const [name, plan] of Object.entries(plans)) await createTable(db, types, name, plan)
      const counters = ['experiment', 'history', 'audit'].map((name) => ({ name, value: 0 }))
      await (db as Kysely<{ counters: { name: string; value: number } }>)
        .insertInto('counters')
        .values(counters)
        .execute()
    },
  }
}

function schedules(kind: MetadataKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const [name, plan] of Object.entries(SCHEDULE_TABLES)) await createTable(db, columnsOf(kind), name, plan)
    },
  }
}

/** The database itself refuses to change or remove a line of the registry's history. */
function appendOnlyHistory(kind: MetadataKind): Migration {
  const refusal = "'registry_history is append-only'"
  const statements =
    kind === 'sqlite'
      ? ['update', 'delete'].map(
          (verb) => `create trigger registry_history_no_${verb} before ${verb} on registry_history
            begin select raise(abort, ${refusal}); end`,
        )
      : [
          `create function refuse_history_change() returns trigger language plpgsql as
            $$ begin raise exception ${refusal}; end $$`,
          `create trigger registry_history_append_only before update or delete on registry_history
            for each statement execute function refuse_history_change()`,
        ]
  return {
    async up(db: Kysely<unknown>) {
      for (const statement of statements) await sql.raw(statement).execute(db)
    },
  }
}

function searchByValue(): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const { table, name, replaces, columns } of INDEXES_BY_VALUE) {
        await db.schema.dropIndex(replaces).execute()
        await db.schema
          .createIndex(name)
          .on(table)
          .expression(sql.raw(columns.join(', ')))
          .execute()
      }
    },
  }
}

/** What a result's key was made of, to say later what has changed since. */
function cacheParts(kind: MetadataKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      const text = columnsOf(kind).text as RawBuilder<never>
      for (const column of ['pipeline_name', 'parts'])
        await db.schema.alterTable('cache_entries').addColumn(column, text).execute()
      await db.schema
        .createIndex('cache_entries_by_time')
        .on('cache_entries')
        .columns(['namespace', 'pipeline_name', 'created_at'] as never)
        .execute()
    },
  }
}

function signals(kind: MetadataKind): Migration {
  return {
    async up(db: Kysely<unknown>) {
      for (const [name, plan] of Object.entries(SIGNAL_TABLES)) await createTable(db, columnsOf(kind), name, plan)
      const { name, table, columns } = RUNS_BY_END
      await db.schema
        .createIndex(name)
        .on(table)
        .columns(columns as never)
        .execute()
    },
  }
}
