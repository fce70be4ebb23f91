/** Search over runs: conditions and order as data, pages by key. Before: server/mlflow. */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { type Condition, compare, type OrderItem } from './conditions.ts'
import type { Metadata } from './database.ts'
import { afterKey, decodePageToken, encodePageToken, type KeyValuePart, type OrderColumn, orderBy } from './keyset.ts'
import { pageByMetric } from './metric-order.ts'
import { INDEXED_LENGTH } from './migrations/tracking.ts'
import type { Lifecycle, RunRow } from './tables.ts'

export interface RunSearch {
  /** Undefined searches all. */
  readonly namespace: string | undefined
  readonly experimentIds: readonly number[]
  readonly conditions: readonly Condition[]
  readonly order: readonly OrderItem[]
  readonly stages: readonly Lifecycle[]
  readonly limit: number
  readonly pageToken?: string | undefined
  /** Text of filter and order: a page token of another search is refused. */
  readonly scope: string
}

/** The status that MLflow clients see, from our state. */
const STATUS = sql`case runs.state when 'SUCCEEDED' then 'FINISHED' when 'SKIPPED' then 'FINISHED' when 'CACHED' then 'FINISHED'
  when 'FAILED' then 'FAILED' when 'CANCELED' then 'KILLED' when 'PENDING' then 'SCHEDULED' when 'PAUSED' then 'SCHEDULED'
  else 'RUNNING' end`

/** Attribute names of the grammar to SQL. */
const ATTRIBUTES: Readonly<Record<string, Expression<unknown>>> = {
  run_id: sql.ref('runs.run_id'),
  run_name: sql.ref('runs.name'),
  status: STATUS,
  artifact_uri: sql.ref('runs.artifact_uri'),
  user_id: sql.ref('runs.user_id'),
  start_time: sql.ref('runs.start_time'),
  end_time: sql.ref('runs.end_time'),
}

/** One page of runs. Rejects with `invalid` for a token of another search. */
export async function searchRuns(
  metadata: Metadata,
  search: RunSearch,
): Promise<{ runs: RunRow[]; nextPageToken?: string }> {
  const { conditions, few } = await conditionsOf(metadata, search.conditions)
  // Few runs are sorted sooner than found again in the order of a metric.
  const quick = few ? undefined : await searchByMetric(metadata, search, conditions)
  if (quick) return quick
  const columns = orderColumns(search.order)
  let query = metadata.db
    .selectFrom('runs')
    .selectAll('runs')
    .select(columns.map((column, index) => sql<KeyValuePart>`${column.expression}`.as(`order_${index}`)))
    .where('runs.experiment_id', 'in', [...search.experimentIds])
  if (search.namespace !== undefined) query = query.where('runs.namespace', '=', search.namespace)
  if (search.stages.length === 1) query = query.where('runs.lifecycle_stage', '=', search.stages[0]!)
  for (const condition of conditions) query = query.where(condition)
  if (search.pageToken) {
    query = query.where(afterKey(columns, decodePageToken(search.pageToken, search.scope, columns.length)))
  }
  const rows = await query
    .orderBy(orderBy(columns))
    .limit(search.limit + 1)
    .execute()
  if (rows.length <= search.limit) return { runs: rows }
  const runs = rows.slice(0, search.limit)
  const last = runs.at(-1)! as RunRow & Record<string, KeyValuePart>
  const key = columns.map((_, index) => last[`order_${index}`]!)
  return { runs, nextPageToken: encodePageToken({ scope: search.scope, key }) }
}

/**
 * The order by one metric, read off the index of latest values. Answers a page only when it is full: runs without the
 * metric come last, and the general search finds those.
 */
async function searchByMetric(
  metadata: Metadata,
  search: RunSearch,
  given: readonly RawBuilder<SqlBool>[],
): Promise<{ runs: RunRow[]; nextPageToken?: string } | undefined> {
  const [first, ...more] = search.order
  if (first?.entity !== 'metric' || more.length > 0) return undefined
  const tieBreak = orderColumns([])
  const token = search.pageToken ? decodePageToken(search.pageToken, search.scope, tieBreak.length + 2) : undefined
  if (token && token[0] !== 0) return undefined
  const page = await pageByMetric<RunRow>(metadata.db, {
    key: first.key,
    descending: first.descending,
    columns: sql`runs.*`,
    from: sql`runs`,
    runId: sql.ref('runs.run_id'),
    where: [
      sql<SqlBool>`runs.experiment_id in (${sql.join([...search.experimentIds])})`,
      sql<SqlBool>`runs.lifecycle_stage in (${sql.join([...search.stages])})`,
      ...(search.namespace === undefined ? [] : [sql<SqlBool>`runs.namespace = ${search.namespace}`]),
      ...given,
    ],
    tieBreak,
    limit: search.limit,
    after: token?.slice(1),
  })
  if (!page) return undefined
  return { runs: page.rows, nextPageToken: encodePageToken({ scope: search.scope, key: [0, ...page.key] }) }
}

/** So many matches of a condition are looked up first; of more the page is found sooner by trying one run after the other. */
const FEW = 2000

