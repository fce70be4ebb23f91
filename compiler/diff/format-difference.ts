/** Differences as lines for a person: one each, long texts shortened to the first line that differs. */
import type { JsonValue } from '../../api/json.ts'
import type { Difference } from './difference.ts'

const SIGN = { added: '+', removed: '-', changed: '~' } as const
const MAX_VALUE = 100

/** @example formatDifference(d) // '~ root.train.component.container.image: "python:3.11" -> "python:3.12"' */
export function formatDifference({ kind, path, before, after }: Difference): string {
  const head = `${SIGN[kind]} ${path}`
  if (kind === 'added') return `${head}: ${show(after)}`
  if (kind === 'removed') return `${head}: ${show(before)}`
  if (typeof before === 'string' && typeof after === 'string' && (before.includes('\n') || after.includes('\n'))) {
    return `${head}: ${showLines(before, after)}`
  }
  return `${head}: ${show(before)} -> ${show(after)}`
}

function show(value: JsonValue | undefined): string {
  const text = JSON.stringify(value) ?? 'nothing'
  return text.length > MAX_VALUE ? `${text.slice(0, MAX_VALUE)}…` : text
}

function showLines(before: string, after: string): string {
  const a = before.split('\n')
  const b = after.split('\n')
  let line = 0
  while (line < a.length && line < b.length && a[line] === b[line]) line++
  return `line ${line + 1}: ${show(a[line])} -> ${show(b[line])}`
}
