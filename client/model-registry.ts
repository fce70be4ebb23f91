/** Typed client of a kfp-ts server's tracking and registry: runs with metrics, models, versions, aliases, history, promotion. */
import type {
  DeployOptions,
  HistoryLine,
  Lineage,
  ModelDeployment,
  ModelVersion,
  Origin,
  Promotion,
  PromotionGate,
  PromotionRecord,
  RegistryConnection,
  TrackedRun,
} from './model-registry-types.ts'

/** A refusal of the server. `code` is the server's word for it, such as `RESOURCE_DOES_NOT_EXIST` or `forbidden`. */
export class RegistryError extends Error {
  readonly code: string
  readonly status: number
  constructor(code: string, status: number, message: string) {
    super(message)
    this.name = 'RegistryError'
    this.code = code
    this.status = status
  }
}

interface WireRun {
  readonly info: { run_id: string; run_name: string; status: string; artifact_uri: string }
  readonly data: {
    metrics?: readonly { key: string; value: number }[]
    params?: readonly { key: string; value: string }[]
    tags?: readonly { key: string; value: string }[]
  }
}

/**
 * Talks to the server; every method rejects with RegistryError.
 *
 * @example
 * const registry = new ModelRegistry({ url: 'http://127.0.0.1:5000' })
 * await registry.setAlias('iris', 'champion', '3', 'best of this week')
 */
export class ModelRegistry {
  readonly url: string
  readonly #headers: Readonly<Record<string, string>>

  constructor(connection: RegistryConnection = {}) {
    const url = connection.url ?? process.env['MLFLOW_TRACKING_URI']
    if (!url) throw new RegistryError('no-server', 0, 'Say where the server is: url, or MLFLOW_TRACKING_URI')
    this.url = url.replace(/\/$/, '')
    const token = connection.token ?? process.env['MLFLOW_TRACKING_TOKEN']
    const basic = connection.user && `Basic ${Buffer.from(`${connection.user}:`).toString('base64')}`
    const authorization = token ? `Bearer ${token}` : basic
    const workspace = connection.workspace ?? process.env['MLFLOW_WORKSPACE']
    this.#headers = { ...(authorization && { authorization }), ...(workspace && { 'x-mlflow-workspace': workspace }) }
  }

