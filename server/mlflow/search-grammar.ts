/** Reads MLflow's search language: `ident op value AND ...` and order lists. Pure. After: store/metadata searches. */
import type { ComparisonOperator, Condition, OrderItem } from '../../store/metadata/conditions.ts'
import { invalid } from '../../store/metadata/errors.ts'

type Entity = Condition['entity']

/** What one kind of search may name. */
export interface Vocabulary {
  /** Prefix before the dot, in lower case, to what it means. */
  readonly prefixes: Readonly<Record<string, Entity>>
  /** Attribute by the names it may have; `list` allows IN. */
  readonly attributes: Readonly<
    Record<string, { readonly key: string; readonly type: 'text' | 'number'; readonly list?: boolean }>
  >
}

type Token =
  | {
      readonly kind: 'word' | 'quoted' | 'backticked' | 'operator' | 'sign'
      readonly text: string
      readonly at: number
    }
  | { readonly kind: 'number'; readonly text: string; readonly at: number }

const LONGEST_FILTER = 20_000
const PATTERNS: readonly (readonly [Token['kind'], RegExp])[] = [
  ['quoted', /'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"/y],
  ['backticked', /`([^`]*)`/y],
  ['number', /[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?(?![\w.])/y],
  ['operator', />=|<=|!=|<>|=|<|>/y],
  ['sign', /[(),.]/y],
  ['word', /[A-Za-z_][\w-]*|\d[\w-]*/y],
]

function tokenize(text: string): Token[] {
  if (text.length > LONGEST_FILTER) throw invalid(`Invalid filter: longer than ${LONGEST_FILTER} characters`)
  const tokens: Token[] = []
  let at = 0
  while (at < text.length) {
    if (/\s/.test(text[at]!)) {
      at++
      continue
    }
    const token = tokenAt(text, at)
    if (!token) throw invalid(`Invalid filter: unexpected '${text.slice(at, at + 20)}'`)
    tokens.push(token.token)
    at = token.end
  }
  return tokens
}

function tokenAt(text: string, at: number): { token: Token; end: number } | undefined {
  for (const [kind, pattern] of PATTERNS) {
    pattern.lastIndex = at
    const match = pattern.exec(text)
    if (match) return { token: { kind, text: match[1] ?? match[2] ?? match[0], at }, end: pattern.lastIndex }
  }
  return undefined
}

/** Steps through the tokens of one filter. */
class Reader {
  readonly #tokens: readonly Token[]
  #at = 0

  constructor(text: string) {
    this.#tokens = tokenize(text)
  }

  get done(): boolean {
    return this.#at >= this.#tokens.length
  }

  peek(): Token | undefined {
    return this.#tokens[this.#at]
  }

  take(): Token {
    const token = this.#tokens[this.#at++]
    if (!token) throw invalid('Invalid filter: it ends in the middle of a comparison')
    return token
  }

  takeWord(word: string): boolean {
    const token = this.peek()
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false
    this.#at++
    return true
  }

  takeSign(sign: string): boolean {
    const token = this.peek()
    if (token?.kind !== 'sign' || token.text !== sign) return false
    this.#at++
    return true
  }
}

/** Parses a filter; the empty filter has no condition. Throws `invalid` and says what was not understood. */
export function parseFilter(text: string | undefined, vocabulary: Vocabulary): Condition[] {
  if (!text?.trim()) return []
  const reader = new Reader(text)
  const conditions: Condition[] = []
  for (;;) {
    conditions.push(readCondition(reader, vocabulary))
    if (reader.done) return conditions
    if (!reader.takeWord('AND')) throw invalid(`Invalid filter: expected AND before '${reader.take().text}'`)
  }
}

function readCondition(reader: Reader, vocabulary: Vocabulary): Condition {
  const subject = readIdentifier(reader, vocabulary)
  const operator = readOperator(reader)
  checkOperator(subject, operator)
  if (operator === 'IS NULL' || operator === 'IS NOT NULL') {
    return { entity: subject.entity, key: subject.key, operator, value: undefined }
  }
  const value = operator === 'IN' || operator === 'NOT IN' ? readList(reader) : readValue(reader, subject)
  return { entity: subject.entity, key: subject.key, operator, value }
}

interface Subject {
  readonly entity: Entity
  readonly key: string
  readonly type: 'text' | 'number'
  readonly list: boolean
  readonly name: string
}

const DATASET_FIELDS = ['name', 'digest', 'context']

function readIdentifier(reader: Reader, vocabulary: Vocabulary): Subject {
  const first = reader.take()
  if (first.kind === 'sign' || first.kind === 'operator') throw invalid(`Invalid filter: unexpected '${first.text}'`)
  if (!reader.takeSign('.')) return attribute(first.text, vocabulary)
  const entity = first.kind === 'word' ? vocabulary.prefixes[first.text.toLowerCase()] : undefined
  if (!entity) throw invalid(`Invalid entity type '${first.text}' in the filter or order`)
  const key = readKey(reader)
  if (entity === 'attribute') return attribute(key, vocabulary)
  if (entity === 'dataset' && !DATASET_FIELDS.includes(key)) {
    throw invalid(`Invalid dataset attribute '${key}': valid are ${DATASET_FIELDS.join(', ')}`)
  }
  return { entity, key, type: entity === 'metric' ? 'number' : 'text', list: entity === 'dataset', name: key }
}

/** The rest of a dotted name, or one quoted name. */
function readKey(reader: Reader): string {
  const first = reader.take()
  if (first.kind === 'quoted' || first.kind === 'backticked') return first.text
  let key = first.text
  while (reader.takeSign('.')) key += `.${reader.take().text}`
  if (first.kind === 'sign' || first.kind === 'operator') throw invalid(`Invalid filter: unexpected '${first.text}'`)
  return key
}

function attribute(name: string, vocabulary: Vocabulary): Subject {
  const known = Object.hasOwn(vocabulary.attributes, name) ? vocabulary.attributes[name] : undefined
  if (!known) {
    const valid = [...new Set(Object.values(vocabulary.attributes).map((field) => field.key))].join(', ')
    throw invalid(`Invalid attribute key '${name.slice(0, 100)}' specified. Valid keys are ${valid}`)
  }
  return { entity: 'attribute', key: known.key, type: known.type, list: known.list ?? false, name }
}

function readOperator(reader: Reader): ComparisonOperator {
  const token = reader.take()
  if (token.kind === 'operator') return (token.text === '<>' ? '!=' : token.text) as ComparisonOperator
  const word = token.kind === 'word' ? token.text.toUpperCase() : ''
  if (word === 'LIKE' || word === 'ILIKE' || word === 'IN') return word
  if (word === 'NOT' && reader.takeWord('IN')) return 'NOT IN'
  if (word === 'IS') {
    const negated = reader.takeWord('NOT')
    if (reader.takeWord('NULL')) return negated ? 'IS NOT NULL' : 'IS NULL'
  }
  throw invalid(`Invalid comparator '${token.text.slice(0, 40)}' in the filter`)
}

function checkOperator(subject: Subject, operator: ComparisonOperator): void {
  const number = ['=', '!=', '<', '<=', '>', '>=']
  const text = ['=', '!=', 'LIKE', 'ILIKE']
  const allowed = subject.type === 'number' ? number : subject.list ? [...text, 'IN', 'NOT IN'] : text
  const nullable = subject.entity === 'param' || subject.entity === 'tag'
  if (allowed.includes(operator) || (nullable && operator.startsWith('IS'))) return
  throw invalid(`Invalid comparator '${operator}' for '${subject.name}': use one of ${allowed.join(', ')}`)
}

function readValue(reader: Reader, subject: Subject): string | number {
  const token = reader.take()
  if (subject.type === 'number') {
    const value = Number(token.text)
    if (token.kind !== 'number' || !Number.isFinite(value)) {
      throw invalid(`Expected a number without quotes to compare '${subject.name}' with, got '${token.text}'`)
    }
    return value
  }
  if (token.kind !== 'quoted') {
    throw invalid(`Expected a quoted string to compare '${subject.name}' with, got '${token.text}'`)
  }
  return token.text
}

function readList(reader: Reader): string[] {
  if (!reader.takeSign('(')) throw invalid("Expected a list such as ('a', 'b') after IN")
  const items: string[] = []
  for (;;) {
    const token = reader.take()
    if (token.kind !== 'quoted') throw invalid(`Expected a quoted string in a list, got '${token.text}'`)
    items.push(token.text)
    if (reader.takeSign(')')) return items
    if (!reader.takeSign(',')) throw invalid('Expected a comma or a closing parenthesis in a list')
  }
}

/** Parses `ident [ASC|DESC]` items. Throws `invalid` for an unknown or repeated field. */
export function parseOrder(items: readonly string[], vocabulary: Vocabulary): OrderItem[] {
  const seen = new Set<string>()
  return items.map((text) => {
    const reader = new Reader(text)
    const { entity, key } = readIdentifier(reader, vocabulary)
    const descending = reader.takeWord('DESC')
    if (!descending) reader.takeWord('ASC')
    if (!reader.done) throw invalid(`Invalid order_by clause '${text.slice(0, 100)}'`)
    if (entity === 'dataset') throw invalid('order_by a dataset is not possible')
    if (seen.has(`${entity}.${key}`)) throw invalid(`\`order_by\` contains duplicate fields: ${key}`)
    seen.add(`${entity}.${key}`)
    return { entity, key, descending }
  })
}
