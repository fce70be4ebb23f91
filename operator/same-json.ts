/** Whether a status is what the API server has already: it sends members in an order of its own. */
import type { JsonValue } from '../api/json.ts'
import { canonicalJson } from '../engine/digest.ts'

/** Undefined members count as absent, as in JSON. */
export const isSameJson = (one: unknown, other: unknown): boolean =>
  one === other || canonicalJson(one as JsonValue) === canonicalJson(other as JsonValue)
