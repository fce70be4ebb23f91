/** One pass over one Backfill: its ticks are recomputed from the schedule, each ends with an outcome in the status. */

import type { Issue } from '../../api/issue.ts'
import { parseBackfillSpec } from '../../api/parse-scheduled-run.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type { BackfillStatus } from '../../api/scheduled-run.ts'
import { advanceBackfill, compileBackfill } from '../../engine/schedule/backfill.ts'
import { formatInstant } from '../../engine/schedule/run-names.ts'
import type { RunFact } from '../../engine/schedule/schedule-state.ts'
import { isSameJson } from '../same-json.ts'
import { compileObject, createRun, ignoreGone, type ReconcilePorts } from './reconcile-schedule.ts'
import { BACKFILLS, type Backfill, type ScheduledRun } from './schedule-objects.ts'

export const isOver = (backfill: Backfill): boolean => {
  const phase = backfill.status?.phase
  return phase !== undefined && phase !== 'Running'
}

/**
 * @param owner The schedule, or undefined when there is none of that name.
 * @param others All backfills of the schedule: only the oldest unfinished one works.
 */
export async function reconcileBackfill(
  ports: ReconcilePorts,
  object: Backfill,
  owner: ScheduledRun | undefined,
  others: readonly Backfill[],
  runs: readonly RunFact[],
): Promise<number | undefined> {
  if (isOver(object)) return undefined
  const createdAt = parseRfc3339(object.metadata.creationTimestamp ?? '') ?? 0
  const active = others.find(
    (other) => other.metadata.name !== object.metadata.name && !isOver(other) && isOlder(other, object),
  )
  if (active) {
    const message = `backfill ${active.metadata.name} of this schedule is still active`
    return await reject(ports, object, [
      { code: 'backfill-active', severity: 'error', path: 'spec', message, hint: 'create it again after its end' },
    ])
  }
  const parsed = parseBackfillSpec(object.spec)
  if (!parsed.spec) return await reject(ports, object, parsed.issues)
  const schedule = owner && compileObject(owner).schedule
  if (!owner || !schedule) {
    const message = owner
      ? 'the spec of the schedule is wrong'
      : `there is no ScheduledRun ${parsed.spec.scheduleRef.name}`
    return await reject(ports, object, [
      { code: 'no-schedule', severity: 'error', path: 'spec.scheduleRef.name', message },
    ])
  }
  const { backfill, issues } = compileBackfill(object.metadata.name, parsed.spec, schedule, createdAt)
  if (!backfill) return await reject(ports, object, issues)
  const outcomes = (object.status?.ticks ?? []).map((tick) => ({
    ...tick,
    logicalDate: parseRfc3339(tick.logicalDate) ?? 0,
  }))
  const pass = advanceBackfill(backfill, { outcomes }, runs, ports.now())
  for (const action of pass.actions) {
    if (action.kind === 'create-run') await createRun(ports, owner, schedule, action, backfill.name)
  }
  const ticks = pass.state.outcomes.map((tick) => ({ ...tick, logicalDate: formatInstant(tick.logicalDate) }))
  await write(ports, object, { phase: pass.phase, total: backfill.slots.length, ticks })
  return pass.wakeAt
}

function isOlder(a: Backfill, b: Backfill): boolean {
  const [first, second] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.name}`)
  return first! < second!
}

async function reject(ports: ReconcilePorts, object: Backfill, issues: readonly Issue[]): Promise<undefined> {
  const message = issues
    .map((issue) => `${issue.path}: ${issue.message}${issue.hint ? ` (${issue.hint})` : ''}`)
    .join('; ')
  const lastTransitionTime = formatInstant(Math.floor(ports.now() / 1000) * 1000)
  const conditions = [{ type: 'Valid', status: 'False' as const, reason: 'InvalidSpec', message, lastTransitionTime }]
  await write(ports, object, { phase: 'Rejected', conditions })
  return undefined
}

async function write(ports: ReconcilePorts, object: Backfill, status: BackfillStatus): Promise<void> {
  const { namespace, name, uid, generation = 0 } = object.metadata
  const { phase, total, ticks } = object.status ?? {}
  const same = phase === status.phase && total === status.total && isSameJson(ticks, status.ticks)
  if (same && !status.conditions) return
  const patch = { metadata: { uid }, status: { ...status, observedGeneration: generation } }
  await ports.kube.patch(BACKFILLS, namespace, name, patch, 'status').catch(ignoreGone)
}
