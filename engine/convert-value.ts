/** Values between declared types: what a task's input accepts, and how text of files and command lines is read. */
import type { JsonValue } from '../api/json.ts'
import type { ParameterType } from '../api/pipeline-spec.ts'
import { hasKind } from '../api/value-kind.ts'

export type Converted = { readonly value: JsonValue } | { readonly problem: string }

/**
 * STRING accepts everything (JSON text of what is no string). Other types accept their own kind, and text that holds it as JSON:
 * a loop over items of unknown type hands them on as text. Without a type the value stays as it is.
 */
export function convertValue(value: JsonValue, type: ParameterType | undefined): Converted {
  if (type === undefined || value === null) return { value }
  if (type === 'STRING') return { value: textOf(value) }
  if (hasKind(value, type)) return { value }
  if (typeof value === 'string') {
    const parsed = parseJson(value)
    if (parsed !== undefined && hasKind(parsed, type)) return { value: parsed }
  }
  return { problem: `it takes a ${type} and got ${describe(value)}` }
}

/** A value as it appears in texts: strings raw, numbers without exponent, everything else compact JSON. */
export function textOf(value: JsonValue): string {
  if (typeof value === 'string') return value
  if (typeof value === 'number') return numberText(value)
  return JSON.stringify(value)
}

/** Shortest decimal without exponent: 1e21 is 1000000000000000000000. */
function numberText(value: number): string {
  const text = String(value)
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text)
  if (!match) return text
  const [, sign, first, rest = '', exponent] = match
  const digits = `${first}${rest}`
  const point = 1 + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  return `${sign}${digits.padEnd(point, '0')}`
}

export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}

/** Go's words for booleans, which components written for Kubeflow rely on. */
const TRUE_WORDS = new Set(['1', 't', 'T', 'TRUE', 'true', 'True'])
const FALSE_WORDS = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False'])

/** Reads the content of an output parameter's file. STRING is taken as it is, with a newline at its end. */
export function readOutputText(text: string, type: ParameterType | undefined): Converted {
  const trimmed = text.trim()
  switch (type) {
    case undefined:
    case 'STRING':
      return { value: text }
    case 'NUMBER_INTEGER':
      return /^[+-]?\d+$/.test(trimmed) ? { value: Number(trimmed) } : { problem: `no integer: ${excerpt(text)}` }
    case 'NUMBER_DOUBLE': {
      const number = Number(trimmed)
      if (trimmed !== '' && Number.isFinite(number)) return { value: number }
      return { problem: `no number: ${excerpt(text)}` }
    }
    case 'BOOLEAN':
      if (TRUE_WORDS.has(trimmed)) return { value: true }
      return FALSE_WORDS.has(trimmed) ? { value: false } : { problem: `neither true nor false: ${excerpt(text)}` }
    default: {
      const value = parseJson(text)
      if (value !== undefined && hasKind(value, type)) return { value }
      return { problem: `no JSON ${type === 'LIST' ? 'list' : 'object'}: ${excerpt(text)}` }
    }
  }
}

/** A value for an error message: its kind and its beginning. */
export function describe(value: JsonValue): string {
  const kind = Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value
  return kind === 'null' ? 'null' : `the ${kind} ${excerpt(JSON.stringify(value))}`
}

const excerpt = (text: string): string => (text.length > 80 ? `${text.slice(0, 80)}…` : text)
