/** KFP's list grammar: sort_by, filter, page_size and page_token of every list call. Before: the list handlers. */
import { type Expression, type RawBuilder, type SqlBool, sql } from 'kysely'
import type { OrderItem } from '../../store/metadata/conditions.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { keyedSearch, type PairSource, type SearchPlan } from '../../store/metadata/keyed-search.ts'
import type { Fields } from '../mlflow/fields.ts'

/** What one kind of list may be sorted and filtered by. */
export interface ListPlan extends Omit<SearchPlan, 'attributes'> {
  /** Any name of the field to its SQL; `time` fields hold milliseconds and compare as seconds. */
  readonly fields: Readonly<
    Record<string, { readonly sql: Expression<unknown>; readonly type: 'text' | 'time' | 'json' }>
  >
  /** Where `tags.<key>` lies. */
  readonly tags?: PairSource
}

const PAGE_SIZE = 20
const LARGEST_PAGE = 200
const LONGEST_FILTER = 20_000

interface ListToken {
  readonly sort: string
  readonly filter: string
  readonly inner: string
}

/** One page. `base` are conditions of the call itself, such as the experiment. */
export async function listPage<Row>(
  metadata: Metadata,
  plan: ListPlan,
  query: Fields,
  base: readonly RawBuilder<SqlBool>[],
): Promise<{ rows: Row[]; nextPageToken?: string }> {
  const token = readToken(query.text('page_token'))
  const sort = query.text('sort_by') || token?.sort || ''
  const filter = query.text('filter', LONGEST_FILTER) || token?.filter || ''
  if (token && (token.sort !== sort || token.filter !== filter)) {
    throw invalid('page_token belongs to a call with another sort_by or filter')
  }
  const { rows, nextPageToken } = await keyedSearch<Row>(metadata, searchPlan(plan), {
    base: [...base, ...filterConditions(metadata, plan, filter)],
    conditions: [],
    ...orderOf(plan, sort),
    limit: pageSize(query),
    pageToken: token?.inner,
    scope: 'list',
  })
  if (!nextPageToken) return { rows }
  const next: ListToken = { sort, filter, inner: nextPageToken }
  return { rows, nextPageToken: Buffer.from(JSON.stringify(next)).toString('base64url') }
}

function searchPlan(plan: ListPlan): SearchPlan {
  const attributes = Object.fromEntries(Object.entries(plan.fields).map(([name, field]) => [name, field.sql]))
  return { ...plan, attributes }
}

function pageSize(query: Fields): number {
  const asked = query.integer('page_size') ?? 0
  if (asked < 0) throw invalid(`page_size must not be negative, got ${asked}`)
  return asked === 0 ? PAGE_SIZE : Math.min(asked, LARGEST_PAGE)
}

function readToken(text: string | undefined): ListToken | undefined {
  if (!text) return undefined
  try {
    const token = JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Partial<ListToken> | null
    const whole = typeof token?.sort === 'string' && typeof token.filter === 'string' && typeof token.inner === 'string'
    if (whole) return token as ListToken
  } catch {
    // Falls through to the same refusal.
  }
  throw invalid('page_token is not valid')
}

/** `""`, `field`, `field asc`, `field desc`; ties by id in the same direction. */
function orderOf(plan: ListPlan, sort: string): { order: OrderItem[]; tieBreak?: SearchPlan['tieBreak'] } {
  const [field, direction, ...rest] = sort.trim().toLowerCase() === '' ? ['created_at'] : sort.trim().split(/\s+/)
  const descending = direction?.toLowerCase() === 'desc'
  if (rest.length > 0 || (direction && !descending && direction.toLowerCase() !== 'asc')) {
    throw invalid(`sort_by must be a field with asc or desc, got '${sort.slice(0, 100)}'`)
  }
  const metric = plan.pairs?.metric ? /^metric:(.{1,250})$/.exec(field!)?.[1] : undefined
  if (metric) return { order: [{ entity: 'metric', key: metric, descending }] }
  const known = field!.toLowerCase()
  if (!Object.hasOwn(plan.fields, known)) throw invalid(`sort_by names an unknown field '${field!.slice(0, 100)}'`)
  const ids = plan.tieBreak.map((column) => ({ ...column, descending }))
  return { order: [{ entity: 'attribute', key: known, descending }], tieBreak: ids }
}

/** Clients encode the filter once or twice. */
function parseFilterText(text: string): unknown {
  for (const candidate of [() => text, () => decodeURIComponent(text)]) {
    try {
      const value: unknown = JSON.parse(candidate())
      if (typeof value === 'object' && value !== null) return value
    } catch {
      // The next way, or the refusal below.
    }
  }
  throw invalid('filter is not valid JSON')
}

function filterConditions(metadata: Metadata, plan: ListPlan, text: string): RawBuilder<SqlBool>[] {
  if (text === '') return []
  const filter = parseFilterText(text) as Record<string, unknown>
  const predicates = filter['predicates'] ?? []
  if (!Array.isArray(predicates) || predicates.length > 50)
    throw invalid('filter.predicates must be a list of up to 50')
  return predicates.map((predicate) => {
    if (typeof predicate !== 'object' || predicate === null)
      throw invalid('a predicate of the filter must be an object')
    return predicateSql(metadata, plan, predicate as Record<string, unknown>)
  })
}

