/** The shape of one MLflow endpoint, so that the endpoints are tables and one place registers them all. */
import type { Resource, Verb } from '../access.ts'
import type { Caller, Services } from '../context.ts'
import type { Fields } from './fields.ts'
import type { Json } from './wire.ts'

export interface Call {
  readonly services: Services
  readonly caller: Caller
  /** Query fields of a GET, body fields of the others, and the parts of the path. */
  readonly fields: Fields
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE' | 'PUT'
  /** Below `/api/2.0/mlflow/` unless it starts with a slash. */
  readonly path: string
  readonly verb: Verb
  readonly resource: Resource
  readonly handle: (call: Call) => Promise<Json>
}
