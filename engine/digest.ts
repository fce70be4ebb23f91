/** Hashes and canonical JSON: what cache keys and computed names are made of. */
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { JsonValue } from '../api/json.ts'

/** `sha256` of the text as UTF-8, in hex. */
export function digestOf(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

/** JSON text in which equal values are equal texts: keys sorted, no spaces. */
export function canonicalJson(value: JsonValue): string {
  return JSON.stringify(value, (_key, item: JsonValue) => {
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return item
    const object = item as Record<string, JsonValue>
    return Object.fromEntries(
      Object.keys(object)
        .sort()
        .map((key) => [key, object[key]]),
    )
  })
}
