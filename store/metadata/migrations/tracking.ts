/** Tables of experiments, runs and what runs log. Before: migrations/index.ts. */
import type { TablePlan } from './columns.ts'

const ofRun = { run_id: 'runs.run_id' }

/** So much of a parameter or a tag is in its index: a database bounds the length of an entry. */
export const INDEXED_LENGTH = 64

/** Replaces the indexes by key alone. */
export const INDEXES_BY_VALUE = ['params', 'tags'].map((table) => ({
  table,
  name: `${table}_by_value`,
  replaces: `${table}_by_key`,
  columns: ['key', `(substr(value, 1, ${INDEXED_LENGTH}))`, 'run_id'],
}))

export const TRACKING_TABLES: Readonly<Record<string, TablePlan>> = {
  counters: { columns: { name: 'text!', value: 'int!' }, key: ['name'] },
  settings: { columns: { key: 'text!', value: 'text!' }, key: ['key'] },
  experiments: {
    columns: {
      experiment_id: 'int!',
      namespace: 'text!',
      name: 'text!',
      description: 'text',
      artifact_location: 'text!',
      lifecycle_stage: 'text!',
      storage_state: 'text!',
      created_at: 'int!',
      updated_at: 'int!',
      last_run_created_at: 'int',
    },
    key: ['experiment_id'],
    unique: [['namespace', 'name']],
    indexes: { experiments_created: ['namespace', 'created_at', 'experiment_id'] },
  },
  experiment_tags: {
    columns: { experiment_id: 'int!', key: 'text!', value: 'text!' },
    key: ['experiment_id', 'key'],
    belongsTo: { experiment_id: 'experiments.experiment_id' },
  },
  runs: {
    columns: {
      run_id: 'text!',
      experiment_id: 'int!',
      namespace: 'text!',
      kind: 'text!',
      name: 'text!',
      user_id: 'text!',
      state: 'text!',
      lifecycle_stage: 'text!',
      storage_state: 'text!',
      description: 'text',
      created_at: 'int!',
      start_time: 'int!',
      end_time: 'int',
      artifact_uri: 'text!',
      parent_run_id: 'text',
      root_run_id: 'text',
    },
    key: ['run_id'],
    indexes: {
      runs_by_start: ['experiment_id', 'start_time desc', 'run_id'],
      runs_by_kind: ['kind', 'created_at', 'run_id'],
      runs_by_namespace: ['namespace', 'kind', 'created_at', 'run_id'],
      runs_by_kind_in_experiment: ['kind', 'experiment_id', 'created_at', 'run_id'],
      runs_by_parent: ['parent_run_id'],
      runs_by_root: ['root_run_id'],
      runs_by_name: ['experiment_id', 'name'],
    },
  },
  params: {
    columns: { run_id: 'text!', key: 'text!', value: 'text!' },
    key: ['run_id', 'key'],
    indexes: { params_by_key: ['key', 'run_id'] },
    belongsTo: ofRun,
  },
  tags: {
    columns: { run_id: 'text!', key: 'text!', value: 'text!' },
    key: ['run_id', 'key'],
    indexes: { tags_by_key: ['key', 'run_id'] },
    belongsTo: ofRun,
  },
  metrics: {
    columns: {
      run_id: 'text!',
      key: 'text!',
      step: 'int!',
      timestamp: 'int!',
      value: 'real!',
      is_nan: 'int!',
      model_id: 'text',
      dataset_name: 'text',
      dataset_digest: 'text',
    },
    // The whole measurement is its key: a client that repeats a request after a lost answer adds nothing.
    key: ['run_id', 'key', 'step', 'timestamp', 'value', 'is_nan'],
    belongsTo: ofRun,
  },
  latest_metrics: {
    columns: { run_id: 'text!', key: 'text!', step: 'int!', timestamp: 'int!', value: 'real!', is_nan: 'int!' },
    key: ['run_id', 'key'],
    indexes: { latest_metrics_by_value: ['key', 'is_nan', 'value', 'run_id'] },
    belongsTo: ofRun,
  },
  datasets: {
    columns: {
      dataset_id: 'text!',
      experiment_id: 'int!',
      name: 'text!',
      digest: 'text!',
      source_type: 'text!',
      source: 'text!',
      schema: 'text',
      profile: 'text',
    },
    key: ['dataset_id'],
    unique: [['experiment_id', 'name', 'digest']],
    belongsTo: { experiment_id: 'experiments.experiment_id' },
  },
  run_datasets: {
    columns: { run_id: 'text!', dataset_id: 'text!' },
    key: ['run_id', 'dataset_id'],
    indexes: { run_datasets_by_dataset: ['dataset_id'] },
    belongsTo: ofRun,
  },
  run_dataset_tags: {
    columns: { run_id: 'text!', dataset_id: 'text!', key: 'text!', value: 'text!' },
    key: ['run_id', 'dataset_id', 'key'],
    belongsTo: ofRun,
  },
  run_models: {
    columns: { run_id: 'text!', model_id: 'text!', direction: 'text!', step: 'int!' },
    key: ['run_id', 'direction', 'model_id', 'step'],
    belongsTo: ofRun,
  },
}
