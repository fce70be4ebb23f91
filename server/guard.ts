/** What every request passes before its route: origin, host, rate. And the line in the audit log after. Before: app.ts. */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { AuditLog } from './audit.ts'
import type { Services } from './context.ts'
import { HttpError } from './problem.ts'
import { type RateLimit, RateLimiter } from './rate-limit.ts'
import { authorizationOf } from './run-tokens.ts'

export interface GuardOptions {
  /** Names that a browser may know this server by; undefined allows any, which needs authentication. */
  readonly hostNames?: readonly string[] | undefined
  /** Absent: no limit. */
  readonly rateLimit?: RateLimit | undefined
}

export function installGuard(app: FastifyInstance, services: Services, options: GuardOptions): void {
  const limiter = options.rateLimit && new RateLimiter(options.rateLimit)
  const audit = new AuditLog(services.metadata, services.logger)
  app.addHook('onRequest', async (request) => {
    refuseForeignPages(request, options.hostNames)
    if (limiter && !limiter.take(authorizationOf(request.headers) ?? request.ip, performance.now())) {
      throw new HttpError(429, 'Too many requests: slow down')
    }
  })
  app.addHook('onResponse', async (request, reply) => {
    const actor = actors.get(request)
    // Who proves nothing changes nothing, and must not fill the table.
    if (actor !== undefined) audit.note(request, actor, reply.statusCode)
  })
  app.addHook('onClose', async () => audit.flush())
}

const actors = new WeakMap<FastifyRequest, string>()

/** Remembers who a request came from, for its line in the audit log. */
export function noteActor(request: FastifyRequest, actor: string): void {
  actors.set(request, actor)
}

/**
 * A page of another site must not write here through its visitor's browser, nor read through a name it points here:
 * browsers tell origin and host, and they have to be this server's own.
 */
function refuseForeignPages(request: FastifyRequest, hostNames: readonly string[] | undefined): void {
  if (/%00/.test(request.url)) throw new HttpError(400, 'Paths and queries must not contain NUL')
  const { origin, host } = request.headers
  if (hostNames && !hostNames.includes(nameOf(host ?? ''))) {
    throw new HttpError(403, 'This server is not known under this host name')
  }
  if (request.headers['sec-fetch-site'] === 'cross-site')
    throw new HttpError(403, 'Requests of other sites are refused')
  if (!origin) return
  const originHost = URL.canParse(origin) ? new URL(origin).host : undefined
  if (originHost !== host) throw new HttpError(403, 'Requests of other origins are refused')
}

function nameOf(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase()
}
