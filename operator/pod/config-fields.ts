/** Fields of the resolved Kubernetes configuration, whose integers and texts may be either. Pure. */
import { isJsonObject, type JsonObject, type JsonValue } from '../../api/json.ts'

export const object = (value: JsonValue | undefined): JsonObject => (isJsonObject(value) ? value : {})
/** undefined for '': protobuf makes no difference between empty and absent. */
export const text = (value: JsonValue | undefined): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined
export const texts = (value: JsonValue | undefined): string[] | undefined =>
  Array.isArray(value) ? value.map(String) : undefined
export const textMap = (value: JsonValue | undefined): Record<string, string> =>
  Object.fromEntries(
    Object.entries(object(value)).flatMap(([key, item]) => (item === null ? [] : [[key, String(item)]])),
  )

export function integer(value: JsonValue | undefined): number | undefined {
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  return typeof number === 'number' && Number.isFinite(number) ? Math.trunc(number) : undefined
}

/** The objects of a list. */
export function entries(config: JsonObject, field: string): JsonObject[] {
  const value = config[field]
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}