/** The conditions as SQL; one that few runs meet begins in the index of its values. */
async function conditionsOf(
  metadata: Metadata,
  conditions: readonly Condition[],
): Promise<{ readonly conditions: RawBuilder<SqlBool>[]; readonly few: boolean }> {
  const built: RawBuilder<SqlBool>[] = []
  let anyFew = false
  for (const condition of conditions) {
    const matching = indexed(metadata, condition)
    const few = matching && (await isShort(metadata, matching))
    built.push(few ? sql`runs.run_id in (${matching})` : runCondition(metadata, condition))
    anyFew ||= Boolean(few)
  }
  return { conditions: built, few: anyFew }
}

async function isShort({ db }: Metadata, matching: RawBuilder<unknown>): Promise<boolean> {
  const { rows } = await sql<{ n: number }>`select count(*) as n from (${matching} limit ${FEW + 1}) as few`.execute(db)
  return rows[0]!.n <= FEW
}

/** The runs that meet a condition, by an index; undefined where there is none. */
function indexed(metadata: Metadata, { entity, key, operator, value }: Condition): RawBuilder<unknown> | undefined {
  const matches = compare(metadata.kind, sql.ref('kv.value'), operator, value)
  if (entity === 'metric' && ['=', '<', '<=', '>', '>='].includes(operator)) {
    return sql`select kv.run_id from latest_metrics as kv where kv.key = ${key} and kv.is_nan = 0 and ${matches}`
  }
  if ((entity !== 'param' && entity !== 'tag') || operator !== '=' || typeof value !== 'string') return undefined
  const start = [...value].slice(0, INDEXED_LENGTH).join('')
  return sql`select kv.run_id from ${sql.table(entity === 'param' ? 'params' : 'tags')} as kv
    where kv.key = ${key} and substr(kv.value, 1, ${sql.lit(INDEXED_LENGTH)}) = ${start} and ${matches}`
}

function runCondition(metadata: Metadata, { entity, key, operator, value }: Condition): RawBuilder<SqlBool> {
  if (entity === 'attribute') return compare(metadata.kind, ATTRIBUTES[key]!, operator, value)
  if (entity === 'dataset') return datasetCondition(metadata, key, operator, value)
  const source = { metric: 'latest_metrics', param: 'params', tag: 'tags' }[entity]
  const rows = sql`select 1 from ${sql.table(source)} as kv where kv.run_id = runs.run_id and kv.key = ${key}`
  if (operator === 'IS NULL') return sql`not exists (${rows})`
  if (operator === 'IS NOT NULL') return sql`exists (${rows})`
  const matches = compare(metadata.kind, sql.ref('kv.value'), operator, value)
  // NaN differs from every number, and compares with none.
  if (entity === 'metric' && operator === '!=') return sql`exists (${rows} and (kv.is_nan = 1 or ${matches}))`
  return entity === 'metric'
    ? sql`exists (${rows} and kv.is_nan = 0 and ${matches})`
    : sql`exists (${rows} and ${matches})`
}

function datasetCondition(
  metadata: Metadata,
  key: string,
  operator: Condition['operator'],
  value: Condition['value'],
): RawBuilder<SqlBool> {
  if (key === 'context') {
    const matches = compare(metadata.kind, sql.ref('t.value'), operator, value)
    return sql`exists (select 1 from run_dataset_tags as t
      where t.run_id = runs.run_id and t.key = 'mlflow.data.context' and ${matches})`
  }
  const matches = compare(metadata.kind, sql.ref(`d.${key}`), operator, value)
  return sql`exists (select 1 from run_datasets as rd join datasets as d on d.dataset_id = rd.dataset_id
    where rd.run_id = runs.run_id and ${matches})`
}

/**
 * The order as columns without NULL: each item becomes a rank (present, NaN, missing) and a value.
 * Newest first and the id decide between equals.
 */
function orderColumns(order: readonly OrderItem[]): OrderColumn[] {
  const columns: OrderColumn[] = []
  for (const { entity, key, descending } of order) {
    if (entity === 'attribute' && key !== 'end_time') columns.push({ expression: ATTRIBUTES[key]!, descending })
    else if (entity === 'attribute') columns.push(...nullable(sql.ref('runs.end_time'), 0, descending))
    else if (entity === 'metric') columns.push(...metricOrder(key, descending))
    else columns.push(...nullable(pairValue(entity === 'param' ? 'params' : 'tags', key), '', descending))
  }
  const named = new Set(order.filter((item) => item.entity === 'attribute').map((item) => item.key))
  if (!named.has('start_time')) columns.push({ expression: sql.ref('runs.start_time'), descending: true })
  columns.push({ expression: sql.ref('runs.run_id') })
  return columns
}

function pairValue(table: 'params' | 'tags', key: string): RawBuilder<unknown> {
  return sql`(select kv.value from ${sql.table(table)} as kv where kv.run_id = runs.run_id and kv.key = ${key})`
}

function nullable(expression: Expression<unknown>, filler: KeyValuePart, descending: boolean): OrderColumn[] {
  const blank = typeof filler === 'number' ? sql.lit(filler) : sql`''`
  return [
    { expression: sql`(case when ${expression} is null then 1 else 0 end)` },
    { expression: sql`coalesce(${expression}, ${blank})`, descending },
  ]
}

function metricOrder(key: string, descending: boolean): OrderColumn[] {
  const latest = sql`from latest_metrics as kv where kv.run_id = runs.run_id and kv.key = ${key}`
  return [
    { expression: sql`coalesce((select kv.is_nan ${latest}), 2)` },
    { expression: sql`coalesce((select kv.value ${latest}), 0)`, descending },
  ]
}
