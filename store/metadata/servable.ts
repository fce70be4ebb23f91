/** What a deployment of a model resolves to: the version behind its alias and where its files lie. Before: operator/serving/. */
import { findAlias } from './aliases.ts'
import type { Db } from './database.ts'
import { notFound } from './errors.ts'
import { getModelVersion, getRegisteredModel } from './registry.ts'
import { getRun } from './runs.ts'

export interface Servable {
  readonly version: number
  /** Where its files lie: a URI such as `mlflow-artifacts:/3/<run>/artifacts/model`. */
  readonly uri: string
}

/** Rejects with `not-found` when model, alias or version are not in the namespace. */
export async function findServable(
  db: Db,
  namespace: string,
  wanted: { readonly model: string; readonly alias?: string | undefined; readonly version?: string | undefined },
): Promise<Servable> {
  const { model, alias } = wanted
  await getRegisteredModel(db, namespace, model)
  const version = wanted.version ?? (alias && (await findAlias(db, namespace, model, alias)))
  if (version === undefined || version === '') throw notFound(`Model ${model} has no alias ${alias}`)
  const row = await getModelVersion(db, namespace, model, version)
  const ofRun = /^runs:\/([^/]+)\/(.+)$/.exec(row.storage_location)
  const uri = ofRun ? `${(await getRun(db, ofRun[1]!)).artifact_uri}/${ofRun[2]}` : row.storage_location
  return { version: row.version, uri }
}

/** The last line of the registry's history: while it stays, no alias has moved. */
export async function lastRegistryChange(db: Db): Promise<number> {
  const row = await db
    .selectFrom('registry_history')
    .select((select) => select.fn.max('seq').as('seq'))
    .executeTakeFirst()
  return Number(row?.seq ?? 0)
}
