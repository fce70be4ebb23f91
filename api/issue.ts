/** One mistake of a user, in the shape that every checker of kfp-ts reports: what, where, what to do. Crosses every border. */

/** Where in a file a problem stands. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file?: string
  readonly line?: number
  readonly column?: number
}

/**
 * A problem with its place and its remedy.
 *
 * @example
 * { code: 'unknown-output', severity: 'error', path: 'root.dag.tasks.train.inputs.artifacts.data',
 *   message: 'preprocess has no output "datset"', hint: 'did you mean "dataset"?', location: { file: 'p.yaml', line: 12, column: 7 } }
 */
export interface Issue {
  /** Stable kebab-case word that tests and tools may rely on. */
  readonly code: string
  /** `warning`s never change an exit status. */
  readonly severity: 'error' | 'warning'
  /** Place in the document, dotted with `[i]` for list items; empty for the document as a whole. */
  readonly path: string
  /** One sentence: what is wrong. */
  readonly message: string
  /** One sentence: what to do about it. */
  readonly hint?: string
  readonly location?: SourceLocation
}

/** An input that its user has to change; carries all problems found. The command line prints them and exits with 2. */
export class InvalidInputError extends Error {
  readonly code = 'invalid-input'
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    super(issues.map(formatIssue).join('\n'))
    this.name = 'InvalidInputError'
    this.issues = issues
  }
}

/** Renders `file:line:column: error: message [path] (hint)` with the parts that are known. */
export function formatIssue(issue: Issue): string {
  const { file, line, column } = issue.location ?? {}
  const place = [file, line, line === undefined ? undefined : column].filter((part) => part !== undefined).join(':')
  const head = `${place ? `${place}: ` : ''}${issue.severity}: ${issue.message}`
  return `${head}${issue.path ? ` [at ${issue.path}]` : ''}${issue.hint ? `\n  ${issue.hint}` : ''}`
}
