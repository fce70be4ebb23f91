/** The column types of our tables in the words of each database. Before: the migrations. */
import { type Kysely, type RawBuilder, sql } from 'kysely'

export type MetadataKind = 'sqlite' | 'postgres'

/** What a migration needs to know to write one table for both databases. */
export interface Columns {
  readonly kind: MetadataKind
  /** Compared by code point in both, so that an order and a page token mean the same. */
  readonly text: RawBuilder<unknown>
  /** Times, steps and counts. */
  readonly int: RawBuilder<unknown>
  readonly real: RawBuilder<unknown>
  /** Ends a CREATE TABLE whose primary key is its only order. */
  readonly clustered: RawBuilder<unknown>
}

export function columnsOf(kind: MetadataKind): Columns {
  const postgres = kind === 'postgres'
  return {
    kind,
    text: postgres ? sql`text collate "C"` : sql`text`,
    int: postgres ? sql`bigint` : sql`integer`,
    real: postgres ? sql`double precision` : sql`real`,
    clustered: postgres ? sql`` : sql`without rowid`,
  }
}

/** Column name to `text!` (not null), `text`, `int!`, `int`, `real!`. */
export type ColumnPlan = Readonly<Record<string, 'text' | 'text!' | 'int' | 'int!' | 'real!'>>

export interface TablePlan {
  readonly columns: ColumnPlan
  readonly key: readonly string[]
  readonly unique?: readonly (readonly string[])[]
  /** Index name to its columns, each optionally followed by ` desc`. */
  readonly indexes?: Readonly<Record<string, readonly string[]>>
  /** Rows that go when the row they belong to goes: column to `table.column`. */
  readonly belongsTo?: Readonly<Record<string, string>>
}

/** Creates one table and its indexes. */
export async function createTable(db: Kysely<unknown>, types: Columns, name: string, plan: TablePlan): Promise<void> {
  let table = db.schema.createTable(name)
  for (const [column, type] of Object.entries(plan.columns)) {
    const target = plan.belongsTo?.[column]
    table = table.addColumn(column, types[type.replace('!', '') as 'text'] as RawBuilder<never>, (built) => {
      const checked = type.endsWith('!') ? built.notNull() : built
      return target ? checked.references(target).onDelete('cascade') : checked
    })
  }
  table = table.addPrimaryKeyConstraint(`${name}_pk`, plan.key as never)
  for (const [index, columns] of (plan.unique ?? []).entries()) {
    table = table.addUniqueConstraint(`${name}_unique_${index}`, columns as never)
  }
  await table.modifyEnd(types.clustered).execute()
  for (const [index, columns] of Object.entries(plan.indexes ?? {})) {
    await db.schema
      .createIndex(index)
      .on(name)
      .expression(sql.raw(columns.join(', ')))
      .execute()
  }
}
