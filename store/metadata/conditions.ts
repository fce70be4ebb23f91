/** Search conditions as data and as SQL. Before: the grammars of the APIs. After: the search queries. */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { MetadataKind } from './migrations/columns.ts'

export type ComparisonOperator =
  | '='
  | '!='
  | '<'
  | '<='
  | '>'
  | '>='
  | 'LIKE'
  | 'ILIKE'
  | 'IN'
  | 'NOT IN'
  | 'IS NULL'
  | 'IS NOT NULL'

/** Data that a metric of a model was measured on. */
export interface DatasetFilter {
  readonly name?: string | undefined
  readonly digest?: string | undefined
}

/** `identifier operator value`, with the identifier taken apart by its grammar. */
export interface Condition {
  readonly entity: 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'
  readonly key: string
  readonly operator: ComparisonOperator
  readonly value: string | number | readonly string[] | undefined
  /** Of a model's metric: measured on one of these. */
  readonly datasets?: readonly DatasetFilter[]
}

/** One item of an order: `entity.key [DESC]`. */
export interface OrderItem {
  readonly entity: Condition['entity']
  readonly key: string
  readonly descending: boolean
  /** Of a model's metric: measured on one of these. */
  readonly datasets?: readonly DatasetFilter[]
}

/** `column operator value` with the same meaning in both databases; LIKE minds case, ILIKE does not. */
export function compare(
  kind: MetadataKind,
  column: Expression<unknown>,
  operator: ComparisonOperator,
  value: Condition['value'],
): RawBuilder<SqlBool> {
  switch (operator) {
    case 'IS NULL':
      return sql`${column} is null`
    case 'IS NOT NULL':
      return sql`${column} is not null`
    case 'IN':
      return sql`${column} in (${sql.join(listOf(value))})`
    case 'NOT IN':
      return sql`${column} not in (${sql.join(listOf(value))})`
    case 'LIKE':
      return kind === 'sqlite'
        ? sql`${column} glob ${globOf(String(value))}`
        : sql`${column} like ${String(value)} escape ''`
    case 'ILIKE':
      // SQLite's LIKE, and ILIKE where text is compared by code point, take capitals for small letters in ASCII alone.
      return kind === 'sqlite' ? sql`${column} like ${String(value)}` : sql`${column} ilike ${String(value)} escape ''`
    default:
      return sql`${column} ${sql.raw(operator)} ${value}`
  }
}

/** Rows of `table` that tell of one of the datasets. */
export function measuredOn(table: string, datasets: readonly DatasetFilter[]): RawBuilder<SqlBool> {
  const column = (name: string) => sql.ref(`${table}.${name}`)
  const any = datasets.map(({ name, digest }) => {
    const both = [
      ...(name ? [sql`${column('dataset_name')} = ${name}`] : []),
      ...(digest ? [sql`${column('dataset_digest')} = ${digest}`] : []),
    ]
    return sql`(${sql.join(both, sql` and `)})`
  })
  return sql<SqlBool>`(${sql.join(any, sql` or `)})`
}

function listOf(value: Condition['value']): readonly unknown[] {
  const list = Array.isArray(value) ? value : [value]
  return list.length > 0 ? list : [null]
}

/** SQLite's LIKE ignores case; GLOB does not. `%` and `_` become `*` and `?`, GLOB's own signs lose their meaning. */
function globOf(pattern: string): string {
  return pattern
    .replace(/[[*?]/g, (sign) => `[${sign}]`)
    .replaceAll('%', '*')
    .replaceAll('_', '?')
}