const OPERATIONS: Readonly<Record<string, string>> = {
  '1': '=',
  EQUALS: '=',
  '2': '!=',
  NOT_EQUALS: '!=',
  '3': '>',
  GREATER_THAN: '>',
  '5': '>=',
  GREATER_THAN_EQUALS: '>=',
  '6': '<',
  LESS_THAN: '<',
  '7': '<=',
  LESS_THAN_EQUALS: '<=',
  '8': 'in',
  IN: 'in',
  '9': 'substring',
  IS_SUBSTRING: 'substring',
}

function predicateSql(metadata: Metadata, plan: ListPlan, predicate: Record<string, unknown>): RawBuilder<SqlBool> {
  const word = String(predicate['operation'] ?? predicate['op'] ?? '')
  const operation = Object.hasOwn(OPERATIONS, word) ? OPERATIONS[word]! : undefined
  if (!operation) throw invalid(`filter has an unknown operation '${word.slice(0, 40)}'`)
  const key = predicate['key']
  if (typeof key !== 'string') throw invalid('a predicate of the filter needs a key')
  const value = filterValue(predicate)
  if ((operation === 'in') !== Array.isArray(value))
    throw invalid(`operation ${word} of the filter has the wrong kind of value`)
  const tag = plan.tags ? /^tags\.(.{1,250})$/.exec(key)?.[1] : undefined
  if (tag && plan.tags) {
    const matches = compareSql(metadata, sql.ref('kv.value'), operation, value)
    const { table, joins } = plan.tags
    return sql`exists (select 1 from ${sql.table(table)} as kv where ${joins} and kv.key = ${tag} and ${matches})`
  }
  const field = Object.hasOwn(plan.fields, key) ? plan.fields[key]! : undefined
  if (!field) throw invalid(`filter names an unknown field '${key.slice(0, 100)}'`)
  return compareSql(metadata, ...comparable(field, value, key), operation, value)
}

/** Times compare in whole seconds; texts only with texts. */
function comparable(field: ListPlan['fields'][string], value: FilterValue, key: string): [Expression<unknown>] {
  const sample = Array.isArray(value) ? value[0] : value
  if (field.type === 'time') {
    if (typeof sample === 'string') throw invalid(`field '${key}' compares with times or numbers`)
    return [sql`(${field.sql} / 1000)`]
  }
  if (typeof sample === 'number') throw invalid(`field '${key}' compares with strings`)
  return [field.sql]
}

type FilterValue = string | number | readonly (string | number)[]

function filterValue(predicate: Record<string, unknown>): FilterValue {
  const names = Object.keys(predicate).filter((name) => /values?$/i.test(name))
  if (names.length !== 1) throw invalid('a predicate of the filter needs exactly one value')
  const kind = names[0]!.replace(/_/g, '').toLowerCase()
  const value = predicate[names[0]!]
  switch (kind) {
    case 'stringvalue':
      return textOf(value)
    case 'intvalue':
    case 'longvalue':
      return integerOf(value)
    case 'timestampvalue': {
      const millis = typeof value === 'string' ? Date.parse(value) : Number.NaN
      if (Number.isNaN(millis)) throw invalid('timestamp_value of the filter must be an RFC 3339 time')
      return Math.floor(millis / 1000)
    }
    case 'stringvalues':
      return listOf(value).map(textOf)
    case 'intvalues':
    case 'longvalues':
      return listOf(value).map(integerOf)
    default:
      throw invalid(`filter has an unknown value '${names[0]!.slice(0, 40)}'`)
  }
}

function textOf(value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0')) throw invalid('string_value of the filter must be a string')
  return value
}

function integerOf(value: unknown): number {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (typeof number !== 'number' || !Number.isSafeInteger(number)) throw invalid('an integer of the filter is not one')
  return number
}

function listOf(value: unknown): unknown[] {
  const list = (value as { values?: unknown } | null)?.values
  if (!Array.isArray(list) || list.length === 0 || list.length > 1000)
    throw invalid('a list of the filter needs 1 to 1000 values')
  return list
}

function compareSql(
  metadata: Metadata,
  column: Expression<unknown>,
  operation: string,
  value: FilterValue,
): RawBuilder<SqlBool> {
  if (Array.isArray(value)) return sql`${column} in (${sql.join(value)})`
  if (operation !== 'substring') return sql`${column} ${sql.raw(operation)} ${value}`
  if (typeof value !== 'string') throw invalid('IS_SUBSTRING compares strings')
  // A plain search for the text: percent signs and underscores have no meaning in a name. Both databases know capitals of ASCII alone.
  const small = value.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  return metadata.kind === 'sqlite'
    ? sql`instr(lower(${column}), ${small}) > 0`
    : sql`position(${small} in lower(${column})) > 0`
}
