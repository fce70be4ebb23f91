/** Dry runs: what a retry of a run, or a new run, would do. Before: index.ts. After: run-executor.ts. */
import { formatIssue, InvalidInputError } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import { HttpError } from '../problem.ts'
import type { NativeCall, NativeRoute } from './route.ts'
import { noJournal, requireRun } from './runs.ts'

/** A server that tracks and registers only. */
const tellsNone = () => new HttpError(501, 'This server runs no pipelines: kfp-ts run FILE --dry-run tells a plan')

async function retryPlan(call: NativeCall) {
  const run = await requireRun(call)
  const { executor } = call.services
  if (!executor.foreseeRetry) throw tellsNone()
  const tasks = await executor.foreseeRetry(run.run_id)
  if (!tasks) throw noJournal(run.run_id)
  return { tasks }
}

async function plan(call: NativeCall) {
  const { services, caller, body } = call
  const { executor } = services
  if (!executor.foresee) throw tellsNone()
  const namespace = body.text('namespace', 253) ?? ''
  if (caller.reads !== undefined && namespace !== caller.reads)
    throw new HttpError(403, `The workspace of the request is '${caller.reads}', not '${namespace}'`)
  const reuse = body.text('reuse', 253)
  if (reuse !== undefined) await requireRun({ ...call, params: { run: reuse } })
  try {
    const tasks = await executor.foresee({
      namespace,
      pipelineText: body.required('pipelineText'),
      arguments: (body.raw('arguments') ?? {}) as Readonly<Record<string, JsonValue>>,
      cache: body.raw('cache') !== false,
      reuse,
    })
    return { tasks }
  } catch (error) {
    if (error instanceof InvalidInputError) throw new HttpError(400, error.issues.map(formatIssue).join('\n'))
    throw error
  }
}

export const PLAN_ROUTES: readonly NativeRoute[] = [
  { method: 'GET', path: '/runs/:run/retry-plan', verb: 'get', resource: 'runs', handle: retryPlan },
  // It reads only: who may look at runs may ask what another would do.
  { method: 'POST', path: '/plan', verb: 'get', resource: 'runs', handle: plan },
]