  /** One call of the MLflow API. */
  async mlflow<T>(method: string, path: string, fields: Readonly<Record<string, unknown>> = {}): Promise<T> {
    const query = method === 'GET' ? `?${new URLSearchParams(fields as Record<string, string>)}` : ''
    return await this.#call(method, `/api/2.0/mlflow/${path}${query}`, method === 'GET' ? undefined : fields)
  }

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    if (response.ok) return JSON.parse(text || '{}') as T
    throw errorOf(response.status, text)
  }

  /** The id of the experiment of that name, made if there is none. */
  async experiment(name: string): Promise<string> {
    try {
      const { experiment } = await this.mlflow<{ experiment: { experiment_id: string } }>(
        'GET',
        'experiments/get-by-name',
        { experiment_name: name },
      )
      return experiment.experiment_id
    } catch (error) {
      if ((error as RegistryError).code !== 'RESOURCE_DOES_NOT_EXIST') throw error
      return (await this.mlflow<{ experiment_id: string }>('POST', 'experiments/create', { name })).experiment_id
    }
  }

  async createRun(experimentId: string, name?: string): Promise<TrackedRun> {
    const fields = { experiment_id: experimentId, start_time: Date.now(), ...(name && { run_name: name }) }
    return readRun((await this.mlflow<{ run: WireRun }>('POST', 'runs/create', fields)).run)
  }

  async getRun(runId: string): Promise<TrackedRun> {
    return readRun((await this.mlflow<{ run: WireRun }>('GET', 'runs/get', { run_id: runId })).run)
  }

  async log(
    runId: string,
    logged: {
      readonly metrics?: Readonly<Record<string, number>>
      readonly params?: Readonly<Record<string, string | number | boolean>>
      readonly tags?: Readonly<Record<string, string>>
      /** @default 0 */
      readonly step?: number
    },
  ): Promise<void> {
    const timestamp = Date.now()
    const pairs = (of: Readonly<Record<string, unknown>> = {}) =>
      Object.entries(of).map(([key, value]) => ({ key, value: String(value) }))
    await this.mlflow('POST', 'runs/log-batch', {
      run_id: runId,
      metrics: Object.entries(logged.metrics ?? {}).map(([key, value]) => ({
        key,
        value: Number.isFinite(value) ? value : String(value),
        timestamp,
        step: logged.step ?? 0,
      })),
      params: pairs(logged.params),
      tags: pairs(logged.tags),
    })
  }

  async endRun(runId: string, status: 'FINISHED' | 'FAILED' | 'KILLED' = 'FINISHED'): Promise<void> {
    await this.mlflow('POST', 'runs/update', { run_id: runId, status, end_time: Date.now() })
  }

  /** Runs by MLflow's search language, for example `metrics.accuracy > 0.9` ordered by `metrics.accuracy DESC`. */
  async searchRuns(
    experimentIds: readonly string[],
    filter = '',
    orderBy: readonly string[] = [],
    maxResults = 100,
  ): Promise<TrackedRun[]> {
    const fields = { experiment_ids: experimentIds, filter, order_by: orderBy, max_results: maxResults }
    return ((await this.mlflow<{ runs?: WireRun[] }>('POST', 'runs/search', fields)).runs ?? []).map(readRun)
  }

  /** Puts a file among the artifacts of a run; answers its URI. */
  async upload(run: Pick<TrackedRun, 'artifactUri'>, path: string, content: Uint8Array | string): Promise<string> {
    const uri = `${run.artifactUri}/${path}`
    const response = await fetch(this.#artifactUrl(uri), {
      method: 'PUT',
      headers: this.#headers,
      body: content as Uint8Array<ArrayBuffer> | string,
    })
    if (!response.ok) throw errorOf(response.status, await response.text())
    return uri
  }

  /** Bytes of an artifact by its URI. */
  async download(uri: string): Promise<Uint8Array> {
    const response = await fetch(this.#artifactUrl(uri), { headers: this.#headers })
    if (!response.ok) throw errorOf(response.status, await response.text())
    return new Uint8Array(await response.arrayBuffer())
  }

  /** Names of the files and folders in an artifact folder; empty for a file. */
  async listArtifacts(uri: string): Promise<{ path: string; is_dir: boolean }[]> {
    const path = encodeURIComponent(artifactPath(uri))
    const { files } = await this.#call<{ files?: { path: string; is_dir: boolean }[] }>(
      'GET',
      `/api/2.0/mlflow-artifacts/artifacts?path=${path}`,
    )
    return files ?? []
  }

  #artifactUrl(uri: string): string {
    const path = artifactPath(uri).split('/').map(encodeURIComponent).join('/')
    return `${this.url}/api/2.0/mlflow-artifacts/artifacts/${path}`
  }

  /** Makes the model if it is new, and the next version of it. */
  async register(name: string, source: string, runId?: string, description?: string): Promise<ModelVersion> {
    try {
      await this.mlflow('POST', 'registered-models/create', { name })
    } catch (error) {
      if ((error as RegistryError).code !== 'RESOURCE_ALREADY_EXISTS') throw error
    }
    const fields = { name, source, ...(runId && { run_id: runId }), ...(description && { description }) }
    return (await this.mlflow<{ model_version: ModelVersion }>('POST', 'model-versions/create', fields)).model_version
  }

  async models(): Promise<{ name: string; aliases?: { alias: string; version: string }[] }[]> {
    const found = await this.mlflow<{ registered_models?: { name: string }[] }>('GET', 'registered-models/search', {
      max_results: '1000',
    })
    return found.registered_models ?? []
  }

  async versions(name: string): Promise<ModelVersion[]> {
    const filter = `name = '${name}'`
    const found = await this.mlflow<{ model_versions?: ModelVersion[] }>('GET', 'model-versions/search', { filter })
    return found.model_versions ?? []
  }

  async version(name: string, version: string): Promise<ModelVersion> {
    const found = await this.mlflow<{ model_version: ModelVersion }>('GET', 'model-versions/get', { name, version })
    return found.model_version
  }

  async versionByAlias(name: string, alias: string): Promise<ModelVersion> {
    const found = await this.mlflow<{ model_version: ModelVersion }>('GET', 'registered-models/alias', { name, alias })
    return found.model_version
  }

  /** Where the files of a version lie. */
  async downloadUri(name: string, version: string): Promise<string> {
    const fields = { name, version }
    return (await this.mlflow<{ artifact_uri: string }>('GET', 'model-versions/get-download-uri', fields)).artifact_uri
  }

  async setAlias(name: string, alias: string, version: string, reason?: string): Promise<void> {
    await this.mlflow('POST', 'registered-models/alias', { name, alias, version, ...(reason && { reason }) })
  }

  /** Points the alias back at the version it held before. */
  async rollback(name: string, alias: string, reason?: string): Promise<{ from: number; to: number }> {
    return await this.#call('POST', `${modelPath(name)}/aliases/${encodeURIComponent(alias)}/rollback`, { reason })
  }

  /** What the aliases named at a time; now, without one. */
  async aliases(name: string, asOf?: Date): Promise<Readonly<Record<string, number>>> {
    const query = asOf ? `?asOf=${asOf.toISOString()}` : ''
    return (await this.#call<{ aliases: Record<string, number> }>('GET', `${modelPath(name)}/aliases${query}`)).aliases
  }

  /** Newest first. `alias` leaves only its lines. */
  async history(name: string, limit = 100, alias?: string): Promise<HistoryLine[]> {
    const query = new URLSearchParams({ limit: String(limit), ...(alias && { alias }) })
    return (await this.#call<{ history: HistoryLine[] }>('GET', `${modelPath(name)}/history?${query}`)).history
  }

  /** Newest first; those that wait for somebody are PENDING. */
  async promotions(name: string): Promise<PromotionRecord[]> {
    return (await this.#call<{ promotions: PromotionRecord[] }>('GET', `${modelPath(name)}/promotions`)).promotions
  }

  /** Moves the alias if the gate passes and nobody has to agree; asks the approvers if somebody has to. */
  async promote(
    name: string,
    alias: string,
    version: string,
    options: {
      readonly gate?: PromotionGate
      readonly approvers?: readonly string[]
      readonly expiresInSeconds?: number
      readonly reason?: string
    } = {},
  ): Promise<Promotion> {
    const path = `${modelPath(name)}/aliases/${encodeURIComponent(alias)}/promote`
    return await this.#call('POST', path, { version, ...options })
  }

  async decide(promotionId: string, decision: 'approve' | 'reject', reason?: string): Promise<{ state: string }> {
    return await this.#call('POST', `/api/v1/promotions/${encodeURIComponent(promotionId)}/${decision}`, { reason })
  }

  /** Has the server put a version to work; ask `deployments` until it is ready. */
  async deploy(name: string, options: DeployOptions): Promise<ModelDeployment> {
    return await this.#call('POST', `${modelPath(name)}/deployments`, options)
  }

  async deployments(name: string): Promise<ModelDeployment[]> {
    return (await this.#call<{ deployments: ModelDeployment[] }>('GET', `${modelPath(name)}/deployments`)).deployments
  }

  async undeploy(name: string, deployment: string): Promise<void> {
    await this.#call('DELETE', `${modelPath(name)}/deployments/${encodeURIComponent(deployment)}`)
  }

  /** From a version, or from `@alias` (now or at a time), to its run, pipeline, images and data. */
  async lineage(name: string, version: string, asOf?: Date): Promise<Lineage> {
    const query = asOf ? `?asOf=${asOf.toISOString()}` : ''
    return await this.#call('GET', `${modelPath(name)}/versions/${encodeURIComponent(version)}/lineage${query}`)
  }

  /** The way back: the versions that a run made, that saw a dataset, that an image or a pipeline made. */
  async versionsFrom(origin: Origin): Promise<{ name: string; version: number; createdAt: string }[]> {
    const query = new URLSearchParams(origin as Record<string, string>)
    return (
      await this.#call<{ versions: { name: string; version: number; createdAt: string }[] }>(
        'GET',
        `/api/v1/model-versions?${query}`,
      )
    ).versions
  }
}

function modelPath(name: string): string {
  return `/api/v1/models/${encodeURIComponent(name)}`
}

function artifactPath(uri: string): string {
  const held = /^mlflow-artifacts:(?:\/\/[^/]*)?\/(.*)$/.exec(uri)
  if (!held) throw new RegistryError('not-held', 0, `The server does not hold ${uri}: read it with its own client`)
  return held[1]!
}

function errorOf(status: number, text: string): RegistryError {
  try {
    const body = JSON.parse(text) as {
      error_code?: string
      message?: string
      error?: { code: string; message: string }
    }
    const code = body.error_code ?? body.error?.code
    if (code) return new RegistryError(code, status, body.message ?? body.error?.message ?? text)
  } catch {
    // Not one of the server's own answers: a proxy's page, told as it is.
  }
  return new RegistryError(`http-${status}`, status, `The server answered ${status}: ${text.slice(0, 200)}`)
}

function readRun({ info, data }: WireRun): TrackedRun {
  return {
    runId: info.run_id,
    name: info.run_name,
    status: info.status,
    artifactUri: info.artifact_uri,
    metrics: Object.fromEntries((data.metrics ?? []).map(({ key, value }) => [key, Number(value)])),
    params: Object.fromEntries((data.params ?? []).map(({ key, value }) => [key, value])),
    tags: Object.fromEntries((data.tags ?? []).map(({ key, value }) => [key, value])),
  }
}
