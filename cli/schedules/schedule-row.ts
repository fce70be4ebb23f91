/** A schedule of the database in the words of the engine: its compiled form, and what is seen of its runs. Before: store/metadata/schedules.ts. */
import type { JsonValue } from '../../api/json.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { type CompiledSchedule, compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import type { ManualRequest, RunFact, RunPhase, RunPlan, ScheduleState } from '../../engine/schedule/schedule-state.ts'
import type { ScheduleNode } from '../../engine/schedule/triggers.ts'
import { scheduleOf } from '../../server/kfp/trigger.ts'
import type { FullSchedule, ObservedRun } from '../../store/metadata/schedules.ts'
import type { ScheduleRequestRow } from '../../store/metadata/tables.ts'

/** Our own spec, or KFP's trigger read as one; enabling and disabling through KFP's API counts for both. */
export function specOfRow(row: FullSchedule): ScheduledRunSpec {
  const runTemplate = { pipelineRef: { name: row.display_name } }
  const spec = row.spec === null ? scheduleOf(row) : (JSON.parse(row.spec) as ScheduledRunSpec)
  return { ...spec, suspend: row.enabled === 0, runTemplate }
}

export function compileRow(row: FullSchedule): CompiledSchedule {
  return compileSchedule(row.name, specOfRow(row), row.created_at)
}

export function stateOfRow(row: FullSchedule): ScheduleState {
  return JSON.parse(row.state) as ScheduleState
}

export function factOf(run: ObservedRun): RunFact {
  return {
    name: run.name,
    kind: run.kind,
    logicalDate: run.logical_date,
    phase: phaseOf(run),
    createdAt: run.created_at,
    ...(run.end_time === null ? {} : { finishedAt: run.end_time }),
    // A backfill counts its own runs.
    ...(run.kind === 'backfill' ? {} : { index: run.run_index }),
    ...(run.request_id === null ? {} : { requestId: run.request_id }),
    ...(run.backfill === null ? {} : { backfill: run.backfill }),
    ...(run.kind === 'triggered' ? { signals: signalsOf(run) } : {}),
  }
}

function signalsOf({ plan }: ObservedRun): string[] {
  return ((JSON.parse(plan) as RunPlan).events ?? []).map(({ signal }) => signal)
}

function phaseOf(run: ObservedRun): RunPhase {
  switch (run.state) {
    case null:
      return 'held'
    case 'SUCCEEDED':
    case 'CACHED':
      return 'succeeded'
    case 'SKIPPED':
      return 'skipped'
    case 'FAILED':
      return 'failed'
    case 'CANCELED':
      return 'canceled'
    default:
      return 'active'
  }
}

export function requestOf(row: ScheduleRequestRow): ManualRequest {
  return {
    id: row.request_id,
    requestedAt: row.requested_at,
    logicalDate: row.logical_date,
    parameters: JSON.parse(row.parameters) as Record<string, JsonValue>,
  }
}

/** A schedule as the search for loops sees it. */
export function nodeOf(row: FullSchedule & { readonly pipeline_name: string | null }): ScheduleNode {
  return { name: row.name, pipeline: row.pipeline_name ?? undefined, triggers: specOfRow(row).triggers }
}
