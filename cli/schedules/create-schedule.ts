/** Stores a schedule of a compiled pipeline in the database, with the recurring run that KFP's API shows of it. Before: `kfp-ts schedule create`. */
import { randomUUID } from 'node:crypto'
import { InvalidInputError, type Issue } from '../../api/issue.ts'
import type { JsonValue } from '../../api/json.ts'
import { parseScheduledRunSpec } from '../../api/parse-scheduled-run.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { ScheduledRunSpec } from '../../api/scheduled-run.ts'
import { checkInputs } from '../../engine/schedule/check-inputs.ts'
import { compileSchedule } from '../../engine/schedule/compile-schedule.ts'
import { backlogWarnings } from '../../engine/schedule/due-slots.ts'
import { parseDuration } from '../../engine/schedule/duration.ts'
import { checkMacros } from '../../engine/schedule/macros.ts'
import { findTriggerLoop, loopIssue, type ScheduleNode, type Trigger } from '../../engine/schedule/triggers.ts'
import { checkParameters, specJson } from '../../server/kfp/spec.ts'
import type { Metadata } from '../../store/metadata/database.ts'
import { DEFAULT_EXPERIMENT_ID } from '../../store/metadata/experiments.ts'
import { insertSchedule, replaceSchedule, schedulesWithPipelines } from '../../store/metadata/schedules.ts'
import type { RecurringRunRow } from '../../store/metadata/tables.ts'
import { nodeOf } from './schedule-row.ts'

export interface NewSchedule {
  readonly name: string
  /** Without a pipeline in its template: `document` is the pipeline. */
  readonly spec: Omit<ScheduledRunSpec, 'runTemplate'> & {
    readonly runTemplate?: Partial<ScheduledRunSpec['runTemplate']>
  }
  readonly document: PipelineDocument
  /** Takes the place of the schedule of that name: the cursor and the number of runs are kept (rule 11), and a pause where the spec says nothing. */
  readonly replace?: boolean
}

/** Answers with the recurring run's id and the warnings; throws InvalidInputError with every mistake. */
export async function createSchedule(
  metadata: Metadata,
  request: NewSchedule,
): Promise<{ id: string; warnings: readonly Issue[] }> {
  const { name, document } = request
  const template = { ...request.spec.runTemplate, pipelineRef: { name: document.spec.pipelineInfo.name } }
  const parsed = parseScheduledRunSpec({ ...request.spec, runTemplate: template })
  if (!parsed.spec) throw new InvalidInputError(parsed.issues)
  const { spec } = parsed
  const now = metadata.now()
  const { schedule, issues } = compileSchedule(name, spec, now)
  if (!schedule) throw new InvalidInputError(issues)
  await refuseLoop(metadata, { name, pipeline: document.spec.pipelineInfo.name, triggers: spec.triggers })
  const parameters = checkScheduledParameters(document, template.parameters ?? {}, schedule.triggers)
  const row = rowOf(name, spec, document, parameters, now)
  const text = JSON.stringify({ ...spec, runTemplate: {} })
  const id = await metadata.transaction(async (db) => {
    if (request.replace) return await replaceSchedule(db, row, name, text, spec.suspend === undefined)
    await insertSchedule(db, row, name, text)
    return row.recurring_run_id
  })
  return {
    id,
    warnings: [
      ...issues,
      ...backlogWarnings(schedule, now),
      ...checkMacros(parameters, 'spec.runTemplate.parameters', schedule.triggers),
      ...checkInputs(document.spec.root.inputDefinitions?.parameters ?? {}, parameters, schedule),
    ],
  }
}

async function refuseLoop(metadata: Metadata, node: ScheduleNode): Promise<void> {
  const others = (await schedulesWithPipelines(metadata.db, '')).map(nodeOf)
  const way = findTriggerLoop(node, others)
  if (way) throw new InvalidInputError([loopIssue(way)])
}

/** What a webhook's body gives to parameters is known when it is called: they count as given. */
function checkScheduledParameters(
  document: PipelineDocument,
  parameters: Readonly<Record<string, JsonValue>>,
  triggers: readonly Trigger[],
): Record<string, JsonValue> {
  const mapped = Object.assign({}, ...triggers.map(({ spec }) => spec.webhook?.parameters)) as Record<string, string>
  const later = Object.fromEntries(Object.entries(mapped).map(([name, way]) => [name, `[[trigger.payload.${way}]]`]))
  const checked = checkParameters(document, { ...later, ...parameters })
  return Object.fromEntries(Object.entries(checked).filter(([name]) => Object.hasOwn(parameters, name)))
}

function rowOf(
  name: string,
  spec: ScheduledRunSpec,
  document: PipelineDocument,
  parameters: object,
  now: number,
): RecurringRunRow {
  const { pipelineRoot, serviceAccount } = spec.runTemplate
  return {
    recurring_run_id: randomUUID(),
    experiment_id: DEFAULT_EXPERIMENT_ID,
    namespace: '',
    display_name: name,
    description: null,
    created_at: now,
    updated_at: now,
    pipeline_id: null,
    pipeline_version_id: null,
    pipeline_spec: JSON.stringify(specJson(document)),
    runtime_config: JSON.stringify({ parameters, ...(pipelineRoot && { pipeline_root: pipelineRoot }) }),
    service_account: serviceAccount ?? null,
    max_concurrency: spec.maxActiveRuns ?? 16,
    trigger: JSON.stringify(triggerOf(spec)),
    enabled: spec.suspend ? 0 : 1,
    no_catchup: spec.catchup === 'All' ? 0 : 1,
    cursor_at: null,
    next_index: 1,
  }
}

/** The nearest that KFP's API can say; the schedule itself goes by its own spec. */
function triggerOf({ schedule, startTime, endTime }: ScheduledRunSpec): object {
  const bounds = { ...(startTime && { start_time: startTime }), ...(endTime && { end_time: endTime }) }
  if (schedule && 'every' in schedule) {
    return { periodic_schedule: { interval_second: String(parseDuration(schedule.every)! / 1000), ...bounds } }
  }
  const words = schedule === undefined ? '@manual' : 'once' in schedule ? '@once' : '@continuous'
  const cron =
    schedule && 'cron' in schedule
      ? schedule.cron
      : schedule && 'cronSeconds' in schedule
        ? schedule.cronSeconds
        : words
  return { cron_schedule: { cron, ...bounds } }
}
