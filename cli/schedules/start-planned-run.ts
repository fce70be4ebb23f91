/** Carries a schedule's `create-run` out: records the plan, fills the macros in, and starts a pipeline run. Before: schedule-runner.ts. */
import type { JsonValue } from '../../api/json.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { fitParameters } from '../../engine/index.ts'
import type { Schedule } from '../../engine/schedule/compile-schedule.ts'
import { expandMacros, macroValuesOf } from '../../engine/schedule/macros.ts'
import { manualRun } from '../../engine/schedule/manual-runs.ts'
import type { ManualRequest, RunPlan } from '../../engine/schedule/schedule-state.ts'
import type { Services } from '../../server/context.ts'
import type { RunSource } from '../../server/kfp/run-source.ts'
import { checkParameters, documentOf } from '../../server/kfp/spec.ts'
import { scheduledRunId, startRun, storeRefusedRun } from '../../server/kfp/start-run.ts'
import { MetadataError } from '../../store/metadata/errors.ts'
import { getExperiment } from '../../store/metadata/experiments.ts'
import { getVersion, latestVersion } from '../../store/metadata/pipelines.ts'
import {
  type FullSchedule,
  findScheduleRun,
  insertScheduleRun,
  releaseScheduleRun,
} from '../../store/metadata/schedules.ts'
import { compileRow } from './schedule-row.ts'

const ACTOR = 'schedule'

/**
 * Records the plan first: killed in between, the plan without its run is made again. A held run is recorded only.
 *
 * @returns why the run can never start, if so: it is stored as FAILED, and trying again would meet the same values
 */
export async function createPlannedRun(
  services: Services,
  row: FullSchedule,
  schedule: Schedule,
  plan: RunPlan,
  backfill: string | null = null,
): Promise<string | undefined> {
  const { db } = services.metadata
  await insertScheduleRun(db, {
    recurring_run_id: row.recurring_run_id,
    name: plan.name,
    run_id: scheduledRunId(row.recurring_run_id, plan.name),
    kind: plan.kind,
    logical_date: plan.logicalDate,
    run_index: plan.index,
    plan: JSON.stringify(plan),
    backfill,
    request_id: plan.requestId ?? null,
    held: plan.held ? 1 : 0,
    created_at: services.metadata.now(),
  })
  return plan.held ? undefined : await startPlannedRun(services, row, schedule, plan)
}

/** Starts a run that waited for a slot. @returns why it can never start, if so */
export async function releasePlannedRun(
  services: Services,
  row: FullSchedule,
  schedule: Schedule,
  name: string,
): Promise<string | undefined> {
  const { db } = services.metadata
  const planned = await findScheduleRun(db, row.recurring_run_id, name)
  if (!planned) return undefined
  const refused = await startPlannedRun(services, row, schedule, JSON.parse(planned.plan) as RunPlan)
  await releaseScheduleRun(db, row.recurring_run_id, name)
  return refused
}

async function startPlannedRun(
  services: Services,
  row: FullSchedule,
  schedule: Schedule,
  plan: RunPlan,
): Promise<string | undefined> {
  const { metadata } = services
  const source = await sourceOf(services, row)
  const { config, values, filled } = plannedParameters(row, schedule, plan, metadata.now())
  const request = {
    experiment: await getExperiment(metadata.db, String(row.experiment_id)),
    displayName: plan.name,
    source,
    pipelineRoot: config.pipeline_root,
    serviceAccount: row.service_account ?? undefined,
    recurringRunId: row.recurring_run_id,
    scheduledAt: values.scheduledTime,
    actor: ACTOR,
  }
  const { parameters, problem } = checked(source.document, filled)
  if (problem === undefined) await startRun(services, { ...request, parameters })
  else await storeRefusedRun(services, { ...request, parameters }, problem)
  return problem
}

/** What the run is given, with its macros filled in. */
function plannedParameters(row: FullSchedule, schedule: Schedule, plan: RunPlan, now: number) {
  const config = JSON.parse(row.runtime_config) as { parameters?: Record<string, JsonValue>; pipeline_root?: string }
  const values = macroValuesOf(plan, schedule.zone, scheduledRunId(row.recurring_run_id, plan.name), now)
  const filled = expandMacros({ ...config.parameters, ...plan.parameters }, values) as Record<string, JsonValue>
  return { config, values, filled }
}

/** Rejects with `invalid` when the run that somebody asks for could not start, with each parameter that does not fit its pipeline. */
export async function checkRequest(
  { metadata }: Pick<Services, 'metadata'>,
  row: FullSchedule,
  asked: Pick<ManualRequest, 'logicalDate' | 'parameters'>,
): Promise<void> {
  const { schedule } = compileRow(row)
  // Such a schedule makes no runs at all, and tells why.
  if (!schedule) return
  const now = metadata.now()
  const plan = manualRun(schedule, { id: 'asked', requestedAt: now, ...asked }, row.next_index, false)
  const { document } = await sourceOf({ metadata }, row)
  checkParameters(document, fitParameters(document, plannedParameters(row, schedule, plan, now).filled))
}

/** The parameters as the pipeline takes them; as they are, with the reason, where it does not. */
function checked(document: PipelineDocument, given: Readonly<Record<string, JsonValue>>) {
  try {
    return { parameters: checkParameters(document, fitParameters(document, given)) }
  } catch (error) {
    if (error instanceof MetadataError && error.code === 'invalid') return { parameters: given, problem: error.message }
    throw error
  }
}

/** The inlined pipeline, or the version that is named or the newest at this moment. */
export async function sourceOf({ metadata }: Pick<Services, 'metadata'>, row: FullSchedule): Promise<RunSource> {
  const { db } = metadata
  if (row.pipeline_spec !== null) {
    return { document: documentOf(row.pipeline_spec), text: row.pipeline_spec, pipelineId: null, versionId: null }
  }
  const id = row.pipeline_id ?? ''
  const version = row.pipeline_version_id
    ? await getVersion(db, row.pipeline_version_id, id)
    : await latestVersion(db, id)
  return {
    document: documentOf(version.pipeline_spec),
    text: version.pipeline_spec,
    pipelineId: version.pipeline_id,
    versionId: version.pipeline_version_id,
  }
}
