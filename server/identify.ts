/** Turns a request into its caller, or refuses it. Before: every route. After: access.ts. */
import type { FastifyRequest } from 'fastify'
import type { Resource, Verb } from './access.ts'
import type { Caller, Services } from './context.ts'
import { noteActor } from './guard.ts'
import { HttpError } from './problem.ts'

export interface Need {
  readonly verb: Verb
  readonly resource: Resource
  /** MLflow names its workspace in a header; KFP's objects name theirs and are checked when they are found. */
  readonly api: 'mlflow' | 'kfp'
}

/** Rejects with 401 without a known identity and with 403 without the right. */
export async function identify(services: Services, request: FastifyRequest, need: Need): Promise<Caller> {
  const { access } = services
  const identity = await access.authenticate(request.headers)
  if (!identity) throw new HttpError(401, 'Unauthenticated: send a bearer token that this server knows')
  noteActor(request, identity.actor)
  const caller: Caller = {
    actor: identity.actor,
    groups: identity.groups,
    namespace: identity.namespace ?? '',
    reads: identity.namespace,
    ...(identity.runScope !== undefined && { runScope: identity.runScope }),
  }
  if (caller.runScope !== undefined && need.verb === 'delete') {
    throw new HttpError(403, 'The token of a step may not delete')
  }
  if (!access.multiUser) return { ...caller, namespace: '', reads: undefined }
  if (need.api === 'kfp') return caller
  const workspace = request.headers['x-mlflow-workspace']
  const namespace = identity.namespace ?? (typeof workspace === 'string' ? workspace : '')
  if (!namespace) throw new HttpError(400, 'This server separates workspaces: name yours (MLFLOW_WORKSPACE)')
  await requireRight(services, identity, need.verb, need.resource, namespace)
  return { ...caller, namespace, reads: namespace }
}

/** Rejects with 403 what the token of a step never covers, on a server with one workspace too. */
export function refuseStep({ runScope }: Pick<Caller, 'runScope'>): void {
  if (runScope !== undefined)
    throw new HttpError(403, 'The token of a step may not change experiments, pipelines, other runs or schedules')
}

export async function requireRight(
  services: Services,
  identity: { readonly actor: string; readonly groups: readonly string[] },
  verb: Verb,
  resource: Resource,
  namespace: string,
): Promise<void> {
  if (await services.access.allows(identity, verb, resource, namespace)) return
  throw new HttpError(403, `${identity.actor} may not ${verb} ${resource} in namespace '${namespace}'`)
}
