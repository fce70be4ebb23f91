/** Page sizes, view types and the scope of page tokens, the same for all MLflow searches. Pure. */
import { createHash } from 'node:crypto'
import { invalid } from '../../store/metadata/errors.ts'
import type { Lifecycle } from '../../store/metadata/tables.ts'
import type { Fields } from './fields.ts'

/** `max_results` with its default; beyond the largest or below 1 it is refused. */
export function pageLimit(fields: Fields, byDefault: number, largest: number): number {
  const asked = fields.integer('max_results')
  if (asked === undefined) return byDefault
  if (asked < 1 || asked > largest) {
    throw invalid(`Invalid value ${asked} for parameter 'max_results' supplied: it must be from 1 to ${largest}`)
  }
  return asked
}

export function viewStages(viewType: string | undefined): readonly Lifecycle[] {
  switch (viewType || 'ACTIVE_ONLY') {
    case 'ACTIVE_ONLY':
      return ['active']
    case 'DELETED_ONLY':
      return ['deleted']
    case 'ALL':
      return ['active', 'deleted']
    default:
      throw invalid(`Invalid view type '${viewType}': use ACTIVE_ONLY, DELETED_ONLY or ALL`)
  }
}

/** A short name of what was searched, so that a token of another search is noticed. */
export function searchScope(
  what: string,
  fields: Fields,
  names: readonly string[],
  ...more: readonly (readonly string[])[]
): string {
  const text = JSON.stringify([what, names.map((name) => fields.text(name) ?? ''), more])
  return createHash('sha256').update(text).digest('base64url').slice(0, 16)
}
