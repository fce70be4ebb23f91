/** Turns what a command threw into text on stderr and an exit status. */
import { formatIssue, type InvalidInputError, type Issue } from '../api/issue.ts'

/** Exit statuses of every command. */
export const EXIT = { ok: 0, failed: 1, invalidInput: 2, interrupted: 130 } as const

/**
 * Prints an error for its reader and gives the exit status: 2 for a user's mistake (all its issues), 1 for anything else.
 * The stack of an unexpected error is shown when KFP_TS_DEBUG is set.
 */
export function reportError(error: unknown): number {
  if (isInvalidInput(error)) {
    process.stderr.write(`${error.issues.map(formatIssue).join('\n')}\n`)
    return EXIT.invalidInput
  }
  const text = error instanceof Error ? describe(error) : String(error)
  process.stderr.write(`error: ${text}\n`)
  return EXIT.failed
}

/** By its code, not its class: a definition may come from another copy of kfp-ts than the command line. */
function isInvalidInput(error: unknown): error is InvalidInputError {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'invalid-input' &&
    Array.isArray((error as InvalidInputError).issues)
  )
}

function describe(error: Error): string {
  return process.env['KFP_TS_DEBUG'] ? (error.stack ?? error.message) : error.message
}

/** A mistake in how the tool was called. */
export function usageIssue(code: string, message: string, hint?: string): Issue {
  return { code, severity: 'error', path: '', message, ...(hint === undefined ? {} : { hint }) }
}
