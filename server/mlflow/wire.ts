/** Our rows as MLflow's JSON: unset fields left out, numbers that JSON lacks as words. Pure. */
import type { MetricPoint } from '../../store/metadata/log-batch.ts'
import type { LoggedModelData } from '../../store/metadata/logged-models.ts'
import type { FullModel, FullVersion } from '../../store/metadata/registry-read.ts'
import type { RunData } from '../../store/metadata/run-data.ts'
import type { KeyValuePair } from '../../store/metadata/runs.ts'
import type { ExperimentRow, LoggedModelRow, RunRow, RunState } from '../../store/metadata/tables.ts'

export type Json = Record<string, unknown>

/** Leaves out what is undefined, null or an empty list, as protobuf's JSON does. */
export function compact(object: Json): Json {
  const kept: Json = {}
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined || value === null || (Array.isArray(value) && value.length === 0)) continue
    kept[key] = value
  }
  return kept
}

const STATUS: Readonly<Record<RunState, string>> = {
  PENDING: 'SCHEDULED',
  PAUSED: 'SCHEDULED',
  RUNNING: 'RUNNING',
  CANCELING: 'RUNNING',
  SUCCEEDED: 'FINISHED',
  SKIPPED: 'FINISHED',
  CACHED: 'FINISHED',
  FAILED: 'FAILED',
  CANCELED: 'KILLED',
}

/** MLflow's status words to our states. */
export const STATE_OF_STATUS: Readonly<Record<string, RunState>> = {
  RUNNING: 'RUNNING',
  SCHEDULED: 'PENDING',
  FINISHED: 'SUCCEEDED',
  FAILED: 'FAILED',
  KILLED: 'CANCELED',
}

export function experimentJson(row: ExperimentRow, tags: readonly KeyValuePair[]): Json {
  return compact({
    experiment_id: String(row.experiment_id),
    name: row.name,
    artifact_location: row.artifact_location,
    lifecycle_stage: row.lifecycle_stage,
    last_update_time: row.updated_at,
    creation_time: row.created_at,
    tags,
  })
}

export function runInfoJson(row: RunRow): Json {
  return compact({
    run_id: row.run_id,
    run_uuid: row.run_id,
    run_name: row.name,
    experiment_id: String(row.experiment_id),
    user_id: row.user_id,
    status: STATUS[row.state],
    start_time: row.start_time,
    end_time: row.end_time,
    artifact_uri: row.artifact_uri,
    lifecycle_stage: row.lifecycle_stage,
  })
}

export function runJson(row: RunRow, data: RunData): Json {
  const datasetInputs = data.datasets.map(({ dataset, tags }) => ({
    tags,
    dataset: compact({
      name: dataset.name,
      digest: dataset.digest,
      source_type: dataset.source_type,
      source: dataset.source,
      schema: dataset.schema,
      profile: dataset.profile,
    }),
  }))
  return {
    info: runInfoJson(row),
    data: compact({ metrics: data.metrics.map(metricJson), params: data.params, tags: data.tags }),
    inputs: compact({ dataset_inputs: datasetInputs, model_inputs: data.modelInputs }),
    outputs: compact({ model_outputs: data.modelOutputs }),
  }
}

/** A float as JSON: NaN and the infinities travel as words. */
export function floatJson(value: number, isNan: number): number | string {
  if (isNan) return 'NaN'
  return Number.isFinite(value) ? value : String(value)
}

type StoredMetric = Pick<MetricPoint, 'key' | 'value' | 'step' | 'timestamp'> & {
  readonly is_nan: number
  readonly dataset_name?: string | null
  readonly dataset_digest?: string | null
  readonly model_id?: string | null
  readonly run_id?: string
}

export function metricJson(row: StoredMetric): Json {
  return compact({
    key: row.key,
    value: floatJson(row.value, row.is_nan),
    timestamp: row.timestamp,
    step: row.step,
    dataset_name: row.dataset_name,
    dataset_digest: row.dataset_digest,
    model_id: row.model_id,
  })
}

export function loggedModelJson(row: LoggedModelRow, data: LoggedModelData): Json {
  return {
    info: compact({
      model_id: row.model_id,
      experiment_id: String(row.experiment_id),
      name: row.name,
      creation_timestamp_ms: row.created_at,
      last_updated_timestamp_ms: row.updated_at,
      artifact_uri: row.artifact_uri,
      status: row.status,
      model_type: row.model_type,
      source_run_id: row.source_run_id,
      status_message: row.status_message,
      tags: data.tags,
    }),
    data: compact({
      params: data.params,
      metrics: data.metrics.map((metric) => ({ ...metricJson(metric), run_id: metric.run_id })),
    }),
  }
}

export function versionJson({ row, tags, aliases }: FullVersion): Json {
  return compact({
    name: row.name,
    version: String(row.version),
    creation_timestamp: row.created_at,
    last_updated_timestamp: row.updated_at,
    user_id: row.user_id,
    current_stage: row.current_stage,
    description: row.description ?? '',
    source: row.source,
    run_id: row.run_id ?? '',
    status: row.status,
    status_message: row.status_message,
    tags,
    run_link: row.run_link ?? '',
    aliases,
    model_id: row.model_id,
  })
}

export function registeredModelJson({ row, tags, aliases, latest }: FullModel): Json {
  return compact({
    name: row.name,
    creation_timestamp: row.created_at,
    last_updated_timestamp: row.updated_at,
    description: row.description ?? '',
    latest_versions: latest.map(versionJson),
    tags,
    aliases: aliases.map(({ alias, version }) => ({ alias, version: String(version) })),
  })
}
