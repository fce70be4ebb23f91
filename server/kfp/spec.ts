/** Pipeline documents at the API's border: checked by api/, kept as JSON, arguments matched with the declared inputs. */
import type { Issue } from '../../api/issue.ts'
import { formatIssue } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import { parsePipelineDocument } from '../../api/parse.ts'
import type { ParameterInputSpec, ParameterType } from '../../api/pipeline-spec.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { hasKind, isSystemType } from '../../api/value-kind.ts'
import { invalid } from '../../store/metadata/errors.ts'

const MOST_ISSUES_SHOWN = 20

/** Parses YAML or JSON text; throws `invalid` with all problems. */
export function parseSpec(text: string, file?: string): PipelineDocument {
  const { document, issues } = parsePipelineDocument(text, file === undefined ? {} : { file })
  if (document) return document
  throw invalid(`The pipeline spec is not valid:\n${listIssues(issues.filter((issue) => issue.severity === 'error'))}`)
}

function listIssues(issues: readonly Issue[]): string {
  const shown = issues.slice(0, MOST_ISSUES_SHOWN).map(formatIssue)
  return [...shown, ...(issues.length > shown.length ? [`and ${issues.length - shown.length} more`] : [])].join('\n')
}

/** As it is kept and given back: the IR alone, or with its platform document. */
export function specJson(document: PipelineDocument): object {
  return document.platform ? { pipeline_spec: document.spec, platform_spec: document.platform } : document.spec
}

/** Reads what `specJson` wrote. Throws an Error that says so when it is something else. */
export function documentOf(stored: string): PipelineDocument {
  const value = storedObject(stored)
  return 'pipeline_spec' in value
    ? ({ spec: value['pipeline_spec'], platform: value['platform_spec'] } as PipelineDocument)
    : ({ spec: value } as unknown as PipelineDocument)
}

function storedObject(stored: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(stored)
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>
  } catch {
    // As for any other text that is no object.
  }
  throw new Error('the stored text of its pipeline is no JSON object: the database is damaged; start another run')
}

/** Matches arguments with the root's inputs; throws `invalid` with every problem. Texts are read by the declared type. */
export function checkParameters(
  document: PipelineDocument,
  given: Readonly<Record<string, JsonValue>>,
): Record<string, JsonValue> {
  const inputs = document.spec.root.inputDefinitions?.parameters ?? {}
  const problems: string[] = []
  const checked: Record<string, JsonValue> = {}
  for (const [name, value] of Object.entries(given)) {
    const input = Object.hasOwn(inputs, name) ? inputs[name] : undefined
    if (!input)
      problems.push(`'${name}' is no parameter of the pipeline: it has ${Object.keys(inputs).join(', ') || 'none'}`)
    else if (value === null && (input.isOptional || input.defaultValue !== undefined)) checked[name] = value
    else {
      const read = coerce(value, typeOf(input))
      if (read === undefined)
        problems.push(`'${name}' must be ${typeOf(input)}, got ${JSON.stringify(value).slice(0, 80)}`)
      else checked[name] = read
    }
  }
  for (const [name, input] of Object.entries(inputs)) {
    if (Object.hasOwn(given, name) || input.isOptional || input.defaultValue !== undefined) continue
    problems.push(`'${name}' is missing: it has no default`)
  }
  if (problems.length > 0) throw invalid(`The parameters do not fit the pipeline: ${problems.join('; ')}`)
  return checked
}

const OLD_TYPES = { INT: 'NUMBER_INTEGER', DOUBLE: 'NUMBER_DOUBLE', STRING: 'STRING' } as const

function typeOf(input: ParameterInputSpec): ParameterType {
  return input.parameterType ?? (input.type ? OLD_TYPES[input.type] : 'STRING')
}

/** Undefined when the value can't be of the type. Macros such as `[[ScheduledTime]]` stay text until they are filled in. */
function coerce(value: JsonValue, type: ParameterType): JsonValue | undefined {
  if (typeof value === 'string' && type !== 'STRING') {
    if (/\[\[.*\]\]|\{\{.*\}\}/.test(value)) return value
    const read = readText(value)
    return read !== undefined && fits(read, type) ? read : undefined
  }
  return fits(value, type) ? value : undefined
}

function readText(text: string): JsonValue | undefined {
  if (/^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  try {
    return JSON.parse(text) as JsonValue
  } catch {
    return undefined
  }
}

function fits(value: JsonValue, type: ParameterType): boolean {
  if (isSystemType(type)) return true
  return hasKind(value, type) && (type !== 'NUMBER_INTEGER' || Number.isInteger(value))
}
