/** `{{$...}}` in texts: one pass, so that what is put in is never read as a placeholder again. */
import type { RuntimeArtifact } from '../api/executor-io.ts'
import type { JsonValue } from '../api/json.ts'
import { textOf } from './convert-value.ts'
import { TaskError } from './task-error.ts'

/** What placeholders may name. A step's own outputs and executor input exist only for its command line. */
export interface PlaceholderScope {
  /** Value of a run constant such as `pipeline_job_name`. */
  readonly constant: (name: string) => string | undefined
  /** undefined when the input was not given. */
  readonly parameter: (name: string) => JsonValue | undefined
  readonly artifacts: (name: string) => readonly RuntimeArtifact[] | undefined
  readonly pathOf: (artifact: RuntimeArtifact) => string
  readonly step?: {
    readonly executorInput: () => string
    readonly outputFile: string
    readonly outputParameterFile: (name: string) => string | undefined
    readonly outputArtifact: (name: string) => RuntimeArtifact | undefined
  }
}

const PLACEHOLDER = /\{\{\$(.*?)\}\}/g
/** Keys stand in one or two single quotes (YAML written by hand), or in double quotes. */
const KEY = `\\[(?:'{1,2}|")(.+?)(?:'{1,2}|")\\]`
const REFERENCE = new RegExp(
  `^\\.(inputs|outputs)\\.(parameters|artifacts)${KEY}(?:\\.(output_file|uri|path|name|metadata)(?:${KEY})?)?$`,
)
const CONSTANT = /^\.(pipeline_[a-z_]+|workspace_path)$/

export function hasPlaceholder(text: string): boolean {
  return text.includes('{{$')
}

/**
 * Replaces every placeholder of a text. What only looks like one stays.
 *
 * @throws TaskError when it names an input that was not given or an output that does not exist
 */
export function substitute(text: string, scope: PlaceholderScope): string {
  if (!hasPlaceholder(text)) return text
  return text.replace(PLACEHOLDER, (whole, body: string) => {
    const value = lookUp(whole, body, scope)
    return value === undefined ? whole : textOf(value)
  })
}

/** Like `substitute`, but a text that is nothing but one placeholder becomes the value itself: a number stays a number. */
export function substituteValue(text: string, scope: PlaceholderScope): JsonValue {
  const body = wholePlaceholder(text)
  if (body === undefined) return substitute(text, scope)
  return lookUp(text, body, scope) ?? text
}

function wholePlaceholder(text: string): string | undefined {
  const match = text.startsWith('{{$') && text.endsWith('}}') ? text.slice(3, -2) : undefined
  return match?.includes('}}') ? undefined : match
}

/** The input parameter that a text stands for as a whole: `{{$.inputs.parameters['cpu']}}` gives `cpu`. */
export function wholeParameterName(text: string): string | undefined {
  const body = wholePlaceholder(text)
  const match = body === undefined ? undefined : REFERENCE.exec(body)
  return match?.[1] === 'inputs' && match[2] === 'parameters' ? match[3] : undefined
}

/** Replaces in every text inside a value, keys of objects included. */
export function substituteDeep(value: JsonValue, scope: PlaceholderScope): JsonValue {
  if (typeof value === 'string') return substituteValue(value, scope)
  if (Array.isArray(value)) return value.map((item: JsonValue) => substituteDeep(item, scope))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value as Record<string, JsonValue>)
  return Object.fromEntries(entries.map(([key, item]) => [substitute(key, scope), substituteDeep(item, scope)]))
}

/** @returns undefined for what is no placeholder of ours */
function lookUp(whole: string, body: string, scope: PlaceholderScope): JsonValue | undefined {
  if (body === '') return scope.step?.executorInput()
  const constant = CONSTANT.exec(body)?.[1]
  if (constant !== undefined) return scope.constant(constant)
  if (body === '.outputs.output_file' || body === '.outputMetadataUri') return scope.step?.outputFile
  if (body.includes('json_escape'))
    throw new TaskError(
      'placeholder-error',
      `${whole}: json_escape is no longer supported; write {{$}} or the input itself`,
    )
  const match = REFERENCE.exec(body)
  if (!match) return undefined
  const [, side, kind, name, field, key] = match as unknown as [string, string, string, string, string?, string?]
  if (side === 'inputs')
    return kind === 'parameters' ? inputParameter(whole, name, scope) : inputArtifact(whole, name, field, key, scope)
  if (!scope.step) return undefined
  if (kind === 'parameters') return found(whole, scope.step.outputParameterFile(name), 'output')
  return artifactField(found(whole, scope.step.outputArtifact(name), 'output'), field, key, scope)
}

function inputParameter(whole: string, name: string, scope: PlaceholderScope): JsonValue {
  return found(whole, scope.parameter(name), 'input')
}

function inputArtifact(
  whole: string,
  name: string,
  field: string | undefined,
  key: string | undefined,
  scope: PlaceholderScope,
): JsonValue {
  const list = found(whole, scope.artifacts(name), 'input')
  if (field === undefined) return list.map((artifact) => plainArtifact(artifact) as unknown as JsonValue)
  return artifactField(found(whole, list[0], 'input'), field, key, scope)
}

/** An artifact as components see it: what tells of its content is ours. */
export function plainArtifact({ digest: _ours, importId: _too, ...artifact }: RuntimeArtifact): RuntimeArtifact {
  return artifact
}

function artifactField(
  artifact: RuntimeArtifact,
  field: string | undefined,
  key: string | undefined,
  scope: PlaceholderScope,
): JsonValue {
  switch (field) {
    case 'uri':
      return artifact.uri
    case 'path':
      return scope.pathOf(artifact)
    case 'name':
      return artifact.name
    case 'metadata':
      return key === undefined ? artifact.metadata : (artifact.metadata[key] ?? null)
    default:
      return plainArtifact(artifact) as unknown as JsonValue
  }
}

function found<T>(whole: string, value: T | undefined | null, what: 'input' | 'output'): T {
  if (value !== undefined && value !== null) return value
  const reason = what === 'input' ? 'this input was not given and has no default' : 'there is no such output'
  throw new TaskError('placeholder-error', `${whole}: ${reason}`)
}
