/** Pipeline runs in KFP's JSON. */
import { createHash } from 'node:crypto'
import { parsePipelineDocument } from '../../api/parse.ts'
import type { FullPipelineRun, FullTaskRun, StateChange } from '../../store/metadata/pipeline-runs.ts'
import type { RunState } from '../../store/metadata/tables.ts'
import { compact, type Json, timeJson } from './json.ts'
import { specJson } from './spec.ts'

/** What KFP's clients know as an end; of a run that was canceled they would wait for ever. */
export function stateJson(state: RunState): string {
  if (state === 'CANCELED') return 'FAILED'
  return state === 'CACHED' ? 'SKIPPED' : state
}

const CANCELED_ERROR = { code: 1, message: 'terminated: canceled by user' }
const UNKNOWN = 2

function errorJson(state: RunState, stored: string | null): Json | undefined {
  if (stored) {
    const { code, message } = readError(stored)
    return { code: state === 'CANCELED' ? CANCELED_ERROR.code : UNKNOWN, message: `${code}: ${message}` }
  }
  return state === 'CANCELED' ? CANCELED_ERROR : undefined
}

/** Executors may have stored plain words. */
function readError(stored: string): { code: string; message: string } {
  try {
    const error = JSON.parse(stored) as { code?: string; message?: string } | null
    if (typeof error?.message === 'string') return { code: error.code ?? 'application', message: error.message }
  } catch {
    // Plain words: below.
  }
  return { code: 'application', message: stored }
}

/** Pipelines whose file was read last: a page of runs is of few pipelines, and reading YAML takes its time. */
const readFiles = new Map<string, object | undefined>()
const MOST_READ_FILES = 32

/** Runs that came as resources of the cluster keep the text of their file. */
function specOf(stored: string): object | undefined {
  if (stored.startsWith('{')) return JSON.parse(stored) as object
  const key = createHash('sha256').update(stored).digest('base64')
  if (readFiles.has(key)) return readFiles.get(key)
  const { document } = parsePipelineDocument(stored)
  const spec = document && specJson(document)
  if (readFiles.size >= MOST_READ_FILES) readFiles.delete(readFiles.keys().next().value!)
  readFiles.set(key, spec)
  return spec
}

function historyJson(stored: string): Json[] {
  return (JSON.parse(stored) as StateChange[]).map(({ update_time, state, error }) =>
    compact({
      update_time: timeJson(update_time),
      state: stateJson(state),
      error: errorJson(state, error ? JSON.stringify(error) : null),
    }),
  )
}

/** Without what executors keep beside it. */
export function configJson(stored: string): Json {
  const { parameters, pipeline_root } = JSON.parse(stored) as Json
  return compact({ parameters, pipeline_root })
}

export function runJson(row: FullPipelineRun, tasks?: readonly FullTaskRun[]): Json {
  const source = row.pipeline_version_id
    ? {
        pipeline_version_reference: compact({
          pipeline_id: row.pipeline_id,
          pipeline_version_id: row.pipeline_version_id,
        }),
      }
    : { pipeline_spec: specOf(row.pipeline_spec) }
  return compact({
    experiment_id: String(row.experiment_id),
    run_id: row.run_id,
    display_name: row.name,
    storage_state: row.storage_state,
    description: row.description,
    ...source,
    runtime_config: configJson(row.runtime_config),
    service_account: row.service_account,
    created_at: timeJson(row.created_at),
    scheduled_at: timeJson(row.scheduled_at),
    finished_at: timeJson(row.end_time ?? 0),
    state: stateJson(row.state),
    error: errorJson(row.state, row.error),
    recurring_run_id: row.recurring_run_id,
    state_history: historyJson(row.state_history),
    plugins_input: row.plugins_input ? (JSON.parse(row.plugins_input) as object) : undefined,
    run_details:
      tasks && tasks.length > 0 ? { task_details: tasks.map((task) => taskJson(row.run_id, task)) } : undefined,
  })
}

function taskJson(runId: string, task: FullTaskRun): Json {
  const outputs = JSON.parse(task.outputs) as { artifacts?: Record<string, unknown> }
  const artifacts = Object.keys(outputs.artifacts ?? {}).map((key) => [key, {}])
  return compact({
    run_id: runId,
    task_id: task.run_id,
    display_name: task.name,
    create_time: timeJson(task.created_at),
    start_time: timeJson(task.start_time),
    end_time: timeJson(task.end_time),
    state: stateJson(task.state),
    error: errorJson(task.state, task.error),
    state_history: historyJson(task.state_history),
    outputs: artifacts.length > 0 ? Object.fromEntries(artifacts) : undefined,
  })
}
