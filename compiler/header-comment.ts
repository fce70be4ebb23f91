/** The comments at the top of a pipeline file, in the form that KFP writes and reads (kfp-ir.md 1.1). */
import type { JsonValue } from '../api/json.ts'
import type { ComponentInputsSpec, ComponentOutputsSpec, ParameterType, PipelineSpec } from '../api/pipeline-spec.ts'

const TYPE_WORDS: Readonly<Record<ParameterType, string>> = {
  NUMBER_INTEGER: 'int',
  NUMBER_DOUBLE: 'float',
  STRING: 'str',
  BOOLEAN: 'bool',
  LIST: 'list',
  STRUCT: 'dict',
  TASK_FINAL_STATUS: 'PipelineTaskFinalStatus',
  TASK_CONFIG: 'TaskConfig',
}

/** YAML 1.1 ends a line, and so a comment, at each of these. */
const LINE_BREAK = /\r\n|[\r\n\u0085\u2028\u2029]/

/** Line breaks, and what no YAML file may hold. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const INVISIBLE = /[\0-\x08\n-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]|\p{Surrogate}/gu

export function headerComment(spec: PipelineSpec): string {
  const { name, description } = spec.pipelineInfo
  const lines = ['# PIPELINE DEFINITION', `# Name: ${name}`]
  if (description) {
    const [first, ...more] = description.split(LINE_BREAK)
    lines.push(`# Description: ${first}`, ...more.map((line) => `#              ${line}`))
  }
  lines.push(...section('Inputs', spec.root.inputDefinitions), ...section('Outputs', spec.root.outputDefinitions))
  return lines.map((line) => `${line.replace(INVISIBLE, escaped)}\n`).join('')
}

/** As Python writes such a character. */
function escaped(character: string): string {
  const code = character.charCodeAt(0).toString(16)
  return code.length > 2 ? `\\u${code}` : `\\x${code.padStart(2, '0')}`
}

function section(title: string, definitions: ComponentInputsSpec | ComponentOutputsSpec | undefined): string[] {
  const parameters = Object.entries(definitions?.parameters ?? {}).map(([name, { parameterType, ...rest }]) => {
    const value = 'defaultValue' in rest ? (rest.defaultValue as JsonValue | undefined) : undefined
    const fallback = value === undefined ? '' : ` [Default: ${pythonText(value, parameterType)}]`
    return { name, text: `${TYPE_WORDS[parameterType ?? 'STRING']}${fallback}` }
  })
  const artifacts = Object.entries(definitions?.artifacts ?? {}).map(([name, { artifactType }]) => ({
    name,
    text: artifactType.schemaTitle ?? 'system.Artifact',
  }))
  const entries = [...parameters, ...artifacts].sort((a, b) => (a.name < b.name ? -1 : 1))
  if (entries.length === 0) return []
  return [`# ${title}:`, ...entries.map(({ name, text }) => `#    ${name}: ${text}`)]
}

/** A default as Python prints it; numbers come out of a Struct and are floats. */
function pythonText(value: JsonValue, type?: ParameterType): string {
  if (typeof value === 'string')
    return type === undefined ? pythonString(value) : `'${value.replace(/[\r\n]/g, '\\n')}'`
  if (value === null) return 'None'
  if (typeof value === 'boolean') return value ? 'True' : 'False'
  if (typeof value === 'number') return Number.isInteger(value) && Math.abs(value) < 1e16 ? `${value}.0` : String(value)
  if (Array.isArray(value)) return `[${value.map((item: JsonValue) => pythonText(item)).join(', ')}]`
  const fields = Object.entries(value).map(
    ([key, field]) => `${pythonString(key)}: ${pythonText((field ?? null) as JsonValue)}`,
  )
  return `{${fields.join(', ')}}`
}

function pythonString(text: string): string {
  const body = text.replace(/\\/g, '\\\\').replace(/\n/g, '\\n').replace(/\r/g, '\\r').replace(/\t/g, '\\t')
  return text.includes("'") && !text.includes('"') ? `"${body}"` : `'${body.replace(/'/g, "\\'")}'`
}
