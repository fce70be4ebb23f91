/** The order by one metric, read off the index of latest values instead of sorting a table. Before: run-search.ts, keyed-search.ts. */
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import type { Db } from './database.ts'
import { afterKey, type KeyValuePart, type OrderColumn, orderBy } from './keyset.ts'

export interface MetricOrder {
  readonly key: string
  readonly descending?: boolean | undefined
  readonly columns: RawBuilder<unknown>
  readonly from: RawBuilder<unknown>
  /** Expression for the run's id in `from`. */
  readonly runId: RawBuilder<unknown>
  readonly where: readonly RawBuilder<SqlBool>[]
  /** The end of the order; the last one is unique. */
  readonly tieBreak: readonly OrderColumn[]
  readonly limit: number
  /** Where the page before ended: the value, then the tie break. */
  readonly after?: readonly KeyValuePart[] | undefined
}

/**
 * A full page with the key of its last row: its value, then the tie break. Undefined when runs with the metric do not fill
 * it: those without come last, and the general search finds them.
 */
export async function pageByMetric<Row>(
  db: Db,
  { key, descending, columns, from, runId, where, tieBreak, limit, after }: MetricOrder,
): Promise<{ readonly rows: Row[]; readonly key: KeyValuePart[] } | undefined> {
  const order: OrderColumn[] = [{ expression: sql.ref('om.value'), ...(descending && { descending }) }, ...tieBreak]
  const conditions = [
    sql<SqlBool>`om.key = ${key} and om.is_nan = 0 and ${runId} = om.run_id`,
    ...where,
    ...(after ? [afterKey(order, after)] : []),
  ]
  const keys = order.map((column, index) => sql`${column.expression} as ${sql.ref(`order_${index}`)}`)
  // `cross join` keeps SQLite from another order of the tables.
  const { rows } = await sql<Row & Record<string, KeyValuePart>>`select ${columns}, ${sql.join(keys)}
    from latest_metrics as om cross join ${from} where ${sql.join(conditions, sql` and `)}
    order by ${orderBy(order)} limit ${limit + 1}`.execute(db)
  if (rows.length <= limit) return undefined
  const page = rows.slice(0, limit)
  return { rows: page, key: order.map((_, index) => page.at(-1)![`order_${index}`]!) }
}
