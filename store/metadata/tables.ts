/**
 * The one schema: what each table holds. Times are epoch milliseconds, JSON is text, flags are 0 or 1.
 * Before: migrations create it. After: the query files beside this one.
 */
import type {
  BackfillRow,
  ScheduleEventRow,
  ScheduleRequestRow,
  ScheduleRow,
  ScheduleRunRow,
  ScheduleSignalRow,
} from './schedule-tables.ts'

export type {
  BackfillRow,
  ScheduleEventRow,
  ScheduleRequestRow,
  ScheduleRow,
  ScheduleRunRow,
  ScheduleSignalRow,
} from './schedule-tables.ts'

/** KFP's words for the state of a run or task; every API maps from these. */
export type RunState =
  | 'PENDING'
  | 'RUNNING'
  | 'SUCCEEDED'
  | 'SKIPPED'
  | 'FAILED'
  | 'CANCELING'
  | 'CANCELED'
  | 'PAUSED'
  | 'CACHED'

export type Lifecycle = 'active' | 'deleted'
export type StorageState = 'AVAILABLE' | 'ARCHIVED'

/** A run written by an MLflow client, a pipeline run, or a task of one. All three are one kind of record. */
export type RunKind = 'tracking' | 'pipeline' | 'task'

export interface ExperimentRow {
  experiment_id: number
  namespace: string
  name: string
  description: string | null
  artifact_location: string
  lifecycle_stage: Lifecycle
  storage_state: StorageState
  created_at: number
  updated_at: number
  last_run_created_at: number | null
}

export interface RunRow {
  run_id: string
  experiment_id: number
  namespace: string
  kind: RunKind
  name: string
  user_id: string
  state: RunState
  lifecycle_stage: Lifecycle
  storage_state: StorageState
  description: string | null
  created_at: number
  start_time: number
  end_time: number | null
  artifact_uri: string
  parent_run_id: string | null
  root_run_id: string | null
}

/** What a pipeline run has beyond a run. */
export interface PipelineRunRow {
  run_id: string
  pipeline_name: string
  pipeline_id: string | null
  pipeline_version_id: string | null
  pipeline_spec: string
  runtime_config: string
  service_account: string | null
  recurring_run_id: string | null
  scheduled_at: number
  error: string | null
  state_history: string
  plugins_input: string | null
  outputs: string | null
}

/** What a task of a pipeline run has beyond a run. `path` is the engine's address of the task. */
export interface TaskRunRow {
  run_id: string
  pipeline_run_id: string
  path: string
  attempts: number
  cached: number
  inputs: string
  outputs: string
  error: string | null
  detail: string | null
  state_history: string
}

interface KeyValue {
  key: string
  value: string
}

/** NaN is stored as value 0 with is_nan 1: SQLite would make it NULL, Postgres would sort it as the largest. */
export interface MetricRow {
  run_id: string
  key: string
  step: number
  timestamp: number
  value: number
  is_nan: number
  model_id: string | null
  dataset_name: string | null
  dataset_digest: string | null
}

export type LatestMetricRow = Pick<MetricRow, 'run_id' | 'key' | 'step' | 'timestamp' | 'value' | 'is_nan'>

export interface DatasetRow {
  dataset_id: string
  experiment_id: number
  name: string
  digest: string
  source_type: string
  source: string
  schema: string | null
  profile: string | null
}

export interface LoggedModelRow {
  model_id: string
  experiment_id: number
  name: string
  created_at: number
  updated_at: number
  artifact_uri: string
  status: string
  model_type: string | null
  source_run_id: string | null
  status_message: string | null
  lifecycle_stage: Lifecycle
}

export interface LoggedModelMetricRow extends Omit<MetricRow, 'model_id'> {
  model_id: string
}

export interface RegisteredModelRow {
  namespace: string
  name: string
  created_at: number
  updated_at: number
  user_id: string | null
  description: string | null
}

export interface ModelVersionRow {
  namespace: string
  name: string
  version: number
  created_at: number
  updated_at: number
  user_id: string | null
  current_stage: string
  description: string | null
  source: string
  storage_location: string
  run_id: string | null
  run_link: string | null
  model_id: string | null
  status: string
  status_message: string | null
}

export interface ModelAliasRow {
  namespace: string
  name: string
  alias: string
  version: number
}

