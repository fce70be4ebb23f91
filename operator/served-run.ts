/** PipelineRuns that a server makes for its clients' runs: their names and ids, and the proof that a resource and a record belong together. Pure. */
import { InvalidInputError } from '../api/issue.ts'
import type { JsonValue } from '../api/json.ts'
import { API_GROUP, API_VERSION, DISPLAY_NAME_ANNOTATION, LABELS } from '../api/pipeline-run.ts'
import { labelValue, slug } from './pod/pod-name.ts'
import type { RunIdentity } from './run-session.ts'
import type { PipelineRun } from './run-view.ts'

const PIPELINE_PART = 40
const ID_PART = 12

/** The same for the same run, so that creating it twice makes one. */
export function servedRunName(runId: string, pipelineName: string): string {
  const id = runId.replace(/[^a-z0-9]/gi, '').toLowerCase()
  return [slug(pipelineName, PIPELINE_PART), id.slice(0, ID_PART)].filter((part) => part !== '').join('-')
}

export interface ServedRun {
  readonly runId: string
  readonly namespace: string
  readonly displayName: string
  readonly pipelineName: string
  readonly pipelineText: string
  readonly arguments: Readonly<Record<string, JsonValue>>
  readonly pipelineRoot?: string | undefined
  readonly serviceAccountName?: string | undefined
}

export function servedRunObject(run: ServedRun): PipelineRun {
  const pipeline = labelValue(run.pipelineName)
  return {
    apiVersion: `${API_GROUP}/${API_VERSION}`,
    kind: 'PipelineRun',
    metadata: {
      name: servedRunName(run.runId, run.pipelineName),
      namespace: run.namespace,
      labels: { [LABELS.runId]: run.runId, ...(pipeline ? { [LABELS.pipeline]: pipeline } : {}) },
      annotations: { [DISPLAY_NAME_ANNOTATION]: run.displayName },
    },
    spec: {
      pipelineText: run.pipelineText,
      arguments: run.arguments,
      ...(run.pipelineRoot ? { pipelineRoot: run.pipelineRoot } : {}),
      ...(run.serviceAccountName ? { serviceAccountName: run.serviceAccountName } : {}),
    },
  }
}

/** What a record says of the resource that it is about. */
export interface RecordOwner {
  readonly namespace: string
  readonly pipelineName: string
  /** Set once the operator took the run up. */
  readonly uid?: string | undefined
}

/**
 * Whether the resource may use the record with the id in its label: anyone who may create a PipelineRun can write any label.
 * A run without the label has its uid as its id, which nobody chooses.
 */
export function ownsRecord(run: RunIdentity, record: RecordOwner | undefined): boolean {
  if (run.runId === run.uid) return true
  if (!record) return false
  if (record.uid !== undefined) return record.uid === run.uid
  const sameNamespace = record.namespace === '' || record.namespace === run.namespace
  return sameNamespace && servedRunName(run.runId, record.pipelineName) === run.name
}

export function foreignRunId(run: RunIdentity): InvalidInputError {
  const hint =
    'only the server sets the label, on runs that it makes: leave it out, or, for a run of the server that began after the backup ' +
    'that its database was restored from, start it again'
  return wrongRunId('foreign-run-id', `the id "${run.runId}" was given to no run of this name by the server`, hint)
}

/** It was canceled while its resource was on the way. */
export function alreadyOver(run: RunIdentity, state: string): InvalidInputError {
  const hint = 'create the run again, through the server'
  return wrongRunId('run-is-over', `the run "${run.runId}" was ${state} before it started`, hint)
}

function wrongRunId(code: string, message: string, hint: string): InvalidInputError {
  return new InvalidInputError([{ code, severity: 'error', path: `metadata.labels["${LABELS.runId}"]`, message, hint }])
}
