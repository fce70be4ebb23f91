/** Pipeline documents to YAML: one text for one document, whatever the order of keys, and the same for YAML 1.1 and 1.2 readers. */
import type { PipelineDocument } from '../api/platform-spec.ts'
import { headerComment } from './header-comment.ts'

/**
 * The canonical text of a pipeline: header comments, the pipeline, and a second document when there are platform settings.
 *
 * @example await writeFile('pipeline.yaml', printPipelineYaml(document))
 */
export function printPipelineYaml(document: PipelineDocument): string {
  const spec = `${headerComment(document.spec)}${printYaml(document.spec)}`
  return document.platform ? `${spec}---\n${printYaml(document.platform)}` : spec
}

/** Block style, keys sorted, undefined left out. */
export function printYaml(value: unknown): string {
  const lines: string[] = []
  writeNode(value, 0, '', lines)
  return `${lines.join('\n')}\n`
}

function writeNode(value: unknown, indent: number, lead: string, lines: string[]): void {
  const entries = isMap(value) ? Object.entries(value).filter(([, field]) => field !== undefined) : []
  if (Array.isArray(value) && value.length > 0) writeList(value, indent, lead, lines)
  else if (entries.length > 0) writeMap(entries, indent, lead, lines)
  else lines.push(`${lead}${inline(value, indent)}`)
}

function writeMap(
  entries: readonly (readonly [string, unknown])[],
  indent: number,
  lead: string,
  lines: string[],
): void {
  const sorted = [...entries].sort(([a], [b]) => (a < b ? -1 : 1))
  let prefix = lead
  for (const [key, field] of sorted) {
    const head = `${prefix}${scalarText(key)}:`
    if (isNested(field)) {
      lines.push(head)
      const isList = Array.isArray(field)
      writeNode(field, isList ? indent : indent + 2, ' '.repeat(isList ? indent : indent + 2), lines)
    } else lines.push(`${head} ${inline(field, indent + 2)}`)
    prefix = ' '.repeat(indent)
  }
}

function writeList(items: readonly unknown[], indent: number, lead: string, lines: string[]): void {
  let prefix = lead
  for (const item of items) {
    writeNode(item, indent + 2, `${prefix}- `, lines)
    prefix = ' '.repeat(indent)
  }
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isNested(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0
  return isMap(value) && Object.values(value).some((field) => field !== undefined)
}

function inline(value: unknown, indent: number): string {
  if (Array.isArray(value)) return '[]'
  if (isMap(value)) return '{}'
  if (typeof value === 'string' && isBlockText(value)) return blockText(value, indent)
  return scalarText(value)
}

/** Words that some reader takes for something else than text. */
const RESERVED = /^(true|false|yes|no|on|off|y|n|null|nan|inf|[_.\de-]+)$/i
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/

function scalarText(value: unknown): string {
  if (typeof value === 'number') return numberText(value)
  if (typeof value !== 'string') return String(value)
  if (PLAIN.test(value) && !RESERVED.test(value)) return value
  return quoted(value)
}

/** YAML 1.1 takes `1e-7` for text: a number with an exponent needs a point. */
function numberText(value: number): string {
  const text = String(value)
  return /^-?\d+e/.test(text) ? text.replace('e', '.0e') : text
}

function quoted(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes("'")) return `'${text}'`
  return JSON.stringify(text).replace(/[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g, escapeCharacter)
}

function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Several lines that a literal block can hold without loss. */
function isBlockText(text: string): boolean {
  if (!text.includes('\n') || /^[\n ]/.test(text) || /[ \t]$|[ \t]\n/.test(text)) return false
  return /^[\n\x20-\x7e\u00a0-\ud7ff\ue000-\ufefe]*$/.test(text) && !/[\u2028\u2029]/.test(text)
}

function blockText(text: string, indent: number): string {
  const body = text.replace(/\n+$/, '')
  const ends = text.length - body.length
  const chomp = ends === 0 ? '-' : ends === 1 ? '' : '+'
  const pad = ' '.repeat(indent)
  const lines = body.split('\n').map((line) => (line === '' ? '' : `${pad}${line}`))
  return [`|${chomp}`, ...lines, ...Array.from({ length: Math.max(0, ends - 1) }, () => '')].join('\n')
}
