/** "Did you mean": the nearest known name as a hint. */
import { closest } from '../api/closest.ts'

/** A hint when a known name is near, else undefined. */
export function suggestion(name: string, known: readonly string[]): string | undefined {
  const best = closest(name, known)
  return best === undefined ? undefined : `did you mean "${best}"?`
}
