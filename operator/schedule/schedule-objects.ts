/** ScheduledRun, Backfill and the runs they make, as objects of the API server: what is read of them and what is written. Pure. */
import type { JsonObject, JsonValue } from '../../api/json.ts'
import {
  API_GROUP,
  API_VERSION,
  EXPERIMENT_ANNOTATION,
  isFinalPhase,
  LABELS,
  LOGICAL_DATE_ANNOTATION,
  type PipelineRunSpec,
} from '../../api/pipeline-run.ts'
import { parseRfc3339 } from '../../api/rfc3339.ts'
import type {
  BackfillSpec,
  BackfillStatus,
  RunTemplate,
  ScheduledRunSpec,
  ScheduledRunStatus,
} from '../../api/scheduled-run.ts'
import type { KubeObject, Resource } from '../../client/kube/resources.ts'
import type { Schedule } from '../../engine/schedule/compile-schedule.ts'
import { expandMacros, macroValuesOf } from '../../engine/schedule/macros.ts'
import { formatInstant } from '../../engine/schedule/run-names.ts'
import type { ManualRequest, RunFact, RunKind, RunPhase, RunPlan } from '../../engine/schedule/schedule-state.ts'
import type { PipelineRun } from '../run-view.ts'

export const SCHEDULED_RUNS: Resource = { group: API_GROUP, version: API_VERSION, plural: 'scheduledruns' }
export const BACKFILLS: Resource = { group: API_GROUP, version: API_VERSION, plural: 'backfills' }

/** Labels and annotations of a schedule's runs. */
export const SCHEDULE_LABELS = {
  /** Name of the ScheduledRun. */
  schedule: LABELS.schedule,
  runType: `${API_GROUP}/run-type`,
  backfill: `${API_GROUP}/backfill`,
} as const
const NOTES = {
  logicalDate: LOGICAL_DATE_ANNOTATION,
  intervalStart: `${API_GROUP}/data-interval-start`,
  intervalEnd: `${API_GROUP}/data-interval-end`,
  runAfter: `${API_GROUP}/run-after`,
  index: `${API_GROUP}/schedule-index`,
  request: `${API_GROUP}/request`,
  previousRun: `${API_GROUP}/previous-run`,
  /** Ids of the events of a triggered run, a JSON list. */
  signals: `${API_GROUP}/trigger-events`,
} as const
/** What users write on a ScheduledRun: `run-now` is an id, or JSON `{id, logicalDate?, parameters?}`; `resume` is a time. */
export const RUN_NOW = `${API_GROUP}/run-now`
export const RESUME = `${API_GROUP}/resume`

export interface ScheduledRun extends KubeObject {
  readonly spec: ScheduledRunSpec
  readonly status?: ScheduledRunStatus | undefined
}
export interface Backfill extends KubeObject {
  readonly spec: BackfillSpec
  readonly status?: BackfillStatus | undefined
}

/** The PipelineRun of a plan. It belongs to its schedule: deleting that deletes it, unless orphans are asked for. */
export function runObject(
  owner: ScheduledRun,
  schedule: Schedule,
  plan: RunPlan,
  now: number,
  backfill?: string,
): PipelineRun {
  const { name, namespace = '', uid = '' } = owner.metadata
  const { logicalDate, slot } = plan
  const notes = {
    ...(logicalDate === null ? {} : { [NOTES.logicalDate]: formatInstant(logicalDate) }),
    [NOTES.intervalStart]: formatInstant(slot.intervalStart),
    [NOTES.intervalEnd]: formatInstant(slot.intervalEnd),
    [NOTES.runAfter]: formatInstant(slot.runAfter),
    [NOTES.index]: String(plan.index),
    ...(plan.requestId ? { [NOTES.request]: plan.requestId } : {}),
    ...(plan.previousRun ? { [NOTES.previousRun]: plan.previousRun } : {}),
    ...(plan.events ? { [NOTES.signals]: JSON.stringify(plan.events.map(({ signal }) => signal)) } : {}),
  }
  const { runTemplate } = owner.spec
  const values = macroValuesOf(plan, schedule.zone, plan.name, now)
  const filled = expandMacros({ ...runTemplate.parameters, ...plan.parameters }, values) as Record<string, JsonValue>
  const labels = {
    [SCHEDULE_LABELS.schedule]: name,
    [SCHEDULE_LABELS.runType]: plan.kind,
    ...(backfill ? { [SCHEDULE_LABELS.backfill]: backfill } : {}),
  }
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'PipelineRun',
    metadata: {
      name: plan.name,
      namespace,
      labels: { ...runTemplate.labels, ...labels },
      annotations: { ...notes, ...(runTemplate.experiment ? { [EXPERIMENT_ANNOTATION]: runTemplate.experiment } : {}) },
      ownerReferences: [
        { apiVersion: `${API_GROUP}/${API_VERSION}`, kind: 'ScheduledRun', name, uid, controller: true },
      ],
    },
    spec: { ...templateSpec(runTemplate), arguments: filled, ...(plan.held ? { suspend: true } : {}) },
  }
}

