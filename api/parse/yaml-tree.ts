/**
 * Text to plain values, one a document (JSON is YAML too). Keeps the parser's events for `locate.ts`. Bounded: size, depth and
 * alias expansion are checked before memory is spent, so that no file can take the process down.
 */
import {
  boolCoreTag,
  EVENT_ID,
  type Event,
  floatCoreTag,
  getScalarValue,
  intCoreTag,
  type MappingEvent,
  NOT_RESOLVED,
  nullCoreTag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  type ScalarTagDefinition,
  type SequenceEvent,
  YAMLException,
} from 'js-yaml'
import { abbreviate, type Findings, type Path } from './findings.ts'
import { reindent } from './reindent.ts'

/** Values (keys included) after aliases are expanded; a pipeline of 10,000 tasks has some 300,000. */
export const MAX_NODES = 500_000
/** Line ends, commas and brackets in the text, those inside of quotes too: bounds what the YAML parser can build. */
const MAX_SEPARATORS = 800_000
/** Nested lists and mappings in one document. */
export const MAX_DEPTH = 200

export interface Tree {
  /** Values of the documents that are not empty. Mappings have no prototype: any key is safe to look up. */
  readonly documents: readonly TreeDocument[]
  readonly events: readonly Event[]
  /** What the events point into: the text as it was, or with some lines indented further. */
  readonly text: string
}
export interface TreeDocument {
  readonly value: unknown
  /** Index of the document's event in `Tree.events`. */
  readonly firstEvent: number
}

/** @returns undefined when the text is no YAML; duplicate and unusable keys are reported and reading goes on */
export function readTree(text: string, findings: Findings): Tree | undefined {
  if (countSeparators(text) > MAX_SEPARATORS) return reportTooMany(findings)
  const parsed = tryParse(text)
  if ('error' in parsed) {
    reportSyntax(parsed.error, findings)
    return undefined
  }
  if (parsed.events.length > 2 * MAX_NODES) return reportTooMany(findings)
  const builder = new TreeBuilder(parsed.text, parsed.events, findings)
  const documents = builder.readAll()
  return builder.overflowed ? undefined : { ...parsed, documents }
}

/** How the parser's message about depth begins. */
const TOO_DEEP = 'nesting exceeded'

type Parsed = { readonly events: readonly Event[]; readonly text: string }

/** A second try for lines that other readers of YAML let stand further left. */
function tryParse(text: string): Parsed | { readonly error: YAMLException } {
  const first = parseOnce(text)
  if (!('error' in first) || first.error.reason.startsWith(TOO_DEEP)) return first
  const second = parseOnce(reindent(text))
  return 'error' in second ? first : second
}

function parseOnce(text: string): Parsed | { readonly error: YAMLException } {
  try {
    return { events: parseEvents(text, { maxDepth: MAX_DEPTH }), text }
  } catch (error) {
    if (error instanceof YAMLException) return { error }
    throw error
  }
}

function reportTooMany(findings: Findings): undefined {
  findings.error('too-complex', [], `the file has more than ${MAX_NODES} values`, 'split the pipeline')
  return undefined
}

function reportSyntax(error: YAMLException, findings: Findings): void {
  const offset = error.mark?.position ?? 0
  if (error.reason.startsWith(TOO_DEEP)) {
    const message = `lists and mappings are nested deeper than ${MAX_DEPTH} levels`
    findings.error('too-complex', [], message, 'flatten the value, or pass it as an artifact', offset)
    return
  }
  const tab = error.reason.includes('tab characters')
  const hint = tab ? 'indent with spaces' : 'quotes, brackets and indentation must match up to here'
  findings.error('yaml-syntax', [], `not valid YAML: ${error.reason}`, hint, offset)
}

/** An upper bound of the lists' and mappings' entries, at a nanosecond a character. */
function countSeparators(text: string): number {
  let count = 0
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === 10 || code === 13 || code === 44 || code === 91 || code === 123) count++
  }
  return count
}

