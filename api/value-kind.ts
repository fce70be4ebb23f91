/** Whether a JSON value is of the kind that a parameter type names. The one rule that checkers, engine and server build on. */
import type { JsonValue } from './json.ts'
import type { ParameterType } from './pipeline-spec.ts'

/** Numbers of both types may hold a fraction here: the IR makes no difference at run time (kfp-ir.md 2.1). */
export function hasKind(value: JsonValue, type: ParameterType): boolean {
  switch (type) {
    case 'NUMBER_INTEGER':
    case 'NUMBER_DOUBLE':
      return typeof value === 'number'
    case 'BOOLEAN':
      return typeof value === 'boolean'
    case 'LIST':
      return Array.isArray(value)
    case 'STRING':
      return typeof value === 'string'
    default:
      return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
}

const DATA_TYPES: ReadonlySet<ParameterType> = new Set<ParameterType>([
  'NUMBER_INTEGER',
  'NUMBER_DOUBLE',
  'STRING',
  'BOOLEAN',
  'LIST',
  'STRUCT',
])

/** Values of all other types are made by the system; what a document or a caller says about them is not checked. */
export function isSystemType(type: ParameterType): boolean {
  return !DATA_TYPES.has(type)
}
