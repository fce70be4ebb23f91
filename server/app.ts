/** Builds the HTTP server: limits, parsing, protection of browsers, then the APIs. Before: cli serve and operator. */
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import type { Services } from './context.ts'
import { type GuardOptions, installGuard } from './guard.ts'
import { registerKfp } from './kfp/index.ts'
import { registerMlflow } from './mlflow/index.ts'
import { registerNative } from './native/index.ts'
import { parseJson } from './parse-json.ts'

/** A JSON body of `log-batch` may have 1 MB; specs of pipelines are larger. */
const MAX_JSON_BYTES = 32 * 1024 * 1024

/** Creates the app with all its routes; the caller listens and closes. */
export async function createApp(services: Services, guard: GuardOptions = {}): Promise<FastifyInstance> {
  await ensureDefaultExperiment(services.metadata.db, services.metadata.now())
  const app = fastify({
    loggerInstance: services.logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_JSON_BYTES,
    routerOptions: { maxParamLength: 8192, caseSensitive: true },
    forceCloseConnections: true,
    requestTimeout: 0,
    keepAliveTimeout: 30_000,
  })
  acceptBodies(app)
  installGuard(app, services, guard)
  app.get('/health', async (_request, reply) => reply.type('text/plain').send('OK'))
  await app.register(async (scope) => registerMlflow(scope, services))
  await app.register(async (scope) => registerKfp(scope, services))
  await app.register(async (scope) => registerNative(scope, services))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ code: 5, message: 'Not Found' }))
  return app
}

/** Clients send JSON with any content type and announce JSON without a body. */
function acceptBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    try {
      done(null, parseJson(body as string))
    } catch (error) {
      done(error as Error)
    }
  })
}
