/** Collects problems while a document is read: places as paths, positions are looked up at the end (`locate.ts`) and only if needed. */
import { closest } from '../closest.ts'
import type { IssueCode } from '../issue-codes.ts'

/** Keys and list indexes from the root of a document. */
export type Path = readonly (string | number)[]

export interface Finding {
  readonly code: IssueCode
  readonly severity: 'error' | 'warning'
  readonly path: Path
  readonly message: string
  readonly hint?: string
  /** Offset in the text, where it is known without a look-up. */
  readonly offset?: number
}

/** More than a person reads; a hostile file could have millions. */
export const MAX_FINDINGS = 1000

export class Findings {
  readonly list: Finding[] = []
  /** How many were left out after the first {@link MAX_FINDINGS}. */
  dropped = 0
  hasErrors = false

  get isFull(): boolean {
    return this.list.length >= MAX_FINDINGS
  }

  error(code: IssueCode, path: Path, message: string, hint?: string, offset?: number): void {
    this.add('error', code, path, message, hint, offset)
  }

  warn(code: IssueCode, path: Path, message: string, hint?: string): void {
    this.add('warning', code, path, message, hint)
  }

  add(
    severity: 'error' | 'warning',
    code: IssueCode,
    path: Path,
    message: string,
    hint?: string,
    offset?: number,
  ): void {
    if (severity === 'error') this.hasErrors = true
    if (this.isFull) {
      this.dropped++
      return
    }
    this.list.push({
      code,
      severity,
      path,
      message,
      ...(hint === undefined ? {} : { hint }),
      ...(offset === undefined ? {} : { offset }),
    })
  }
}

const PLAIN_KEY = /^[A-Za-z0-9_$-]+$/

/** @example formatPath(['root', 'dag', 'tasks', 'a.b', 'dependentTasks', 0]) // 'root.dag.tasks["a.b"].dependentTasks[0]' */
export function formatPath(path: Path): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else if (!PLAIN_KEY.test(part)) text += `[${JSON.stringify(abbreviate(part))}]`
    else text += `${text === '' ? '' : '.'}${abbreviate(part)}`
  }
  return text
}

/** Text as it may stand in a message: one line, not endless. */
export function abbreviate(text: string, limit = 80): string {
  return text.length > limit ? `${text.slice(0, limit)}…` : text
}

/** A value of the document as a message names it. */
export function describeValue(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a mapping'
  if (typeof value === 'string') return `the text ${JSON.stringify(abbreviate(value, 40))}`
  if (typeof value === 'number') return `the number ${value}`
  return String(value)
}

/** `did you mean "x"?`, or what there is to choose from; undefined when there is nothing. */
export function suggest(word: string, candidates: Iterable<string>, what: string): string | undefined {
  const known = [...candidates]
  const meant = closest(word, known)
  if (meant !== undefined) return `did you mean "${meant}"?`
  if (known.length === 0) return undefined
  const shown = known
    .slice(0, 8)
    .map((name) => abbreviate(name, 60))
    .join(', ')
  return `${what}: ${shown}${known.length > 8 ? ', …' : ''}`
}
