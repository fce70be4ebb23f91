/** Search over runs: conditions and order as data, pages by key. Before: server/mlflow. */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import { type Condition, compare, type OrderItem } from './conditions.ts'
import type { Metadata } from './database.ts'
import { afterKey, decodePageToken, encodePageToken, type KeyValuePart, type OrderColumn, orderBy } from './keyset.ts'
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
  const conditions = await conditionsOf(metadata, search.conditions)
  const quick = await searchByMetric(metadata, search, conditions)
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
  const columns: OrderColumn[] = [
    { expression: sql.ref('om.value'), descending: first.descending },
    ...orderColumns([]),
  ]
  const token = search.pageToken ? decodePageToken(search.pageToken, search.scope, columns.length + 1) : undefined
  if (token && token[0] !== 0) return undefined
  const conditions = [
    sql<SqlBool>`om.key = ${first.key} and om.is_nan = 0`,
    sql<SqlBool>`runs.experiment_id in (${sql.join([...search.experimentIds])})`,
    sql<SqlBool>`runs.lifecycle_stage in (${sql.join([...search.stages])})`,
    ...(search.namespace === undefined ? [] : [sql<SqlBool>`runs.namespace = ${search.namespace}`]),
    ...given,
    ...(token ? [afterKey(columns, token.slice(1))] : []),
  ]
  const { rows } = await sql<RunRow & { om_value: number }>`select runs.*, om.value as om_value
    from latest_metrics as om cross join runs
    where runs.run_id = om.run_id and ${sql.join(conditions, sql` and `)}
    order by ${orderBy(columns)} limit ${search.limit + 1}`.execute(metadata.db)
  if (rows.length <= search.limit) return undefined
  const runs = rows.slice(0, search.limit)
  const last = runs.at(-1)!
  const key = [0, last.om_value, last.start_time, last.run_id]
  return { runs, nextPageToken: encodePageToken({ scope: search.scope, key }) }
}

/** So many matches of a condition are looked up first; of more the page is found sooner by trying one run after the other. */
const FEW = 2000

/** The conditions as SQL; a comparison of a metric that few runs meet begins in the metric's index. */
async function conditionsOf(metadata: Metadata, conditions: readonly Condition[]): Promise<RawBuilder<SqlBool>[]> {
  const built: RawBuilder<SqlBool>[] = []
  for (const condition of conditions) {
    const { entity, key, operator, value } = condition
    if (entity !== 'metric' || !['=', '<', '<=', '>', '>='].includes(operator)) {
      built.push(runCondition(metadata, condition))
      continue
    }
    const matching = sql`select kv.run_id from latest_metrics as kv
      where kv.key = ${key} and kv.is_nan = 0 and ${compare(metadata.kind, sql.ref('kv.value'), operator, value)}`
    const { rows } = await sql<{ n: number }>`select count(*) as n
      from (${matching} limit ${FEW + 1}) as few`.execute(metadata.db)
    built.push(rows[0]!.n > FEW ? runCondition(metadata, condition) : sql`runs.run_id in (${matching})`)
  }
  return built
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
