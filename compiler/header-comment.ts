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

export function headerComment(spec: PipelineSpec): string {
  const { name, description } = spec.pipelineInfo
  const lines = ['# PIPELINE DEFINITION', `# Name: ${name}`]
  if (description) lines.push(`# Description: ${description.split(/\r\n|\r|\n/).join('\n#              ')}`)
  lines.push(...section('Inputs', spec.root.inputDefinitions), ...section('Outputs', spec.root.outputDefinitions))
  return `${lines.join('\n')}\n`
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
