/** The shape of one KFP endpoint and what its handler gets. Before: index.ts. */
import type { Metadata } from '../../store/metadata/database.ts'
import { notFound } from '../../store/metadata/errors.ts'
import type { Resource, Verb } from '../access.ts'
import type { Caller, Services } from '../context.ts'
import { refuseStep, requireRight } from '../identify.ts'
import type { Fields } from '../mlflow/fields.ts'
import { HttpError } from '../problem.ts'

export interface KfpCall {
  readonly services: Services
  readonly metadata: Metadata
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  readonly query: Fields
  readonly body: Fields
}

export interface KfpRoute {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  /** Below `/apis/v2beta1`; `::` stands for the colon of a verb. */
  readonly path: string
  readonly handle: (call: KfpCall) => Promise<object>
}

const READS: readonly Verb[] = ['get', 'list', 'readArtifact']

/** Rejects with 403 without the right; with separate workspaces a caller without `get` sees no object at all. */
export async function permit(call: KfpCall, verb: Verb, resource: Resource, namespace: string): Promise<void> {
  if (!READS.includes(verb)) refuseStep(call.caller)
  if (!call.services.access.multiUser) return
  await requireRight(call.services, call.caller, verb, resource, namespace)
}

/** The namespace that a list or create call works in: one server, one workspace, whatever the client says. */
export function namespaceOf(call: KfpCall, given: string | undefined): string {
  if (!call.services.access.multiUser) return ''
  if (!given) throw new HttpError(400, 'This server separates workspaces: the namespace must not be empty')
  return given
}

/** A path parameter as an id; what no id can be is simply not found. */
export function idOf(call: KfpCall, name: string): string {
  const id = call.params[name] ?? ''
  if (!/^[\w.-]{1,200}$/.test(id)) throw notFound(`Nothing has the id '${id.slice(0, 100)}'`)
  return id
}
