/** One pass over one ScheduledRun: decide (engine/schedule), make and release runs, then advance the cursor in the status. */
import type { Issue } from '../../api/issue.ts'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { PIPELINE_RUNS } from '../../client/kube/resources.ts'
import { isAlreadyExists, isConflict, isNotFound } from '../../client/kube/transport.ts'
import { advanceSchedule } from '../../engine/schedule/advance-schedule.ts'
import { compileSchedule, type Schedule } from '../../engine/schedule/compile-schedule.ts'
import type { Explanation, RunFact, ScheduleAction } from '../../engine/schedule/schedule-state.ts'
import { loopIssue } from '../../engine/schedule/triggers.ts'
import { isSameJson } from '../same-json.ts'
import { manualRequest, RESUME, RUN_NOW, runObject, SCHEDULED_RUNS, type ScheduledRun } from './schedule-objects.ts'
import { invalidStatus, stateOf, statusOf } from './schedule-status.ts'
import type { ScheduleTriggers } from './schedule-triggers.ts'

export interface ReconcilePorts {
  readonly kube: KubeClient
  readonly now: () => number
  readonly timeZoneData: string
  /** Tells what happened as a Kubernetes Event. */
  readonly event: (object: ScheduledRun, type: 'Normal' | 'Warning', reason: string, message: string) => void
  /** A run was created that the informer does not show yet. */
  readonly created: (scheduleKey: string, run: RunFact) => void
  /** What triggers listen to; absent where there is no database. */
  readonly triggers?: ScheduleTriggers | undefined
  /** Warnings about inputs of its pipeline that not all of its runs get. */
  readonly inputWarnings: (object: ScheduledRun, schedule: Schedule) => Promise<readonly Issue[]>
  /** A way from the schedule back to itself along triggers, as names. */
  readonly loopOf: (object: ScheduledRun) => readonly string[] | undefined
  /** Waits until no other schedule has runs to create: those have a promised time, a status has none. */
  readonly beforeSaving: () => Promise<void>
}

type Answer = Extract<ScheduleAction, { kind: 'answer-request' }>

export interface ReconcileResult {
  readonly wakeAt?: number
  /** The object after the last write; absent when nothing was written. */
  readonly written?: ScheduledRun
}

/**
 * Rejects when the API server refuses; then nothing was saved, and the next pass sees what was created.
 *
 * @param runsNow the runs of the schedule; asked again for the status, which tells of those that the pass made
 */
export async function reconcileSchedule(
  ports: ReconcilePorts,
  object: ScheduledRun,
  runsNow: () => readonly RunFact[],
): Promise<ReconcileResult> {
  const { metadata, status } = object
  const now = ports.now()
  const input = { before: status, generation: metadata.generation ?? 0, now, timeZoneData: ports.timeZoneData }
  const compiled = compileObject(object)
  if (!compiled.schedule) return await writeStatus(ports, object, invalidStatus(input, compiled.issues))
  const loop = compiled.schedule.triggers.length > 0 ? ports.loopOf(object) : undefined
  if (loop) return await writeStatus(ports, object, invalidStatus(input, [loopIssue(loop)]))
  const signals = (await ports.triggers?.collect(object, compiled.schedule)) ?? []
  const resumed = parseRfc3339(metadata.annotations?.[RESUME] ?? '')
  const request = await readRequest(ports, object)
  const pass = advanceSchedule(
    compiled.schedule,
    stateOf(status),
    {
      runs: runsNow(),
      manualRequests: request ? [request] : [],
      signals,
      ...(resumed === undefined ? {} : { resumeRequestedAt: resumed }),
    },
    now,
  )
  // A request is taken off the object last: the status is written against the version that was decided on.
  const answers: Answer[] = []
  for (const action of pass.actions) {
    if (action.kind === 'answer-request') answers.push(action)
    else await carryOut(ports, object, compiled.schedule, action)
  }
  await ports.beforeSaving()
  const listens = compiled.schedule.triggers.length > 0
  const standing = listens ? await ports.triggers?.statuses(object, compiled.schedule) : undefined
  const warnings = [...compiled.issues, ...(await ports.inputWarnings(object, compiled.schedule))]
  let { written } = await writeStatus(ports, object, statusOf(input, pass, runsNow(), warnings, standing))
  tell(ports, object, pass.explanations)
  for (const answer of answers) written = (await answerRequest(ports, object, answer)) ?? written
  return { ...(written ? { written } : {}), ...(pass.wakeAt === undefined ? {} : { wakeAt: pass.wakeAt }) }
}

export function compileObject({ metadata, spec }: ScheduledRun): ReturnType<typeof compileSchedule> {
  const parsed = parseScheduledRunSpec(spec)
  if (!parsed.spec) return { issues: parsed.issues }
  return compileSchedule(metadata.name, parsed.spec, parseRfc3339(metadata.creationTimestamp ?? '') ?? 0)
}

