/** Which reference and which constant fits which type. The same rules as the type level, for callers that go through `any`. */
import type { JsonValue } from '../../api/json.ts'
import type { ParameterType as ParameterTypeWord } from '../../api/pipeline-spec.ts'
import type { AnyRef, ArtifactRef, ParameterRef } from '../refs.ts'
import type { ArtifactType } from './artifacts.ts'
import type { ParameterType } from './parameters.ts'

const ANY_ARTIFACT = 'system.Artifact'

/** Same title and major version, or either side is any artifact. */
export function isFittingArtifact(
  ref: Pick<ArtifactRef, 'schemaTitle' | 'schemaVersion'>,
  type: ArtifactType,
): boolean {
  if (ref.schemaTitle === ANY_ARTIFACT || type.schemaTitle === ANY_ARTIFACT) return true
  return ref.schemaTitle === type.schemaTitle && major(ref.schemaVersion) === major(type.schemaVersion)
}

function major(version: string): string {
  return version.split('.')[0] ?? ''
}

/** Equal types; an integer is a number; loop items and fields of unknown type (declared STRING) fit everything. */
export function isFittingParameter(ref: ParameterRef, type: ParameterType): boolean {
  if (ref.parameterType === type.parameterType) return true
  if (ref.parameterType === 'NUMBER_INTEGER' && type.parameterType === 'NUMBER_DOUBLE') return true
  return ref.parameterType === 'STRING' && isOfUnknownType(ref)
}

/** What follows from an output that its component does not have. That is reported already: of its type nothing more is said. */
export function isOfMistake({ source }: AnyRef): boolean {
  switch (source.from) {
    case 'input':
      return false
    case 'task': {
      const returned = source.task.nested?.outputs.get(source.output)
      return returned ? isOfMistake(returned) : !Object.hasOwn(source.task.component.outputs, source.output)
    }
    case 'field':
    case 'collected':
      return isOfMistake(source.of)
    case 'loop':
      return source.loop.items.kind !== 'static' && isOfMistake(source.loop.items.ref)
    case 'one-of':
      return source.choices.some(isOfMistake)
  }
}

/** Items of a list whose element type nobody declared, and fields of a struct whose fields nobody declared. */
export function isOfUnknownType(ref: ParameterRef): boolean {
  const { source } = ref
  if (isOfMistake(ref)) return true
  if (source.from === 'field') return source.of.detail.fields?.[source.key] === undefined
  if (source.from !== 'loop') return false
  const { items } = source.loop
  return items.kind === 'ref' && items.ref.detail.items === undefined
}

/** The type that a constant has in KFP. */
export function parameterTypeOf(value: JsonValue | undefined): ParameterTypeWord {
  if (typeof value === 'string' || value === null || value === undefined) return 'STRING'
  if (typeof value === 'boolean') return 'BOOLEAN'
  if (typeof value === 'number') return Number.isInteger(value) ? 'NUMBER_INTEGER' : 'NUMBER_DOUBLE'
  return Array.isArray(value) ? 'LIST' : 'STRUCT'
}

/** Why a constant does not fit, as the rest of a sentence; undefined when it fits. */
export function constantProblem(value: JsonValue | undefined, type: ParameterType, path = ''): string | undefined {
  const where = path === '' ? '' : ` at ${path}`
  if (value === null || value === undefined) {
    return type.need === 'optional' || path === '' ? undefined : `wants ${type.parameterType}${where} and got null`
  }
  if (typeof value === 'number' && !Number.isFinite(value))
    return `wants ${type.parameterType}${where} and got ${value}`
  const got = parameterTypeOf(value)
  const fits = got === type.parameterType || (got === 'NUMBER_INTEGER' && type.parameterType === 'NUMBER_DOUBLE')
  if (!fits) return `wants ${type.parameterType}${where} and got ${got} (${shortText(value)})`
  if (type.literals && !type.literals.includes(value)) {
    return `allows ${type.literals.map((literal) => JSON.stringify(literal)).join(', ')}${where} and got ${shortText(value)}`
  }
  if (Array.isArray(value) && type.items) {
    const items = type.items
    return value.map((item, index) => constantProblem(item, items, `${path}[${index}]`)).find(Boolean)
  }
  if (type.fields) return structProblem(value as Readonly<Record<string, JsonValue>>, type.fields, path)
  return undefined
}

function structProblem(
  value: Readonly<Record<string, JsonValue>>,
  fields: Readonly<Record<string, ParameterType>>,
  path: string,
): string | undefined {
  for (const [key, type] of Object.entries(fields)) {
    const field = value[key]
    const fieldPath = path === '' ? key : `${path}.${key}`
    if (field === undefined) {
      if (type.need === 'required') return `lacks the field ${fieldPath}`
      continue
    }
    const problem = constantProblem(field, type, fieldPath)
    if (problem) return problem
  }
  const unknown = Object.keys(value).find((key) => !Object.hasOwn(fields, key))
  return unknown === undefined ? undefined : `has the unknown field ${path === '' ? unknown : `${path}.${unknown}`}`
}

function shortText(value: JsonValue): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `${text.slice(0, 57)}...` : text
}