type Mapping = Record<string, unknown>
interface Anchor {
  readonly value: unknown
  /** Values in it, aliases expanded. */
  readonly size: number
}
const UNFINISHED = Symbol('unfinished anchor')

class TreeBuilder {
  overflowed = false
  readonly #text: string
  readonly #events: readonly Event[]
  readonly #findings: Findings
  #next = 0
  #nodes = 0
  #anchors = new Map<string, Anchor | typeof UNFINISHED>()
  readonly #path: (string | number)[] = []

  constructor(text: string, events: readonly Event[], findings: Findings) {
    this.#text = text
    this.#events = events
    this.#findings = findings
  }

  readAll(): TreeDocument[] {
    const documents: TreeDocument[] = []
    while (this.#next < this.#events.length) {
      const firstEvent = this.#next
      this.#next++
      this.#anchors = new Map()
      const value = this.#atPop() ? null : this.#readNode()
      this.#next++
      if (value !== null) documents.push({ value, firstEvent })
    }
    return documents
  }

  #atPop(): boolean {
    return this.#events[this.#next]!.type === EVENT_ID.POP
  }

  #readNode(): unknown {
    const event = this.#events[this.#next++]!
    this.#nodes++
    switch (event.type) {
      case EVENT_ID.ALIAS:
        return this.#readAlias(this.#text.slice(event.anchorStart, event.anchorEnd), event.anchorStart)
      case EVENT_ID.SCALAR:
        return this.#anchored(event, () => this.#readScalar(event))
      case EVENT_ID.SEQUENCE:
        return this.#anchored(event, () => this.#readSequence())
      case EVENT_ID.MAPPING:
        return this.#anchored(event, () => this.#readMapping())
      default:
        throw new Error(`event ${event.type} where a value must start`)
    }
  }

  #anchored(event: ScalarEvent | SequenceEvent | MappingEvent, read: () => unknown): unknown {
    if (event.anchorStart < 0) return read()
    const name = this.#text.slice(event.anchorStart, event.anchorEnd)
    const before = this.#nodes - 1
    this.#anchors.set(name, UNFINISHED)
    const value = read()
    this.#anchors.set(name, { value, size: this.#nodes - before })
    return value
  }

  #readAlias(name: string, offset: number): unknown {
    const anchor = this.#anchors.get(name)
    const path = [...this.#path]
    if (anchor === undefined) {
      const hint = `mark a value before it with &${abbreviate(name)}`
      this.#findings.error('yaml-syntax', path, `the alias *${abbreviate(name)} names no anchor`, hint, offset)
      return null
    }
    if (anchor === UNFINISHED) {
      const message = `the alias *${abbreviate(name)} stands inside the value that it names`
      this.#findings.error(
        'too-complex',
        path,
        message,
        'a pipeline cannot contain itself: write the value out',
        offset,
      )
      return null
    }
    this.#nodes += anchor.size
    if (this.#nodes <= MAX_NODES) return anchor.value
    if (!this.overflowed) {
      const message = `the aliases expand to more than ${MAX_NODES} values`
      this.#findings.error('too-complex', path, message, 'write fewer or smaller aliases', offset)
    }
    this.overflowed = true
    return null
  }

  #readSequence(): unknown[] {
    const items: unknown[] = []
    while (!this.#atPop()) {
      this.#path.push(items.length)
      items.push(this.#readNode())
      this.#path.pop()
    }
    this.#next++
    return items
  }

  #readMapping(): Mapping {
    // A literal, unlike Object.create(null), stays an object with a fast shape.
    const mapping = { __proto__: null } as unknown as Mapping
    const merged: unknown[] = []
    while (!this.#atPop()) {
      const keyEvent = this.#events[this.#next]!
      const key = this.#readKey()
      this.#path.push(key ?? '')
      const value = this.#readNode()
      if (key === '<<' && isPlain(keyEvent)) merged.push(value)
      else if (key !== undefined && this.#mayAdd(mapping, key, keyEvent)) mapping[key] = value
      this.#path.pop()
    }
    this.#next++
    for (const source of merged) this.#merge(mapping, source)
    return mapping
  }

  /** Keys are taken as they are written: `1:` is the key "1". */
  #readKey(): string | undefined {
    const event = this.#events[this.#next]!
    if (event.type === EVENT_ID.SCALAR && event.anchorStart < 0) {
      this.#next++
      return event.valueStart < 0 ? '' : getScalarValue(this.#text, event)
    }
    const key = this.#readNode()
    if (typeof key === 'string') return key
    this.#findings.error(
      'bad-key',
      [...this.#path],
      'a key of a mapping must be text',
      'write a plain name',
      offsetOf(event),
    )
    return undefined
  }

  #mayAdd(mapping: Mapping, key: string, event: Event): boolean {
    const path: Path = [...this.#path]
    if (key === '__proto__') {
      this.#findings.error('bad-key', path, 'the key "__proto__" is not allowed', 'rename it', offsetOf(event))
      return false
    }
    if (!(key in mapping)) return true
    const message = `the key ${JSON.stringify(abbreviate(key))} stands twice in this mapping`
    this.#findings.error('duplicate-key', path, message, 'remove or rename one of the two', offsetOf(event))
    return false
  }

  /** `<<: *defaults`: keys of the mapping itself win. */
  #merge(mapping: Mapping, source: unknown): void {
    for (const one of Array.isArray(source) ? source : [source]) {
      if (one === null || typeof one !== 'object' || Array.isArray(one)) continue
      for (const [key, value] of Object.entries(one)) if (!(key in mapping)) mapping[key] = value
    }
  }

  #readScalar(event: ScalarEvent): unknown {
    const source = event.valueStart < 0 ? '' : getScalarValue(this.#text, event)
    if (event.tagStart >= 0) return this.#readTagged(this.#text.slice(event.tagStart, event.tagEnd), source, event)
    return isPlain(event) ? resolvePlain(source) : source
  }

  #readTagged(tag: string, source: string, event: ScalarEvent): unknown {
    if (tag === '!' || tag === '!!str') return source
    const definition = TAGS[tag]
    const value = definition ? definition.resolve(source, true, definition.tagName) : NOT_RESOLVED
    if (value !== NOT_RESOLVED) return value
    const message = `the tag ${abbreviate(tag)} does not fit here`
    this.#findings.error('yaml-syntax', [...this.#path], message, 'remove the tag', event.tagStart)
    return source
  }
}

