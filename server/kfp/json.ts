/** Values as proto JSON writes them: snake_case, RFC 3339 times, nothing that is unset, empty or zero. Pure. */

export type Json = Record<string, unknown>

/** Leaves out what proto JSON leaves out. */
export function compact(object: Json): Json {
  const kept: Json = {}
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined || value === null || value === '' || value === 0 || value === false) continue
    if (Array.isArray(value) && value.length === 0) continue
    kept[key] = value
  }
  return kept
}

/** Whole seconds, as upstream sends them. */
export function timeJson(millis: number | null | undefined): string | undefined {
  if (millis === null || millis === undefined) return undefined
  return new Date(Math.floor(millis / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}
