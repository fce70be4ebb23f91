/** Reads the fields of one request, from a query or a body, and refuses what has the wrong type. Pure. */
import { invalid } from '../../store/metadata/errors.ts'
import type { KeyValuePair } from '../../store/metadata/runs.ts'

/** 64-bit integers beyond this are refused: they could not be stored and given back unchanged. */
const LARGEST_INTEGER = Number.MAX_SAFE_INTEGER

/** The fields of a request by their wire names. Every reader throws `invalid` with the name of the field. */
export class Fields {
  readonly #raw: Readonly<Record<string, unknown>>

  constructor(raw: unknown) {
    this.#raw = typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as Record<string, unknown>) : {}
  }

  #get(name: string): unknown {
    const value = Object.hasOwn(this.#raw, name) ? this.#raw[name] : undefined
    return value === null ? undefined : value
  }

  /** The value as it came. */
  raw(name: string): unknown {
    return this.#get(name)
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined
  }

  text(name: string, maxLength = 1_000_000): string | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value === 'number' || typeof value === 'boolean') return String(value)
    if (typeof value !== 'string') throw invalid(`Invalid value for parameter '${name}': it must be a string`)
    if (value.length > maxLength) {
      throw invalid(
        `Invalid value for parameter '${name}': it has ${value.length} characters, ${maxLength} are allowed`,
      )
    }
    return value
  }

  /** A text that must be there and not be empty. */
  required(name: string, maxLength?: number): string {
    const value = this.text(name, maxLength)
    if (!value) throw invalid(`Missing value for required parameter '${name}'.`)
    return value
  }

  integer(name: string): number | undefined {
    const value = this.#get(name)
    if (value === undefined || value === '') return undefined
    const number = typeof value === 'string' && /^[-+]?\d+$/.test(value) ? Number(value) : value
    if (typeof number !== 'number' || !Number.isInteger(number) || Math.abs(number) > LARGEST_INTEGER) {
      throw invalid(`Invalid value for parameter '${name}': it must be an integer`)
    }
    return number
  }

  /** A number, or one of the words NaN, Infinity, -Infinity. */
  float(name: string): number {
    const value = this.#get(name)
    if (typeof value === 'number') return value
    if (typeof value === 'string' && /^(NaN|[-+]?Infinity|[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)$/.test(value)) {
      return Number(value)
    }
    throw invalid(`Invalid value for parameter '${name}': it must be a number`)
  }

  flag(name: string): boolean {
    const value = this.#get(name)
    if (value === undefined || typeof value === 'boolean') return value ?? false
    if (value === 'true' || value === 'True') return true
    if (value === 'false' || value === 'False' || value === '') return false
    throw invalid(`Invalid value for parameter '${name}': it must be true or false`)
  }

  /** A list; in a query one value stands for a list of one. */
  texts(name: string): string[] {
    const value = this.#get(name)
    if (value === undefined) return []
    const list: unknown[] = Array.isArray(value) ? value : [value]
    return list.map((item) => {
      if (typeof item !== 'string' && typeof item !== 'number') {
        throw invalid(`Invalid value for parameter '${name}': it must be a list of strings`)
      }
      return String(item)
    })
  }

  objects(name: string): Fields[] {
    const value = this.#get(name)
    if (value === undefined) return []
    if (!Array.isArray(value) || value.some((item) => typeof item !== 'object' || item === null)) {
      throw invalid(`Invalid value for parameter '${name}': it must be a list of objects`)
    }
    return value.map((item) => new Fields(item))
  }

  object(name: string): Fields | undefined {
    const value = this.#get(name)
    if (value === undefined) return undefined
    if (typeof value !== 'object' || Array.isArray(value)) {
      throw invalid(`Invalid value for parameter '${name}': it must be an object`)
    }
    return new Fields(value)
  }

  /** `{key, value}` pairs with their limits checked. */
  pairs(name: string, maxValueLength: number, longer?: LongerValue): KeyValuePair[] {
    return this.objects(name).map((pair) => readPair(pair, maxValueLength, longer))
  }
}

export const MAX_KEY_LENGTH = 250
export const MAX_PARAM_LENGTH = 6000
export const MAX_TAG_LENGTH = 8000
export const MAX_EXPERIMENT_TAG_LENGTH = 20_000
export const MAX_REGISTRY_TAG_LENGTH = 100_000

/** What becomes of a value that is too long. MLflow's server cuts those of a run, and its clients count on that. */
export type LongerValue = 'refused' | 'cut'

/** One `{key, value}` with a key that MLflow accepts. */
export function readPair(fields: Fields, maxValueLength: number, longer: LongerValue = 'refused'): KeyValuePair {
  const key = fields.text('key') ?? ''
  checkKey(key)
  if (longer === 'refused') return { key, value: fields.text('value', maxValueLength) ?? '' }
  return { key, value: firstCharacters(fields.text('value', Number.POSITIVE_INFINITY) ?? '', maxValueLength) }
}

/** By code points: a character is not cut in two. */
function firstCharacters(text: string, count: number): string {
  return text.length > count ? [...text].slice(0, count).join('') : text
}

/** Refuses keys that are empty, too long, or would read as a path out of a folder. */
export function checkKey(key: string): void {
  if (key === '') throw invalid("Missing value for required parameter 'key'.")
  if (key.length > MAX_KEY_LENGTH)
    throw invalid(`Key '${key.slice(0, 60)}…' is longer than ${MAX_KEY_LENGTH} characters`)
  if (!/^[\p{L}\p{N}_.\- :/]+$/u.test(key)) {
    throw invalid(`Invalid key '${key}': use letters, digits, underscores, dashes, periods, spaces, colons and slashes`)
  }
  const clean = key.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (!clean) throw invalid(`Invalid key '${key}': it must not read as a path with empty or dotted parts`)
}
