/**
 * Search over the smaller lists: experiments, logged models, registered models, versions and KFP's lists.
 * One function, told by a plan which attribute is which column. Before: both APIs.
 */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { type Condition, compare, type DatasetFilter, measuredOn, type OrderItem } from './conditions.ts'
import type { Metadata } from './database.ts'
import { afterKey, decodePageToken, encodePageToken, type KeyValuePart, type OrderColumn, orderBy } from './keyset.ts'
import { pageByMetric } from './metric-order.ts'

/** Where the key-value pairs of a searched thing lie: a table and the condition that joins it to the thing. */
export interface PairSource {
  readonly table: string
  readonly joins: RawBuilder<SqlBool>
  /** Extra condition, for instance that a metric is no NaN. */
  readonly only?: RawBuilder<SqlBool>
  /** Where a key has several values: the order that begins with the one that counts when things are sorted by it. */
  readonly lastFirst?: RawBuilder<unknown>
  /** For latest metrics of runs: the run's id in the plan's tables, so that an order begins in the metric's index. */
  readonly runId?: RawBuilder<unknown>
}

export interface SearchPlan {
  readonly from: RawBuilder<unknown>
  readonly columns: RawBuilder<unknown>
  /** Names of the grammar to SQL that is never NULL when it is used in an order. */
  readonly attributes: Readonly<Record<string, Expression<unknown>>>
  readonly pairs?: Partial<Record<'tag' | 'param' | 'metric', PairSource>>
  /** The unique end of each order. */
  readonly tieBreak: readonly OrderColumn[]
}

export interface KeyedSearch {
  readonly base: readonly RawBuilder<SqlBool>[]
  readonly conditions: readonly Condition[]
  readonly order: readonly OrderItem[]
  /** In place of the plan's. */
  readonly tieBreak?: readonly OrderColumn[]
  readonly limit: number
  readonly pageToken?: string | undefined
  readonly scope: string
}

/** One page in the given order. */
export async function keyedSearch<Row>(
  metadata: Metadata,
  plan: SearchPlan,
  search: KeyedSearch,
): Promise<{ rows: Row[]; nextPageToken?: string }> {
  const order = [...orderOf(plan, search.order), ...(search.tieBreak ?? plan.tieBreak)]
  const where = [...search.base, ...search.conditions.map((condition) => conditionOf(metadata, plan, condition))]
  const quick = await searchByMetric<Row>(metadata, plan, search, where, order.length)
  if (quick) return quick
  if (search.pageToken) where.push(afterKey(order, decodePageToken(search.pageToken, search.scope, order.length)))
  const keys = order.map((column, index) => sql`${column.expression} as ${sql.ref(`order_${index}`)}`)
  const condition = where.length > 0 ? sql`where ${sql.join(where, sql` and `)}` : sql``
  const { rows } = await sql<Row & Record<string, KeyValuePart>>`select ${plan.columns}, ${sql.join(keys)}
    from ${plan.from} ${condition} order by ${orderBy(order)} limit ${search.limit + 1}`.execute(metadata.db)
  if (rows.length <= search.limit) return { rows }
  const page = rows.slice(0, search.limit)
  const last = page.at(-1)!
  const key = order.map((_, index) => last[`order_${index}`]!)
  return { rows: page, nextPageToken: encodePageToken({ scope: search.scope, key }) }
}

async function searchByMetric<Row>(
  metadata: Metadata,
  plan: SearchPlan,
  search: KeyedSearch,
  where: readonly RawBuilder<SqlBool>[],
  keyLength: number,
): Promise<{ rows: Row[]; nextPageToken?: string } | undefined> {
  const [first, ...more] = search.order
  const runId = plan.pairs?.metric?.runId
  if (first?.entity !== 'metric' || more.length > 0 || !runId) return undefined
  const token = search.pageToken ? decodePageToken(search.pageToken, search.scope, keyLength) : undefined
  // Those without the metric stand behind all others.
  if (token && token[0] !== 0) return undefined
  const { key, descending } = first
  const { columns, from } = plan
  const tieBreak = search.tieBreak ?? plan.tieBreak
  const after = token?.slice(1)
  const { limit } = search
  const page = await pageByMetric<Row>(metadata.db, {
    key,
    descending,
    columns,
    from,
    runId,
    where,
    tieBreak,
    limit,
    after,
  })
  if (!page) return undefined
  return { rows: page.rows, nextPageToken: encodePageToken({ scope: search.scope, key: [0, ...page.key] }) }
}

function orderOf(plan: SearchPlan, items: readonly OrderItem[]): OrderColumn[] {
  const order: OrderColumn[] = []
  for (const { entity, key, descending, datasets } of items) {
    const source = entity === 'attribute' || entity === 'dataset' ? undefined : plan.pairs?.[entity]
    if (!source) {
      order.push({ expression: plan.attributes[key]!, descending })
      continue
    }
    const value = valueToOrderBy(source, key, datasets)
    const blank = entity === 'metric' ? sql`0` : sql`''`
    order.push({ expression: sql`(case when ${value} is null then 1 else 0 end)` })
    order.push({ expression: sql`coalesce(${value}, ${blank})`, descending })
  }
  return order
}

/** The one value of the key, or its last one: when that is none to compare, such as NaN, there is none. */
function valueToOrderBy(source: PairSource, key: string, datasets?: readonly DatasetFilter[]): RawBuilder<unknown> {
  const { table, only = sql<boolean>`true`, lastFirst } = source
  const last = lastFirst ? sql` order by ${lastFirst} limit 1` : sql``
  return sql`(select case when ${only} then kv.value end from ${sql.table(table)} as kv
    where ${pairOf(source, key, datasets)}${last})`
}

function pairOf(source: PairSource, key: string, datasets: readonly DatasetFilter[] = []): RawBuilder<SqlBool> {
  const measured = datasets.length > 0 ? sql` and ${measuredOn('kv', datasets)}` : sql``
  return sql`${source.joins} and kv.key = ${key}${measured}`
}

function conditionOf(metadata: Metadata, plan: SearchPlan, condition: Condition): RawBuilder<SqlBool> {
  const { entity, key, operator, value, datasets } = condition
  const source = entity === 'attribute' || entity === 'dataset' ? undefined : plan.pairs?.[entity]
  if (!source) return compare(metadata.kind, plan.attributes[key]!, operator, value)
  const rows = sql`select 1 from ${sql.table(source.table)} as kv
    where ${pairOf(source, key, datasets)}${source.only ? sql` and ${source.only}` : sql``}`
  if (operator === 'IS NULL') return sql`not exists (${rows})`
  if (operator === 'IS NOT NULL') return sql`exists (${rows})`
  return sql`exists (${rows} and ${compare(metadata.kind, sql.ref('kv.value'), operator, value)})`
}
