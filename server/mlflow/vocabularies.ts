/** What each MLflow search may name in its filter and order. Before: search-grammar.ts. */
import type { Vocabulary } from './search-grammar.ts'

const TAGS = { tag: 'tag', tags: 'tag' } as const
const METRICS = { metric: 'metric', metrics: 'metric' } as const
const PARAMS = { param: 'param', params: 'param', parameter: 'param', parameters: 'param' } as const
const ATTRIBUTES = { attribute: 'attribute', attributes: 'attribute', attr: 'attribute' } as const

const text = (key: string) => ({ key, type: 'text' }) as const
const listed = (key: string) => ({ key, type: 'text', list: true }) as const
const number = (key: string) => ({ key, type: 'number' }) as const

export const RUN_VOCABULARY: Vocabulary = {
  prefixes: {
    ...TAGS,
    ...METRICS,
    ...PARAMS,
    ...ATTRIBUTES,
    run: 'attribute',
    dataset: 'dataset',
    datasets: 'dataset',
  },
  attributes: {
    run_id: listed('run_id'),
    run_name: text('run_name'),
    'run name': text('run_name'),
    'Run name': text('run_name'),
    'Run Name': text('run_name'),
    status: text('status'),
    artifact_uri: text('artifact_uri'),
    user_id: text('user_id'),
    start_time: number('start_time'),
    created: number('start_time'),
    Created: number('start_time'),
    end_time: number('end_time'),
  },
}

export const EXPERIMENT_VOCABULARY: Vocabulary = {
  prefixes: { ...TAGS, ...ATTRIBUTES },
  attributes: {
    name: text('name'),
    experiment_id: text('experiment_id'),
    creation_time: number('creation_time'),
    last_update_time: number('last_update_time'),
  },
}

export const REGISTERED_MODEL_VOCABULARY: Vocabulary = {
  prefixes: { ...TAGS, ...ATTRIBUTES },
  attributes: {
    name: text('name'),
    creation_timestamp: number('creation_timestamp'),
    last_updated_timestamp: number('last_updated_timestamp'),
  },
}

export const MODEL_VERSION_VOCABULARY: Vocabulary = {
  prefixes: { ...TAGS, ...ATTRIBUTES },
  attributes: {
    name: listed('name'),
    version_number: number('version_number'),
    run_id: listed('run_id'),
    source_path: text('source_path'),
    creation_timestamp: number('creation_timestamp'),
    last_updated_timestamp: number('last_updated_timestamp'),
  },
}

export const LOGGED_MODEL_VOCABULARY: Vocabulary = {
  prefixes: { ...TAGS, ...METRICS, ...PARAMS, ...ATTRIBUTES },
  attributes: {
    name: listed('name'),
    model_id: listed('model_id'),
    model_type: listed('model_type'),
    status: listed('status'),
    source_run_id: listed('source_run_id'),
    artifact_location: listed('artifact_location'),
    experiment_id: listed('experiment_id'),
    creation_time: number('creation_timestamp'),
    creation_timestamp: number('creation_timestamp'),
    last_updated_timestamp: number('last_updated_timestamp'),
    last_updated_time: number('last_updated_timestamp'),
  },
}
