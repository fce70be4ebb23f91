/** Registers our own API below `/api/v1`. Before: app.ts. */
import type { FastifyInstance } from 'fastify'
import type { MetadataErrorCode } from '../../store/metadata/errors.ts'
import type { Services } from '../context.ts'
import { identify } from '../identify.ts'
import { Fields } from '../mlflow/fields.ts'
import { problemOf } from '../problem.ts'
import { MODEL_DEPLOYMENT_ROUTES } from './model-deployments.ts'
import { MODEL_ROUTES } from './models.ts'
import { PLAN_ROUTES } from './plans.ts'
import type { NativeRoute } from './route.ts'
import { RUN_ROUTES } from './runs.ts'
import { SCHEDULE_ROUTES } from './schedules.ts'
import { registerWebhooks } from './webhooks.ts'

const PREFIX = '/api/v1'

const STATUS: Readonly<Record<MetadataErrorCode, number>> = {
  invalid: 400,
  'failed-precondition': 409,
  'not-found': 404,
  'already-exists': 409,
  conflict: 409,
  forbidden: 403,
}

export const NATIVE_ROUTES: readonly NativeRoute[] = [
  ...MODEL_ROUTES,
  ...MODEL_DEPLOYMENT_ROUTES,
  ...RUN_ROUTES,
  ...PLAN_ROUTES,
  ...SCHEDULE_ROUTES,
]

export async function registerNative(app: FastifyInstance, services: Services): Promise<void> {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request, services.logger)
    const status = problem.code ? STATUS[problem.code] : problem.status
    return reply.code(status).send({ error: { code: problem.code ?? `http-${status}`, message: problem.message } })
  })
  await app.register(async (scope) => registerWebhooks(scope, services), { prefix: PREFIX })
  for (const { method, path, verb, resource, handle } of NATIVE_ROUTES) {
    app.route({
      method,
      url: `${PREFIX}${path}`,
      exposeHeadRoute: false,
      handler: async (request, reply) => {
        const caller = await identify(services, request, { verb, resource, api: 'mlflow' })
        const params = request.params as Record<string, string>
        const [query, body] = [new Fields(request.query), new Fields(request.body)]
        return await handle({ services, caller, params, query, body, request, reply })
      },
    })
  }
}
