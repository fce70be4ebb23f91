/** The one ambient state of the dsl: which pipeline body runs now. Set and restored here, so that nothing leaks between pipelines. */
import type { Issue, SourceLocation } from '../api/issue.ts'
import { InvalidInputError } from '../api/issue.ts'
import type { GroupNode, PipelineGraph } from './graph.ts'
import { type CallSite, here, locationOf } from './location.ts'
import { sharedSlot } from './shared.ts'

export interface Scope {
  readonly graph: PipelineGraph
  /** How many pipelines around this one are being traced. */
  readonly depth: number
  /** Where new tasks and groups go. */
  readonly group: GroupNode
}

const active = sharedSlot<Scope | undefined>('scope', undefined)

/** Runs a body inside a scope and restores the one before, also when the body throws. */
export function withScope<R>(scope: Scope, body: () => R): R {
  const before = active.value
  active.value = scope
  try {
    return body()
  } finally {
    active.value = before
  }
}

/** The scope, or an error that says where `what` belongs. */
export function currentScope(what: string): Scope {
  if (active.value) return active.value
  throw new InvalidInputError([
    makeIssue({
      code: 'outside-pipeline',
      message: `${what} can only be made while a pipeline's body runs`,
      hint: 'move it into the function that you give to definePipeline (or into the method that @pipeline stands on)',
      site: here(),
    }),
  ])
}

export function isInScope(): boolean {
  return active.value !== undefined
}

interface IssueParts {
  readonly code: string
  readonly message: string
  readonly hint?: string
  readonly path?: string
  readonly severity?: Issue['severity']
  readonly site?: CallSite | undefined
  readonly location?: SourceLocation | undefined
}

export function makeIssue(parts: IssueParts): Issue {
  const location = parts.location ?? locationOf(parts.site)
  return {
    code: parts.code,
    severity: parts.severity ?? 'error',
    path: parts.path ?? '',
    message: parts.message,
    ...(parts.hint === undefined ? {} : { hint: parts.hint }),
    ...(location ? { location } : {}),
  }
}

/** Notes a mistake of the pipeline whose body runs now; tracing goes on so that all are reported together. */
export function report(scope: Scope, parts: IssueParts): void {
  scope.graph.issues.push(makeIssue(parts))
}
