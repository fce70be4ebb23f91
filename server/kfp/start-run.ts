/** Makes a run and hands it to the executor; for API calls, schedules and retries alike. Before: runs.ts, schedule carriers. */
import { createHash, randomUUID } from 'node:crypto'
import type { JsonValue } from '../../api/json.ts'
import { isUniqueViolation } from '../../store/metadata/errors.ts'
import {
  type FullPipelineRun,
  getPipelineRun,
  insertPipelineRun,
  setRunState,
  undoRetry,
} from '../../store/metadata/pipeline-runs.ts'
import type { ExperimentRow } from '../../store/metadata/tables.ts'
import type { Services } from '../context.ts'
import type { RunRequest } from '../run-executor.ts'
import type { RunSource } from './run-source.ts'

export interface StartRun {
  readonly experiment: ExperimentRow
  readonly displayName: string
  readonly description?: string | undefined
  readonly source: RunSource
  /** Checked against the pipeline's inputs. */
  readonly parameters: Readonly<Record<string, JsonValue>>
  readonly pipelineRoot?: string | undefined
  readonly serviceAccount?: string | undefined
  readonly recurringRunId?: string | undefined
  /** Epoch milliseconds. @default now */
  readonly scheduledAt?: number | undefined
  readonly pluginsInput?: string | undefined
  readonly actor: string
}

/** Stores the run, then starts it. A run that the executor refuses ends FAILED with its words, and the call rejects. */
export async function startRun(services: Services, request: StartRun): Promise<FullPipelineRun> {
  const { metadata } = services
  const runId = request.recurringRunId ? scheduledRunId(request.recurringRunId, request.displayName) : randomUUID()
  try {
    await metadata.transaction((db) => insertStart(db, runId, request, metadata.now()))
  } catch (error) {
    // The same tick of the same schedule again: the run exists, and starting it again is harmless.
    if (!request.recurringRunId || !isUniqueViolation(error)) throw error
  }
  const row = await getPipelineRun(metadata.db, runId)
  await handOver(services, row, 'start')
  return row
}

/** Stores a run that can never start, with the reason; a run of the same tick that is there already stays as it is. */
export async function storeRefusedRun(
  { metadata }: Services,
  request: StartRun & { readonly recurringRunId: string },
  message: string,
): Promise<void> {
  const runId = scheduledRunId(request.recurringRunId, request.displayName)
  const now = metadata.now()
  try {
    await metadata.transaction(async (db) => {
      await insertStart(db, runId, request, now)
      await setRunState(db, runId, 'FAILED', now, { code: 'not-started', message })
    })
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
  }
}

/** The same for the same tick, so that a schedule that is killed in between makes no run twice. */
export function scheduledRunId(recurringRunId: string, displayName: string): string {
  const hex = createHash('sha256').update(`${recurringRunId}\0${displayName}`).digest('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), `5${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  )
}

async function insertStart(
  db: Parameters<typeof insertPipelineRun>[0],
  runId: string,
  request: StartRun,
  now: number,
): Promise<void> {
  const { experiment, source, parameters, pipelineRoot } = request
  const name = source.document.spec.pipelineInfo.name
  await insertPipelineRun(
    db,
    {
      runId,
      experimentId: experiment.experiment_id,
      namespace: experiment.namespace,
      kind: 'pipeline',
      name: request.displayName,
      userId: request.actor,
      state: 'PENDING',
      startTime: now,
      artifactUri: `${experiment.artifact_location}/${runId}/artifacts`,
      description: request.description,
      tags: [
        { key: 'mlflow.runName', value: request.displayName },
        { key: 'mlflow.source.type', value: 'PIPELINE' },
        { key: 'kfp-ts.pipeline', value: name },
      ],
      now,
    },
    {
      pipeline_name: name,
      pipeline_id: source.pipelineId,
      pipeline_version_id: source.versionId,
      pipeline_spec: source.text,
      runtime_config: JSON.stringify({ parameters, ...(pipelineRoot && { pipeline_root: pipelineRoot }) }),
      service_account: request.serviceAccount ?? null,
      recurring_run_id: request.recurringRunId ?? null,
      scheduled_at: request.scheduledAt ?? now,
      plugins_input: request.pluginsInput ?? null,
    },
    parameters,
  )
}

/** Gives a stored run to the executor. A start that it refuses ends FAILED with its words; a retry leaves the run as it ended before. */
export async function handOver(services: Services, row: FullPipelineRun, how: 'start' | 'retry'): Promise<void> {
  try {
    await services.executor[how](requestOf(services, row))
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const { metadata } = services
    await metadata.transaction<unknown>((db) =>
      how === 'retry'
        ? undoRetry(db, row)
        : setRunState(db, row.run_id, 'FAILED', metadata.now(), { code: 'not-started', message }),
    )
    services.events.changed(row.run_id)
    throw error
  }
}

function requestOf(services: Services, row: FullPipelineRun): RunRequest {
  const config = JSON.parse(row.runtime_config) as { parameters?: Record<string, JsonValue>; pipeline_root?: string }
  return {
    runId: row.run_id,
    namespace: row.namespace,
    displayName: row.name,
    pipelineName: row.pipeline_name,
    pipelineText: row.pipeline_spec,
    parameters: config.parameters ?? {},
    pipelineRoot: config.pipeline_root ?? services.pipelineRoot,
    experimentId: String(row.experiment_id),
    scheduledAt: row.scheduled_at,
    ...(row.service_account && { serviceAccount: row.service_account }),
    ...(row.recurring_run_id && { recurringRunId: row.recurring_run_id }),
  }
}
