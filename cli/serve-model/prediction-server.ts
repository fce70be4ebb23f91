/** The prediction server: MLflow's and KServe's ways to ask, health, metrics, and a change of the model under load. */
import { setTimeout as delay } from 'node:timers/promises'
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify'
import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { ModelSource } from './model-source.ts'
import { findMismatch, loadPredictor, type Prediction, type Predictor, type Row } from './predictor.ts'
import { RequestError, readRows } from './request-rows.ts'

const MAX_BODY_BYTES = 16 * 1024 * 1024
/** Of a model's name as a path has it. */
const MAX_NAME_LENGTH = 8192

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
  #ending = false

  constructor(source: ModelSource) {
    this.#source = source
    this.app = fastify({
      logger: false,
      bodyLimit: MAX_BODY_BYTES,
      routerOptions: { maxParamLength: MAX_NAME_LENGTH },
    })
    this.#routes()
  }

  /** Loads the model if the source names another one; requests under way end with the old one. Answers its label. */
  async refresh(): Promise<{ readonly label: string; readonly changed: boolean }> {
    const current = await this.#source.current()
    if (this.#served?.current === current) return { label: this.#served.label, changed: false }
    const found = await this.#source.load(current)
    const { label } = found
    // The new model is whole before it takes the place of the old one.
    this.#served = { current, label, predictor: await loadPredictor(found) }
    this.#version.reset()
    this.#version.set({ model: this.#source.name, version: current }, 1)
    return { label, changed: true }
  }

  /** Says that it ends, so that nobody sends it more, goes on answering for a while, and closes when all is answered. */
  async drain(seconds: number): Promise<void> {
    this.#ending = true
    await delay(seconds * 1000)
    await this.app.close()
  }

  #routes(): void {
    const { app } = this
    const ready = async (reply: FastifyReply) => {
      if (this.#served && !this.#ending) return { status: 'ready', model: this.#served.label }
      return reply.code(503).send({ status: this.#ending ? 'ending' : 'loading' })
    }
    for (const path of ['/health', '/ping']) app.get(path, async () => ({ status: 'ok' }))
    app.get('/ready', async (_request, reply) => ready(reply))
    // The name is compared as it was decoded: in the path of a route, signs of it would mean something else.
    app.get<{ Params: { name: string } }>('/v1/models/:name', async ({ params }, reply) => {
      if (params.name !== this.#source.name) return reply.callNotFound()
      if (!this.#served) return ready(reply)
      const { current, predictor } = this.#served
      return { name: this.#source.name, version: current, ready: true, ...predictor.signature }
    })
    app.get('/metrics', async (_request, reply) =>
      reply.type(this.#registry.contentType).send(await this.#registry.metrics()),
    )
    const answer = async ({ body }: FastifyRequest, reply: FastifyReply) => {
      const served = this.#served
      if (!served) return reply.code(503).send({ error: 'the model is loading' })
      // During a change answers come from two versions: they say from which.
      reply.header('x-model-version', served.current)
      return { predictions: await this.#predict(served, body) }
    }
    app.post('/invocations', answer)
    app.post<{ Params: { target: string } }>('/v1/models/:target', async (request, reply) =>
      request.params.target === `${this.#source.name}:predict` ? await answer(request, reply) : reply.callNotFound(),
    )
    // Connections are not kept while it ends: the next request of a client goes to another pod.
    app.addHook('onSend', async (_request, reply) => {
      if (this.#ending) reply.header('connection', 'close')
    })
    app.setErrorHandler((error, _request, reply) => {
      const status = error instanceof RequestError ? 400 : ((error as { statusCode?: number }).statusCode ?? 500)
      const message = status < 500 ? (error as Error).message : 'the prediction failed'
      if (status >= 500) process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
      return reply.code(status).send({ error: message })
    })
  }

  async #predict(served: Served, body: unknown): Promise<readonly Prediction[]> {
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