export function templateSpec(template: RunTemplate): PipelineRunSpec {
  const { pipelineRef, pipelineSpec, pipelineRoot, serviceAccount } = template
  return {
    ...(pipelineRef ? { pipelineRef } : {}),
    ...(typeof pipelineSpec === 'string' ? { pipelineText: pipelineSpec } : {}),
    ...(pipelineSpec && typeof pipelineSpec === 'object' ? { pipelineSpec: pipelineSpec as JsonObject } : {}),
    ...(pipelineRoot ? { pipelineRoot } : {}),
    ...(serviceAccount ? { serviceAccountName: serviceAccount } : {}),
  }
}

/** A run of a schedule, as the engine sees it, with the key of its schedule. */
export interface SeenRun extends RunFact {
  readonly scheduleKey: string
}

export function seeRun({ metadata, spec, status }: PipelineRun): SeenRun {
  const { labels = {}, annotations = {}, creationTimestamp = '' } = metadata
  const logicalDate = parseRfc3339(annotations[NOTES.logicalDate] ?? '') ?? null
  const finishedAt = parseRfc3339(status?.completionTime ?? '')
  const index = Number(annotations[NOTES.index])
  const kind = (labels[SCHEDULE_LABELS.runType] ?? 'manual') as RunKind
  const requestId = annotations[NOTES.request]
  const backfill = labels[SCHEDULE_LABELS.backfill]
  return {
    scheduleKey: `${metadata.namespace}/${labels[SCHEDULE_LABELS.schedule]}`,
    name: metadata.name,
    kind,
    logicalDate,
    phase: phaseOf(status?.phase, spec.suspend === true),
    createdAt: parseRfc3339(creationTimestamp) ?? 0,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(kind !== 'backfill' && Number.isInteger(index) ? { index } : {}),
    ...(requestId ? { requestId } : {}),
    ...(backfill ? { backfill } : {}),
    ...(kind === 'triggered' ? { signals: signalsOf(annotations[NOTES.signals]) } : {}),
  }
}

function signalsOf(text = '[]'): string[] {
  try {
    return JSON.parse(text) as string[]
  } catch {
    // Somebody wrote over it: its events are settled by the database alone.
    return []
  }
}

/** What a run of a schedule stands for. */
export function intervalOfRun({ annotations = {} }: KubeObject['metadata']) {
  const time = (note: string) => parseRfc3339(annotations[note] ?? '')
  const [intervalStart, intervalEnd] = [time(NOTES.intervalStart), time(NOTES.intervalEnd)]
  return {
    logicalDate: time(NOTES.logicalDate),
    interval: intervalStart === undefined || intervalEnd === undefined ? undefined : { intervalStart, intervalEnd },
  }
}

/** The run that each task of this one waits for, under dependsOnPast Task. */
export const previousRunOf = ({ annotations = {} }: KubeObject['metadata']): string | undefined =>
  annotations[NOTES.previousRun]

function phaseOf(phase: string | undefined, suspended: boolean): RunPhase {
  if (phase === 'Succeeded') return 'succeeded'
  if (phase === 'Failed') return 'failed'
  if (phase === 'Canceled') return 'canceled'
  const begun = phase === 'Running' || phase === 'Paused' || phase === 'Canceling' || isFinalPhase(phase as never)
  return suspended && !begun ? 'held' : 'active'
}

/** The request in the annotation; a text that is no JSON object is the id. A wrong date makes it undefined. */
export function manualRequest(text: string | undefined, now: number): ManualRequest | undefined {
  if (!text) return undefined
  if (!text.trimStart().startsWith('{')) return { id: text, requestedAt: now, logicalDate: null }
  try {
    const asked = JSON.parse(text) as { id?: string; logicalDate?: string; parameters?: Record<string, JsonValue> }
    const logicalDate = asked.logicalDate === undefined ? null : parseRfc3339(asked.logicalDate)
    if (logicalDate === undefined) return undefined
    const parameters = asked.parameters ? { parameters: asked.parameters } : {}
    return { id: asked.id ?? asked.logicalDate ?? 'now', requestedAt: now, logicalDate, ...parameters }
  } catch {
    return undefined
  }
}

/** The date that a run of a schedule stands for; undefined for any other run. */
export function logicalDateOf({ annotations = {} }: KubeObject['metadata']): number | undefined {
  return parseRfc3339(annotations[NOTES.logicalDate] ?? '')
}
