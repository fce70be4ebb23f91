/**
 * Reads a plain value as one of the messages of `schema/`: checks every field and gives the normalised form (lowerCamelCase keys,
 * integers as numbers, deprecated forms replaced). Reports all problems and reads on.
 */
import type { Field, FieldType, Message } from '../schema/field-types.ts'
import { MESSAGES } from '../schema/messages.ts'
import { describeValue, type Findings, type Path, suggest } from './findings.ts'
import { modernise } from './modernise.ts'

type Fields = Record<string, unknown>

/** @returns the normalised message; only meaningful when nothing was reported as an error */
export function readMessage(value: unknown, name: string, path: Path, findings: Findings): Fields {
  return new MessageReader(path, findings).readMessage(value, name, false)
}

/** `component_ref` to `componentRef`; other keys unchanged. */
export function camelCase(key: string): string {
  return key.includes('_') ? key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase()) : key
}

const required = new Map<Message, readonly string[]>()

function requiredFields(description: Message): readonly string[] {
  let names = required.get(description)
  if (!names) {
    names = Object.keys(description.fields).filter((name) => description.fields[name]!.required)
    required.set(description, names)
  }
  return names
}

const INT32_LIMIT = 2 ** 31
const INTEGER_TEXT = /^[-+]?\d{1,19}(\.0*)?$/
const DURATION_TEXT = /^-?\d{1,12}(\.\d{1,9})?s$/

class MessageReader {
  readonly #path: (string | number)[]
  readonly #findings: Findings

  constructor(path: Path, findings: Findings) {
    this.#path = [...path]
    this.#findings = findings
  }

  readMessage(value: unknown, name: string, inTolerantMessage: boolean): Fields {
    const description = MESSAGES[name]!
    const tolerant = inTolerantMessage || description.toleratesUnknownFields === true
    const result: Fields = {}
    if (!this.#isMapping(value)) return result
    for (const [key, raw] of Object.entries(value)) {
      if (this.#findings.isFull) return result
      const fieldName = Object.hasOwn(description.fields, key) ? key : camelCase(key)
      this.#path.push(key)
      if (!Object.hasOwn(description.fields, fieldName)) this.#reportUnknown(key, description, tolerant)
      else if (Object.hasOwn(result, fieldName)) this.#reportTwice(key, fieldName)
      else this.#readField(result, fieldName, description.fields[fieldName]!, raw, tolerant)
      this.#path.pop()
    }
    this.#checkPresence(result, description)
    modernise(name, result)
    return result
  }

  #readField(result: Fields, name: string, { type }: Field, raw: unknown, tolerant: boolean): void {
    // As in protobuf's JSON, null is the same as absent, except for a field that may hold any value.
    if (raw === null && type.kind !== 'value') return
    const value = this.#read(type, raw, tolerant)
    if (value !== undefined) result[name] = value
  }

  #read(type: FieldType, raw: unknown, tolerant: boolean): unknown {
    switch (type.kind) {
      case 'message':
        return this.readMessage(raw, type.name, tolerant)
      case 'map':
        return this.#readMap(type.of, raw, tolerant)
      case 'list':
        return this.#readList(type.of, raw, tolerant)
      case 'enum':
        return this.#readEnum(type.values, raw)
      case 'value':
        return this.#readAnyValue(raw)
      case 'struct':
        return this.#isMapping(raw) ? this.#readAnyValue(raw) : undefined
      default:
        return this.#readScalar(type.kind, raw)
    }
  }

  #readMap(of: FieldType, raw: unknown, tolerant: boolean): unknown {
    if (!this.#isMapping(raw)) return undefined
    // No prototype: names such as "constructor" must not be found unless they are there.
    const result = { __proto__: null } as unknown as Fields
    for (const [key, item] of Object.entries(raw)) {
      if (this.#findings.isFull) break
      this.#path.push(key)
      const value = this.#read(of, item === null && of.kind === 'message' ? {} : item, tolerant)
      if (value !== undefined) result[key] = value
      this.#path.pop()
    }
    return result
  }

  #readList(of: FieldType, raw: unknown, tolerant: boolean): unknown {
    if (!Array.isArray(raw)) return this.#reportType('a list', raw)
    const result: unknown[] = []
    for (const [index, item] of raw.entries()) {
      this.#path.push(index)
      const value = this.#read(of, item, tolerant)
      if (value !== undefined) result.push(value)
      this.#path.pop()
    }
    return result
  }

