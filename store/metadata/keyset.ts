/**
 * Pages by key instead of by offset: a page costs the same wherever it stands, and rows added meanwhile move nothing.
 * Before: the list and search queries. Pure but for the SQL it builds.
 */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { invalid } from './errors.ts'

/** One column of an order. The last one of an order must be unique. */
export interface OrderColumn {
  readonly expression: Expression<unknown>
  readonly descending?: boolean
}

export type KeyValuePart = string | number

/** What a page token carries: which list it belongs to and the key of the last row. */
export interface PageKey {
  /** Whatever must be the same on the next call: sort and filter. */
  readonly scope: string
  readonly key: readonly KeyValuePart[]
}

/** JSON has no infinities; a metric may be one. */
const INFINITIES: Readonly<Record<string, number>> = { '+': Number.POSITIVE_INFINITY, '-': Number.NEGATIVE_INFINITY }

export function encodePageToken(page: PageKey): string {
  const key = page.key.map((part) => {
    if (part === Number.POSITIVE_INFINITY) return ['+']
    return part === Number.NEGATIVE_INFINITY ? ['-'] : part
  })
  return Buffer.from(JSON.stringify([page.scope, key])).toString('base64url')
}

/** Reads a token; throws `invalid` when it is not one of ours or belongs to another sort or filter. */
export function decodePageToken(token: string, scope: string, length: number): readonly KeyValuePart[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(Buffer.from(token, 'base64url').toString('utf8'))
  } catch {
    throw invalid('page_token is not valid')
  }
  if (!Array.isArray(parsed) || typeof parsed[0] !== 'string' || !Array.isArray(parsed[1])) {
    throw invalid('page_token is not valid')
  }
  if (parsed[0] !== scope) throw invalid('page_token belongs to a call with another filter or order')
  const key = (parsed[1] as unknown[]).map((part) => (Array.isArray(part) ? INFINITIES[String(part[0])] : part))
  const usable = key.every((part) => (typeof part === 'string' && !part.includes('\0')) || typeof part === 'number')
  if (key.length !== length || !usable) throw invalid('page_token is not valid')
  return key as KeyValuePart[]
}

/**
 * The condition "comes after this key".
 *
 * The leading column is bounded a second time on its own, which lets both databases start in its index.
 */
export function afterKey(order: readonly OrderColumn[], key: readonly KeyValuePart[]): RawBuilder<SqlBool> {
  const clauses: RawBuilder<SqlBool>[] = []
  for (const [index, column] of order.entries()) {
    const equal = order.slice(0, index).map((before, at) => sql<SqlBool>`${before.expression} = ${key[at]}`)
    clauses.push(sql<SqlBool>`(${sql.join([...equal, beyond(column, key[index]!)], sql` and `)})`)
  }
  const first = order[0]!
  const bound = first.descending
    ? sql<SqlBool>`${first.expression} <= ${key[0]}`
    : sql<SqlBool>`${first.expression} >= ${key[0]}`
  return sql<SqlBool>`(${bound} and (${sql.join(clauses, sql` or `)}))`
}

function beyond(column: OrderColumn, value: KeyValuePart): RawBuilder<SqlBool> {
  return column.descending ? sql`${column.expression} < ${value}` : sql`${column.expression} > ${value}`
}

/** The ORDER BY list. */
export function orderBy(order: readonly OrderColumn[]): RawBuilder<unknown> {
  return sql.join(
    order.map((column) => (column.descending ? sql`${column.expression} desc` : sql`${column.expression} asc`)),
  )
}
