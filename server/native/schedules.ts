/** Schedules of this server: the webhook that asks for a run by hand, once an idempotency key. Before: index.ts. After: the schedule runner. */
import { randomUUID } from 'node:crypto'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid, isUniqueViolation } from '../../store/metadata/errors.ts'
import { findSchedule, listSchedules } from '../../store/metadata/schedules.ts'
import { refuseStep } from '../identify.ts'
import { HttpError } from '../problem.ts'
import type { RequestedRun } from '../schedules.ts'
import type { NativeCall, NativeRoute } from './route.ts'

const MAX_KEY_LENGTH = 200

/** `{logicalDate?, parameters?}`; the header Idempotency-Key makes a repeated call the same request. */
async function runNow({ services, caller, params, body, request }: NativeCall) {
  refuseStep(caller)
  const { db } = services.metadata
  await listSchedules(db)
  const schedule = await findSchedule(db, caller.namespace, params['name']!)
  const command = services.schedules.resources?.runNowCommand(schedule)
  if (command !== undefined)
    throw new HttpError(
      501,
      `The operator makes the runs of this schedule, and reads a request from its ScheduledRun: ${command}`,
    )
  const key = request.headers['idempotency-key'] ?? randomUUID()
  if (typeof key !== 'string' || key.length === 0 || key.length > MAX_KEY_LENGTH) {
    throw invalid(`Idempotency-Key must be one text of at most ${MAX_KEY_LENGTH} characters`)
  }
  const date = body.text('logicalDate', 60)
  const logicalDate = date ? parseRfc3339(date) : null
  if (logicalDate === undefined) throw invalid(`logicalDate must be an RFC 3339 time with a zone, got '${date}'`)
  const parameters = body.raw('parameters') ?? {}
  if (parameters === null || typeof parameters !== 'object' || Array.isArray(parameters))
    throw invalid('parameters must be an object')
  // The same key again is the same request: its answer is below.
  const id = schedule.recurring_run_id
  if (!(await findRequest(db, id, key))) {
    const asked = { logicalDate, parameters: parameters as RequestedRun['parameters'] }
    await services.schedules.checkRequest?.(schedule, asked)
    await storeRequest(services, id, key, asked)
    services.schedules.changed()
  }
  return await answerOf(services, id, key)
}

async function storeRequest(
  { metadata }: NativeCall['services'],
  id: string,
  key: string,
  { logicalDate, parameters }: RequestedRun,
): Promise<void> {
  const values = {
    recurring_run_id: id,
    request_id: key,
    requested_at: metadata.now(),
    logical_date: logicalDate,
    parameters: JSON.stringify(parameters),
    accepted: null,
    message: null,
  }
  try {
    await metadata.db.insertInto('schedule_requests').values(values).execute()
  } catch (error) {
    // Two calls with one key at once.
    if (!isUniqueViolation(error)) throw error
  }
}

const findRequest = (db: Db, id: string, requestId: string) =>
  db
    .selectFrom('schedule_requests')
    .selectAll()
    .where('recurring_run_id', '=', id)
    .where('request_id', '=', requestId)
    .executeTakeFirst()

async function answerOf({ metadata }: NativeCall['services'], id: string, requestId: string) {
  const { accepted, message } = (await findRequest(metadata.db, id, requestId))!
  const run = await metadata.db
    .selectFrom('schedule_runs')
    .select(['run_id', 'name'])
    .where('recurring_run_id', '=', id)
    .where('request_id', '=', requestId)
    .executeTakeFirst()
  return {
    requestId,
    ...(accepted !== null && { accepted: accepted === 1, message }),
    ...(run && { runId: run.run_id, runName: run.name }),
  }
}

export const SCHEDULE_ROUTES: readonly NativeRoute[] = [
  { method: 'POST', path: '/schedules/:name/run', verb: 'create', resource: 'runs', handle: runNow },
]
