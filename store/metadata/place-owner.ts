/** Whose files lie at a URI: the folder of a run, and of a logged model, carries its id. Before: reads of artifacts, deployments of models. */
import { fileURLToPath } from 'node:url'
import type { Db } from './database.ts'

const SHORTEST_ID = 32

/** The namespace of the run or logged model in whose folder the place is; undefined when it is in none, or that can't be told. */
export async function namespaceOfPlace(db: Db, uri: string): Promise<string | undefined> {
  const parts = partsOf(uri)
  // A store that resolves these reads another place.
  if (parts.some((part) => part === '.' || part === '..')) return undefined
  const ids = parts.filter((part) => part.length >= SHORTEST_ID)
  if (ids.length === 0) return undefined
  const runs = await db.selectFrom('runs').select(['run_id as id', 'namespace']).where('run_id', 'in', ids).execute()
  const models = await db
    .selectFrom('logged_models')
    .innerJoin('experiments', 'experiments.experiment_id', 'logged_models.experiment_id')
    .select(['logged_models.model_id as id', 'experiments.namespace'])
    .where('logged_models.model_id', 'in', ids)
    .execute()
  const owners = new Map([...runs, ...models].map(({ id, namespace }) => [id, namespace]))
  // The outermost folder: whose it is put there what is in it.
  return owners.get(ids.find((id) => owners.has(id)) ?? '')
}

/** Of the path that is read, for a `file:` URI may hide one behind percent signs. */
function partsOf(uri: string): string[] {
  if (!/^file:/i.test(uri)) return uri.split('/')
  try {
    return fileURLToPath(uri).split('/')
  } catch {
    return []
  }
}
