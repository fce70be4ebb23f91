/** The migrations in their order; each runs once. A released one is never edited: a change is a new entry. */
import type { Kysely, Migration, MigrationProvider } from 'kysely'
import { columnsOf, createTable, type MetadataKind } from './columns.ts'
import { MODEL_TABLES } from './models.ts'
import { PIPELINE_TABLES } from './pipelines.ts'
import { SCHEDULE_TABLES } from './schedules.ts'
import { RUNS_BY_END, SIGNAL_TABLES } from './signals.ts'
import { TRACKING_TABLES } from './tracking.ts'

/** The migrations for one kind of database. */
export function migrations(kind: MetadataKind): MigrationProvider {
  return {
    getMigrations: async () => ({
      '0001-one-schema': oneSchema(kind),
      '0002-schedules': schedules(kind),
      '0003-signals': signals(kind),
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