const TAGS: Readonly<Record<string, ScalarTagDefinition>> = {
  '!!null': nullCoreTag,
  '!!bool': boolCoreTag,
  '!!int': intCoreTag,
  '!!float': floatCoreTag,
}
const PLAIN_TAGS = [nullCoreTag, boolCoreTag, intCoreTag, floatCoreTag]
/** First characters of what may be something else than text. */
const MAYBE_NOT_TEXT = /^[-+.~0-9nNtTfF]/

function resolvePlain(source: string): unknown {
  if (source === '') return null
  if (!MAYBE_NOT_TEXT.test(source)) return source
  for (const tag of PLAIN_TAGS) {
    const value: unknown = tag.resolve(source, false, tag.tagName)
    if (value !== NOT_RESOLVED) return value
  }
  return source
}

function isPlain(event: Event): boolean {
  return event.type === EVENT_ID.SCALAR && event.style === SCALAR_STYLE.PLAIN && event.tagStart < 0
}

/** Where a value starts, quotes included; 0 when the event has no place. */
export function offsetOf(event: Event): number {
  switch (event.type) {
    case EVENT_ID.SCALAR: {
      const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED
      return Math.max(0, event.valueStart - (quoted ? 1 : 0))
    }
    case EVENT_ID.SEQUENCE:
    case EVENT_ID.MAPPING:
      return event.start
    case EVENT_ID.ALIAS:
      return event.anchorStart
    default:
      return 0
  }
}
