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

/** `identifier operator value`, with the identifier taken apart by its grammar. */
export interface Condition {
  readonly entity: 'metric' | 'param' | 'tag' | 'attribute' | 'dataset'
  readonly key: string
  readonly operator: ComparisonOperator
  readonly value: string | number | readonly string[] | undefined
}

/** One item of an order: `entity.key [DESC]`. */
export interface OrderItem {
  readonly entity: Condition['entity']
  readonly key: string
  readonly descending: boolean
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
      return kind === 'sqlite'
        ? sql`lower(${column}) like ${String(value).toLowerCase()}`
        : sql`${column} ilike ${String(value)} escape ''`
    default:
      return sql`${column} ${sql.raw(operator)} ${value}`
  }
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