/** Append-only: nothing updates or deletes a row. `seq` grows in commit order. */
export interface RegistryHistoryRow {
  seq: number
  namespace: string
  name: string
  at: number
  actor: string
  action: string
  version: number | null
  alias: string | null
  previous_version: number | null
  reason: string | null
  run_id: string | null
  detail: string | null
}

export interface PromotionRow {
  promotion_id: string
  namespace: string
  name: string
  version: number
  alias: string
  state: 'PENDING' | 'APPROVED' | 'REJECTED' | 'EXPIRED'
  gate: string
  approvers: string
  requested_by: string
  requested_at: number
  expires_at: number | null
  decided_by: string | null
  decided_at: number | null
  reason: string | null
  run_id: string | null
}

export interface PipelineRow {
  pipeline_id: string
  namespace: string
  name: string
  display_name: string
  description: string | null
  created_at: number
}

export interface PipelineVersionRow {
  pipeline_version_id: string
  pipeline_id: string
  name: string
  display_name: string
  description: string | null
  created_at: number
  package_url: string | null
  code_source_url: string | null
  pipeline_spec: string
}

export interface RecurringRunRow {
  recurring_run_id: string
  experiment_id: number
  namespace: string
  display_name: string
  description: string | null
  created_at: number
  updated_at: number
  pipeline_id: string | null
  pipeline_version_id: string | null
  pipeline_spec: string | null
  runtime_config: string
  service_account: string | null
  max_concurrency: number
  trigger: string
  enabled: number
  no_catchup: number
  /** The last tick that became a run or was dropped; the schedule goes on after it. */
  cursor_at: number | null
  next_index: number
}

export interface ArtifactRow {
  artifact_id: string
  namespace: string
  type: string
  name: string
  uri: string
  digest: string | null
  metadata: string
  created_at: number
}

export interface ArtifactUseRow {
  artifact_id: string
  task_run_id: string
  direction: 'input' | 'output'
  key: string
  position: number
}

export interface JournalRow {
  run_id: string
  seq: number
  at: number
  event: string
}

export interface CacheEntryRow {
  cache_key: string
  namespace: string
  created_at: number
  run_id: string
  task_path: string
  outputs: string
  /** Null in entries of versions that did not keep what their key was made of. */
  pipeline_name: string | null
  parts: string | null
}

export interface AuditRow {
  seq: number
  at: number
  actor: string
  method: string
  path: string
  status: number
}

/** All tables, as kysely wants them. */
export interface Tables {
  counters: { name: string; value: number }
  settings: KeyValue
  experiments: ExperimentRow
  experiment_tags: KeyValue & { experiment_id: number }
  runs: RunRow
  pipeline_runs: PipelineRunRow
  task_runs: TaskRunRow
  params: KeyValue & { run_id: string }
  tags: KeyValue & { run_id: string }
  metrics: MetricRow
  latest_metrics: LatestMetricRow
  datasets: DatasetRow
  run_datasets: { run_id: string; dataset_id: string }
  run_dataset_tags: KeyValue & { run_id: string; dataset_id: string }
  run_models: { run_id: string; model_id: string; direction: 'input' | 'output'; step: number }
  logged_models: LoggedModelRow
  logged_model_params: KeyValue & { model_id: string }
  logged_model_tags: KeyValue & { model_id: string }
  logged_model_metrics: LoggedModelMetricRow
  registered_models: RegisteredModelRow
  registered_model_tags: KeyValue & { namespace: string; name: string }
  model_versions: ModelVersionRow
  model_version_tags: KeyValue & { namespace: string; name: string; version: number }
  model_aliases: ModelAliasRow
  registry_history: RegistryHistoryRow
  promotions: PromotionRow
  pipelines: PipelineRow
  pipeline_versions: PipelineVersionRow
  /** Tags of pipelines and of versions, by the id of either. */
  pipeline_tags: KeyValue & { owner_id: string }
  recurring_runs: RecurringRunRow
  schedules: ScheduleRow
  schedule_runs: ScheduleRunRow
  schedule_requests: ScheduleRequestRow
  schedule_events: ScheduleEventRow
  schedule_signals: ScheduleSignalRow
  backfills: BackfillRow
  artifacts: ArtifactRow
  artifact_uses: ArtifactUseRow
  run_journal: JournalRow
  cache_entries: CacheEntryRow
  audit_log: AuditRow
}
