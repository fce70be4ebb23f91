/** Reads a JSON body, and refuses what no database takes. Before: app.ts, native/webhooks.ts. */
import { HttpError } from './problem.ts'

/** Undefined for an empty body. */
export function parseJson(text: string): unknown {
  if (text.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new HttpError(400, 'The body is not valid JSON')
  }
  refuseNul(value, 0)
  return value
}

const MAX_DEPTH = 200

/** No database takes a NUL in a text, and nothing needs JSON of hundreds of levels. */
function refuseNul(value: unknown, depth: number): void {
  if (typeof value === 'string' && value.includes('\0')) throw new HttpError(400, 'Texts must not contain NUL')
  if (typeof value !== 'object' || value === null) return
  if (depth > MAX_DEPTH) throw new HttpError(400, `JSON with more than ${MAX_DEPTH} levels is not accepted`)
  for (const [key, inner] of Object.entries(value)) {
    if (key.includes('\0')) throw new HttpError(400, 'Texts must not contain NUL')
    refuseNul(inner, depth + 1)
  }
}
