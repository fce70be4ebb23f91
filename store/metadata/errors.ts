/** The refusals of the metadata store, named by what the caller may do; each API turns them into its own shape. */

export type MetadataErrorCode =
  | 'not-found'
  | 'already-exists'
  | 'invalid'
  | 'failed-precondition'
  | 'conflict'
  | 'forbidden'

/** A request that the stored state refuses. Callers check `code`. */
export class MetadataError extends Error {
  readonly code: MetadataErrorCode
  constructor(code: MetadataErrorCode, message: string) {
    super(message)
    this.name = 'MetadataError'
    this.code = code
  }
}

export function notFound(what: string): MetadataError {
  return new MetadataError('not-found', what)
}

export function invalid(why: string): MetadataError {
  return new MetadataError('invalid', why)
}

/** True for a unique-key violation of SQLite or Postgres. */
export function isUniqueViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, message } = error as Error & { code?: string }
  return code === '23505' || message.includes('UNIQUE constraint failed')
}

/** True when the database refuses a row: a key that is there already, or the owner of the row that is not. */
export function isConstraintViolation(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code, message } = error as Error & { code?: string }
  return code?.startsWith('23') === true || message.includes('constraint failed')
}