/** An annotation that can't be read is taken away with a warning. */
async function readRequest(ports: ReconcilePorts, object: ScheduledRun) {
  const text = object.metadata.annotations?.[RUN_NOW]
  const request = manualRequest(text, ports.now())
  if (!text || request) return request
  ports.event(
    object,
    'Warning',
    'BadRequest',
    `${RUN_NOW} is neither an id nor JSON {id, logicalDate?, parameters?} with an RFC 3339 date`,
  )
  await removeRequest(ports, object)
  return undefined
}

async function carryOut(
  ports: ReconcilePorts,
  object: ScheduledRun,
  schedule: Schedule,
  action: Exclude<ScheduleAction, Answer>,
): Promise<void> {
  const { kube } = ports
  const { namespace } = object.metadata
  switch (action.kind) {
    case 'create-run':
      return await createRun(ports, object, schedule, action)
    case 'release-run':
      await kube.patch(PIPELINE_RUNS, namespace, action.name, { spec: { suspend: false } }).catch(ignoreGone)
      return
    case 'prune-run':
      await kube.delete(PIPELINE_RUNS, namespace, action.name).catch(ignoreGone)
      return
    case 'settle-signals':
      return await ports.triggers?.settle(object, action.settled)
  }
}

async function answerRequest(
  ports: ReconcilePorts,
  object: ScheduledRun,
  { accepted, message }: Answer,
): Promise<ScheduledRun | undefined> {
  ports.event(object, accepted ? 'Normal' : 'Warning', accepted ? 'RunNow' : 'RunNowRefused', message)
  return await removeRequest(ports, object)
}

export async function createRun(
  ports: ReconcilePorts,
  object: ScheduledRun,
  schedule: Schedule,
  { run }: Extract<ScheduleAction, { kind: 'create-run' }>,
  backfill?: string,
): Promise<void> {
  const { namespace, name } = object.metadata
  try {
    await ports.kube.create(PIPELINE_RUNS, namespace, runObject(object, schedule, run, ports.now(), backfill))
  } catch (error) {
    // Made by a pass whose end nobody saw: the name says that it is the same run.
    if (!isAlreadyExists(error)) throw error
  }
  const { kind, logicalDate, index, requestId, events } = run
  const fact = {
    name: run.name,
    kind,
    logicalDate,
    phase: run.held ? ('held' as const) : ('active' as const),
    createdAt: ports.now(),
  }
  ports.created(`${namespace}/${name}`, {
    ...fact,
    ...(kind === 'backfill' ? {} : { index }),
    ...(requestId ? { requestId } : {}),
    ...(backfill ? { backfill } : {}),
    ...(events ? { signals: events.map(({ signal }) => signal) } : {}),
  })
}

/**
 * Only the request that was carried out: another one may have been written over it meanwhile.
 * @returns the object without its request; undefined when it has another one, or is gone
 */
async function removeRequest(
  { kube }: ReconcilePorts,
  { metadata: { namespace, name, uid, annotations } }: ScheduledRun,
): Promise<ScheduledRun | undefined> {
  for (;;) {
    const now = (await kube.get<ScheduledRun>(SCHEDULED_RUNS, namespace, name).catch(ignoreGone))?.metadata
    if (now?.uid !== uid || now?.annotations?.[RUN_NOW] !== annotations?.[RUN_NOW]) return undefined
    const patch = { metadata: { uid, resourceVersion: now?.resourceVersion, annotations: { [RUN_NOW]: null } } }
    try {
      return await kube.patch<ScheduledRun>(SCHEDULED_RUNS, namespace, name, patch)
    } catch (error) {
      if (!isConflict(error)) return ignoreGone(error)
    }
  }
}

function tell(ports: ReconcilePorts, object: ScheduledRun, explanations: readonly Explanation[]): void {
  const warnings = ['TicksSkipped', 'SignalsDropped', 'SuspendedByFailures', 'AlreadyExists']
  for (const { event, reason, message } of explanations) {
    if (event) ports.event(object, warnings.includes(reason) ? 'Warning' : 'Normal', reason, message)
  }
}

/**
 * Fields that went are taken out. The version makes the API server refuse a cursor that was computed from an older object
 * (rule 7): the pass rejects and is made again. The uid keeps the patch from a later schedule of the same name.
 */
async function writeStatus(ports: ReconcilePorts, object: ScheduledRun, after: object): Promise<ReconcileResult> {
  const before = (object.status ?? {}) as Record<string, unknown>
  const changed = Object.entries(after).filter(([name, value]) => !isSameJson(value, before[name]))
  const gone = Object.keys(before).filter((name) => !(name in after))
  if (changed.length === 0 && gone.length === 0) return {}
  const status = { ...Object.fromEntries(changed), ...Object.fromEntries(gone.map((name) => [name, null])) }
  const { namespace, name, uid, resourceVersion } = object.metadata
  const patch = { metadata: { uid, resourceVersion }, status }
  try {
    return { written: await ports.kube.patch<ScheduledRun>(SCHEDULED_RUNS, namespace, name, patch, 'status') }
  } catch (error) {
    ignoreGone(error)
    return {}
  }
}

export function ignoreGone(error: unknown): undefined {
  if (!isNotFound(error)) throw error
}
