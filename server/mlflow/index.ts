/** Registers MLflow's REST API 2.0 on the server: tables of endpoints become routes under both of their prefixes. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { MetadataErrorCode } from '../../store/metadata/errors.ts'
import type { Services } from '../context.ts'
import { identify } from '../identify.ts'
import { type Problem, problemOf } from '../problem.ts'
import { ARTIFACT_ROUTES, registerArtifactProxy } from './artifacts.ts'
import { EXPERIMENT_ROUTES } from './experiments.ts'
import { Fields } from './fields.ts'
import { LOGGED_MODEL_ROUTES } from './logged-models.ts'
import { LOGGING_ROUTES } from './logging.ts'
import { MODEL_VERSION_ROUTES } from './model-versions.ts'
import { REGISTERED_MODEL_ROUTES } from './registered-models.ts'
import type { Route } from './route.ts'
import { RUN_ROUTES } from './runs.ts'

/** The version of MLflow whose answers these endpoints follow. */
const FOLLOWED_VERSION = '3.17.2'

export const MLFLOW_ROUTES: readonly Route[] = [
  ...EXPERIMENT_ROUTES,
  ...RUN_ROUTES,
  ...LOGGING_ROUTES,
  ...ARTIFACT_ROUTES,
  ...LOGGED_MODEL_ROUTES,
  ...REGISTERED_MODEL_ROUTES,
  ...MODEL_VERSION_ROUTES,
]

/** The web pages of MLflow call the same endpoints under the second prefix. */
const PREFIXES = ['/api/2.0', '/ajax-api/2.0']

export async function registerMlflow(app: FastifyInstance, services: Services): Promise<void> {
  app.setErrorHandler((error, request, reply) => sendProblem(problemOf(error, request, services.logger), reply))
  for (const prefix of PREFIXES) {
    for (const route of MLFLOW_ROUTES) registerRoute(app, `${prefix}/mlflow/${route.path}`, route, services)
    registerArtifactProxy(app, `${prefix}/mlflow-artifacts`, services, async (request, verb) =>
      identify(services, request, { verb, resource: 'artifacts', api: 'mlflow' }),
    )
  }
  for (const prefix of ['/api', '/ajax-api']) {
    app.get(`${prefix}/3.0/mlflow/server-info`, async () => ({
      ...SERVER_INFO,
      workspaces_enabled: services.access.multiUser,
    }))
    for (const version of ['2.0', '3.0']) {
      app.all(`${prefix}/${version}/mlflow/*`, async (request, reply) => endpointNotFound(request, reply))
    }
  }
  app.get('/version', async (_request, reply) => reply.type('text/plain').send(FOLLOWED_VERSION))
}

const SERVER_INFO = {
  store_type: 'SqlStore',
  multipart_uploads_enabled: false,
  multipart_downloads_enabled: false,
  trace_archival_enabled: false,
}

function registerRoute(app: FastifyInstance, url: string, route: Route, services: Services): void {
  app.route({
    method: route.method,
    url,
    exposeHeadRoute: false,
    handler: async (request) => {
      const caller = await identify(services, request, { verb: route.verb, resource: route.resource, api: 'mlflow' })
      const given = route.method === 'GET' ? request.query : { ...(request.query as object), ...objectOf(request.body) }
      const fields = new Fields({ ...(given as object), ...(request.params as object) })
      return await route.handle({ services, caller, fields })
    },
  })
}

function objectOf(body: unknown): object {
  return typeof body === 'object' && body !== null && !Array.isArray(body) ? body : {}
}

function endpointNotFound(request: FastifyRequest, reply: FastifyReply) {
  const path = request.url.split('?')[0]
  return reply.code(404).send({ error_code: 'ENDPOINT_NOT_FOUND', message: `No API found for '${path}'` })
}

const ERROR_CODES: Readonly<Record<MetadataErrorCode, readonly [status: number, code: string]>> = {
  'not-found': [404, 'RESOURCE_DOES_NOT_EXIST'],
  'already-exists': [400, 'RESOURCE_ALREADY_EXISTS'],
  invalid: [400, 'INVALID_PARAMETER_VALUE'],
  'failed-precondition': [400, 'BAD_REQUEST'],
  conflict: [409, 'RESOURCE_CONFLICT'],
  forbidden: [403, 'PERMISSION_DENIED'],
}

const STATUS_CODES: Readonly<Record<number, string>> = {
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'ENDPOINT_NOT_FOUND',
  413: 'INVALID_PARAMETER_VALUE',
  429: 'REQUEST_LIMIT_EXCEEDED',
  503: 'TEMPORARILY_UNAVAILABLE',
}

function sendProblem(problem: Problem, reply: FastifyReply) {
  if (problem.code) {
    const [status, code] = ERROR_CODES[problem.code]
    return reply.code(status).send({ error_code: code, message: problem.message })
  }
  const word = STATUS_CODES[problem.status] ?? (problem.status >= 500 ? 'INTERNAL_ERROR' : 'BAD_REQUEST')
  return reply.code(problem.status).send({ error_code: word, message: problem.message })
}
