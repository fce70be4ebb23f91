/** Dry runs: what a retry of a run, or a new run, would do. Before: index.ts. After: run-executor.ts. */
import { formatIssue, InvalidInputError } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import { HttpError } from '../problem.ts'
import type { NativeCall, NativeRoute } from './route.ts'
import { requireRun } from './runs.ts'

async function retryPlan(call: NativeCall) {
  const run = await requireRun(call)
  const tasks = await call.services.executor.foreseeRetry?.(run.run_id)
  if (!tasks)
    throw new HttpError(
      501,
      `This server tells no plans: kfp-ts retry ${run.run_id} --dry-run where the run is kept does`,
    )
  return { tasks }
}

async function plan(call: NativeCall) {
  const { services, caller, body } = call
  const namespace = body.text('namespace', 253) ?? ''
  if (caller.reads !== undefined && namespace !== caller.reads)
    throw new HttpError(403, `The workspace of the request is '${caller.reads}', not '${namespace}'`)
  const reuse = body.text('reuse', 253)
  if (reuse !== undefined) await requireRun({ ...call, params: { run: reuse } })
  try {
    const tasks = await services.executor.foresee?.({
      namespace,
      pipelineText: body.required('pipelineText'),
      arguments: (body.raw('arguments') ?? {}) as Readonly<Record<string, JsonValue>>,
      cache: body.raw('cache') !== false,
      reuse,
    })
    if (!tasks) throw new HttpError(501, 'This server tells no plans: kfp-ts run FILE --dry-run does')
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
