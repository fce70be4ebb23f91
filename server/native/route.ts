/** Our own API, below `/api/v1`: what neither KFP's nor MLflow's has. Its bodies are camelCase JSON. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Resource, Verb } from '../access.ts'
import type { Caller, Services } from '../context.ts'
import type { Fields } from '../mlflow/fields.ts'

export interface NativeCall {
  readonly services: Services
  readonly caller: Caller
  readonly params: Readonly<Record<string, string>>
  readonly query: Fields
  readonly body: Fields
  readonly request: FastifyRequest
  readonly reply: FastifyReply
}

export interface NativeRoute {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly path: string
  readonly verb: Verb
  readonly resource: Resource
  readonly handle: (call: NativeCall) => Promise<unknown>
}