  #readEnum(values: readonly string[], raw: unknown): unknown {
    if (typeof raw === 'number' && values[raw] !== undefined) return values[raw]
    if (typeof raw !== 'string') return this.#reportType(`one of ${values.join(', ')}`, raw)
    if (values.includes(raw)) return raw
    const hint = suggest(raw, values, 'known are')
    this.#findings.error('unknown-enum-value', [...this.#path], `${describeValue(raw)} is not known here`, hint)
    return undefined
  }

  #readScalar(kind: 'text' | 'bool' | 'int32' | 'int64' | 'double' | 'duration', raw: unknown): unknown {
    switch (kind) {
      case 'text':
        return typeof raw === 'string' ? raw : this.#reportType('text', raw, 'put it in quotes')
      case 'bool':
        return typeof raw === 'boolean' ? raw : this.#reportType('true or false', raw)
      case 'duration':
        return typeof raw === 'string' && DURATION_TEXT.test(raw)
          ? raw
          : this.#reportType('a time in seconds', raw, 'write it like "60s" or "1.5s"')
      case 'double':
        return this.#readDouble(raw)
      default:
        return this.#readInteger(raw, kind === 'int32' ? INT32_LIMIT : Number.MAX_SAFE_INTEGER)
    }
  }

  #readDouble(raw: unknown): unknown {
    const number = typeof raw === 'string' && raw.trim() !== '' ? Number(raw) : raw
    if (typeof number !== 'number') return this.#reportType('a number', raw)
    return Number.isFinite(number) ? number : this.#reportRange(raw)
  }

  #readInteger(raw: unknown, limit: number): unknown {
    const number = typeof raw === 'string' && INTEGER_TEXT.test(raw) ? Number(raw) : raw
    if (typeof number !== 'number') return this.#reportType('a whole number', raw)
    if (!Number.isFinite(number) || Math.abs(number) > limit) return this.#reportRange(raw)
    return Number.isInteger(number) ? number : this.#reportType('a whole number', raw)
  }

  /** Any JSON: only numbers that JSON cannot hold are refused. */
  #readAnyValue(raw: unknown): unknown {
    if (typeof raw === 'number' && !Number.isFinite(raw)) return this.#reportRange(raw)
    if (raw === null || typeof raw !== 'object') return raw
    for (const [key, item] of Object.entries(raw)) {
      if (item === null || typeof item === 'string') continue
      this.#path.push(Array.isArray(raw) ? Number(key) : key)
      this.#readAnyValue(item)
      this.#path.pop()
    }
    return raw
  }

  #checkPresence(result: Fields, description: Message): void {
    for (const name of requiredFields(description)) {
      if (result[name] !== undefined) continue
      const hint = `${name}: ${description.fields[name]!.doc}`
      this.#findings.error('missing-field', [...this.#path], `the field "${name}" is missing or empty`, hint)
    }
    for (const group of description.oneofs ?? []) {
      const given = group.filter((name) => result[name] !== undefined)
      if (given.length < 2) continue
      const message = `${given.join(' and ')} are both given, but exclude each other`
      this.#findings.error('conflicting-fields', [...this.#path], message, 'keep one of them')
    }
  }

  #isMapping(value: unknown): value is Readonly<Fields> {
    if (value !== null && typeof value === 'object' && !Array.isArray(value)) return true
    this.#reportType('a mapping', value)
    return false
  }

  #reportUnknown(key: string, description: Message, tolerant: boolean): void {
    const hint = this.#findings.isFull ? undefined : suggest(key, Object.keys(description.fields), 'known fields')
    const name = JSON.stringify(key.slice(0, 80))
    if (tolerant)
      this.#findings.warn('unknown-field', [...this.#path], `the field ${name} is not known, it is ignored`, hint)
    else this.#findings.error('unknown-field', [...this.#path], `the field ${name} is not known here`, hint)
  }

  #reportTwice(key: string, fieldName: string): void {
    const message = `"${key}" gives the field ${fieldName} a second time`
    this.#findings.error('duplicate-key', [...this.#path], message, 'remove one of the two')
  }

  #reportType(expected: string, raw: unknown, hint?: string): undefined {
    this.#findings.error('wrong-type', [...this.#path], `expected ${expected}, found ${describeValue(raw)}`, hint)
    return undefined
  }

  #reportRange(raw: unknown): undefined {
    const message = `${describeValue(raw)} is out of range`
    this.#findings.error(
      'number-out-of-range',
      [...this.#path],
      message,
      'JSON cannot hold it: give a smaller number or text',
    )
    return undefined
  }
}
