/** Type words of component.yaml, and its defaults, which are texts. */
import type { JsonValue } from '../../api/json.ts'
import type { ParameterType as ParameterTypeWord } from '../../api/pipeline-spec.ts'

const PARAMETER_WORDS: Readonly<Record<string, ParameterTypeWord>> = {
  integer: 'NUMBER_INTEGER',
  int: 'NUMBER_INTEGER',
  double: 'NUMBER_DOUBLE',
  float: 'NUMBER_DOUBLE',
  string: 'STRING',
  str: 'STRING',
  text: 'STRING',
  bool: 'BOOLEAN',
  boolean: 'BOOLEAN',
  dict: 'STRUCT',
  list: 'LIST',
  jsonobject: 'STRUCT',
  jsonarray: 'LIST',
  pipelinetaskfinalstatus: 'TASK_FINAL_STATUS',
  taskconfig: 'TASK_CONFIG',
}

const ARTIFACT_WORDS: Readonly<Record<string, string>> = {
  artifact: 'system.Artifact',
  dataset: 'system.Dataset',
  model: 'system.Model',
  metrics: 'system.Metrics',
  classificationmetrics: 'system.ClassificationMetrics',
  slicedclassificationmetrics: 'system.SlicedClassificationMetrics',
  html: 'system.HTML',
  markdown: 'system.Markdown',
}

/** A type as written: a word, `List[int]`, or a map such as `{GCSPath: {…}}`. */
export type V1Type = string | Readonly<Record<string, unknown>> | undefined

export function parameterWord(type: V1Type): ParameterTypeWord | undefined {
  if (typeof type !== 'string') return undefined
  return PARAMETER_WORDS[
    type
      .replace(/^typing\./, '')
      .replace(/\[.*$/, '')
      .toLowerCase()
  ]
}

/** Schema title of an artifact type; words that are none are any artifact. */
export function schemaTitle(type: V1Type): { readonly title: string; readonly version: string } {
  const word = typeof type === 'string' ? type : ''
  const [title = '', version = '0.0.1'] = word.split('@')
  if (/^(system|google)\./.test(title)) return { title, version }
  return { title: ARTIFACT_WORDS[title.toLowerCase()] ?? 'system.Artifact', version: '0.0.1' }
}

/** A default as a value of the type; undefined when the text is none. */
export function defaultOf(value: unknown, type: ParameterTypeWord): JsonValue | undefined {
  if (typeof value !== 'string') return type === 'STRING' ? String(value) : (value as JsonValue)
  if (type === 'STRING') return value
  if (type === 'BOOLEAN')
    return /^(true|yes|1)$/i.test(value) ? true : /^(false|no|0)$/i.test(value) ? false : undefined
  if (type === 'NUMBER_INTEGER') return /^\s*-?\d+\s*$/.test(value) ? Number(value) : undefined
  if (type === 'NUMBER_DOUBLE') return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : undefined
  try {
    return JSON.parse(value) as JsonValue
  } catch {
    return undefined
  }
}
