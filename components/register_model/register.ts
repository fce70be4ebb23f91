/** Puts a model file under a name in the registry: run, artifact, metrics, version. After: promote_model. */
import type { TrackingServer } from '../registry/http.ts'

export interface Registration {
  readonly name: string
  /** Last part of the artifact's path, such as `model.json`. */
  readonly fileName: string
  readonly content: Uint8Array
  readonly metrics: Readonly<Record<string, number>>
  readonly description: string
  /** Alias to set at once; '' for none. */
  readonly alias: string
}

/** Answers the new version. */
export async function registerVersion(server: TrackingServer, request: Registration): Promise<string> {
  const mlflow = '/api/2.0/mlflow'
  const run = await openRun(server)
  const uri = `${run.artifact_uri}/model/${request.fileName}`
  const path = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(uri)?.[1]
  if (!path) throw new Error(`The artifacts of run ${run.run_id} are not held by the server: ${run.artifact_uri}`)
  await server.upload(path, request.content)
  const timestamp = Date.now()
  const metrics = Object.entries(request.metrics).map(([key, value]) => ({ key, value, timestamp, step: 0 }))
  if (metrics.length > 0) await server.call('POST', `${mlflow}/runs/log-batch`, { run_id: run.run_id, metrics })
  const { name, description, alias } = request
  await ignoring('already exists', () => server.call('POST', `${mlflow}/registered-models/create`, { name }))
  const created = await server.call('POST', `${mlflow}/model-versions/create`, {
    name,
    source: `${run.artifact_uri}/model`,
    run_id: run.run_id,
    ...(description && { description }),
  })
  const { version } = created['model_version'] as { version: string }
  if (alias) await server.call('POST', `${mlflow}/registered-models/alias`, { name, alias, version })
  return version
}

interface RunInfo {
  readonly run_id: string
  readonly artifact_uri: string
}

/** The step's own run; outside of a server that gave one, a new run of the default experiment. */
async function openRun(server: TrackingServer): Promise<RunInfo> {
  const found = server.runId
    ? await server.call('GET', `/api/2.0/mlflow/runs/get?run_id=${encodeURIComponent(server.runId)}`)
    : await server.call('POST', '/api/2.0/mlflow/runs/create', { experiment_id: '0', start_time: Date.now() })
  return (found['run'] as { info: RunInfo }).info
}

async function ignoring(words: string, work: () => Promise<unknown>): Promise<void> {
  try {
    await work()
  } catch (error) {
    if (!(error instanceof Error) || !error.message.includes(words)) throw error
  }
}
