/** Registers KFP's API v2beta1 on the server. Before: app.ts. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Services } from '../context.ts'
import { identify } from '../identify.ts'
import { Fields } from '../mlflow/fields.ts'
import { HttpError, problemOf } from '../problem.ts'
import type { KfpCall, KfpRoute } from './call.ts'
import { EXPERIMENT_ROUTES } from './experiments.ts'
import { kfpErrorBody, statusOf } from './kfp-error.ts'
import { healthJson, MISC_ROUTES } from './misc.ts'
import { PIPELINE_ROUTES } from './pipelines.ts'
import { RECURRING_RUN_ROUTES } from './recurring-runs.ts'
import { RUN_ROUTES } from './runs.ts'
import { registerUploads } from './upload.ts'

const PREFIX = '/apis/v2beta1'

export const KFP_ROUTES: readonly KfpRoute[] = [
  ...EXPERIMENT_ROUTES,
  ...PIPELINE_ROUTES,
  ...RUN_ROUTES,
  ...RECURRING_RUN_ROUTES,
  ...MISC_ROUTES,
]

export async function registerKfp(app: FastifyInstance, services: Services): Promise<void> {
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error, request, services.logger)
    return reply.code(statusOf(problem)).send(kfpErrorBody(problem))
  })
  const callOf = async (request: FastifyRequest): Promise<KfpCall> => ({
    services,
    metadata: services.metadata,
    caller: await identify(services, request, { verb: 'get', resource: 'runs', api: 'kfp' }),
    params: request.params as Record<string, string>,
    query: new Fields(request.query),
    body: new Fields(request.body),
  })
  // No client can be built without it, so it asks for no identity.
  app.get(`${PREFIX}/healthz`, async () => healthJson(services.access.multiUser))
  for (const [place, handlers] of byPlace(KFP_ROUTES)) {
    const [method, path] = place.split(' ') as [KfpRoute['method'], string]
    app.route({
      method,
      url: `${PREFIX}${path}`,
      exposeHeadRoute: false,
      handler: async (request) => await dispatch(await callOf(request), handlers),
    })
  }
  await app.register(async (scope) => registerUploads(scope, PREFIX, services, callOf))
}

/** Verb after the colon (empty for none) to the handler. */
type Handlers = Map<string, KfpRoute['handle']>

/** The router can't tell `/runs/:id:archive` from `/runs/:id:retry`: the verbs of one place share a route. */
function byPlace(routes: readonly KfpRoute[]): Map<string, Handlers> {
  const places = new Map<string, Handlers>()
  for (const { method, path, handle } of routes) {
    const [base, verb = ''] = path.split('::')
    const place = `${method} ${base}`
    const handlers: Handlers = places.get(place) ?? new Map()
    handlers.set(verb, handle)
    places.set(place, handlers)
  }
  return places
}

/** Takes the verb off the last path parameter. */
async function dispatch(call: KfpCall, handlers: Handlers): Promise<object> {
  const [last, value = ''] = Object.entries(call.params).at(-1) ?? []
  const colon = value.lastIndexOf(':')
  const verb = last !== undefined && colon >= 0 ? value.slice(colon + 1) : ''
  const handle = handlers.get(verb)
  if (!handle) throw new HttpError(404, 'Not Found')
  const params = verb === '' ? call.params : { ...call.params, [last!]: value.slice(0, colon) }
  return await handle({ ...call, params })
}
