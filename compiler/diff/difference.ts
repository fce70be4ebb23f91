/** One difference between two pipelines, and how deep values are compared. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../api/json.ts'

export interface Difference {
  readonly kind: 'added' | 'removed' | 'changed'
  /** Place by task: `root.train.component.image`. Component and executor names are not part of it: they mean nothing. */
  readonly path: string
  readonly before?: JsonValue
  readonly after?: JsonValue
}

/** Adds the differences of two plain values; `undefined` is absent. Keys in any order are equal. */
export function compareValues(before: unknown, after: unknown, path: string, out: Difference[]): void {
  if (before === undefined && after === undefined) return
  if (before === undefined) out.push({ kind: 'added', path, after: after as JsonValue })
  else if (after === undefined) out.push({ kind: 'removed', path, before: before as JsonValue })
  else if (isJsonObject(before) && isJsonObject(after)) compareEntries(before, after, path, out)
  else if (Array.isArray(before) && Array.isArray(after) && before.length === after.length) {
    for (const [index, item] of before.entries()) compareValues(item, after[index], `${path}[${index}]`, out)
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    out.push({ kind: 'changed', path, before: before as JsonValue, after: after as JsonValue })
  }
}

/** Compares two tables name by name, in the order of the names. */
export function compareEntries(before: JsonObject, after: JsonObject, path: string, out: Difference[]): void {
  for (const name of namesOf(before, after)) compareValues(before[name], after[name], join(path, name), out)
}

export function namesOf(...tables: readonly (Readonly<Record<string, unknown>> | undefined)[]): string[] {
  return [...new Set(tables.flatMap((table) => Object.keys(table ?? {})))].sort()
}

export function join(path: string, name: string): string {
  const part = /^[\w$-]+$/.test(name) ? name : JSON.stringify(name)
  return path === '' ? part : `${path}.${part}`
}
