/** The prediction server: MLflow's and KServe's ways to ask, health, metrics, and a change of the model under load. */
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ModelSource } from './model-source.ts'
import { findMismatch, loadPredictor, type Prediction, type Predictor, type Row } from './predictor.ts'
import { RequestError, readRows } from './request-rows.ts'

const MAX_BODY_BYTES = 16 * 1024 * 1024

interface Served {
  readonly current: string
  readonly label: string
  readonly predictor: Predictor
}

/** Serves what its source names; `refresh` looks whether that changed. */
export class PredictionServer {
  readonly app: FastifyInstance
  readonly #source: ModelSource
  readonly #registry = new Registry()
  readonly #requests = new Counter({
    name: 'kfp_ts_predictions_total',
    help: 'Rows predicted',
    labelNames: ['version', 'outcome'],
    registers: [this.#registry],
  })
  readonly #seconds = new Histogram({
    name: 'kfp_ts_prediction_seconds',
    help: 'Time of one request',
    registers: [this.#registry],
  })
  readonly #version = new Gauge({
    name: 'kfp_ts_model_info',
    help: 'The model that is served',
    labelNames: ['model', 'version'],
    registers: [this.#registry],
  })
  #served: Served | undefined

  constructor(source: ModelSource) {
    this.#source = source
    this.app = fastify({ logger: false, bodyLimit: MAX_BODY_BYTES })
    this.#routes()
  }

  /** Loads the model if the source names another one; requests under way end with the old one. Answers its label. */
  async refresh(): Promise<{ readonly label: string; readonly changed: boolean }> {
    const current = await this.#source.current()
    if (this.#served?.current === current) return { label: this.#served.label, changed: false }
    const { label, fileName, content } = await this.#source.load(current)
    const predictor = await loadPredictor(fileName, content)
    // The new model is whole before it takes the place of the old one.
    this.#served = { current, label, predictor }
    this.#version.reset()
    this.#version.set({ model: this.#source.name, version: current }, 1)
    return { label, changed: true }
  }

  #routes(): void {
    const { app } = this
    const ready = async (reply: FastifyReply) =>
      this.#served ? { status: 'ready', model: this.#served.label } : reply.code(503).send({ status: 'loading' })
    for (const path of ['/health', '/ping']) app.get(path, async () => ({ status: 'ok' }))
    app.get('/ready', async (_request, reply) => ready(reply))
    app.get(`/v1/models/${encodeURIComponent(this.#source.name)}`, async (_request, reply) => {
      if (!this.#served) return ready(reply)
      const { current, predictor } = this.#served
      return { name: this.#source.name, version: current, ready: true, ...predictor.signature }
    })
    app.get('/metrics', async (_request, reply) =>
      reply.type(this.#registry.contentType).send(await this.#registry.metrics()),
    )
    app.post('/invocations', async (request) => ({ predictions: await this.#predict(request.body) }))
    app.post(`/v1/models/${encodeURIComponent(this.#source.name)}::predict`, async (request) => ({
      predictions: await this.#predict(request.body),
    }))
    app.setErrorHandler((error, _request, reply) => {
      const status = error instanceof RequestError ? 400 : ((error as { statusCode?: number }).statusCode ?? 500)
      const message = status < 500 ? (error as Error).message : 'the prediction failed'
      if (status >= 500) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      return reply.code(status).send({ error: message })
    })
  }

  async #predict(body: unknown): Promise<readonly Prediction[]> {
    const served = this.#served
    if (!served) throw Object.assign(new Error('the model is loading'), { statusCode: 503 })
    const { signature } = served.predictor
    const rows: readonly Row[] = readRows(
      body,
      signature.inputs.map((column) => column.name),
    )
    const mismatch = findMismatch(signature, rows)
    if (mismatch) {
      this.#requests.inc({ version: served.current, outcome: 'refused' }, rows.length)
      throw new RequestError(mismatch)
    }
    const done = this.#seconds.startTimer()
    const predictions = await served.predictor.predict(rows)
    done()
    this.#requests.inc({ version: served.current, outcome: 'predicted' }, rows.length)
    return predictions
  }
}
