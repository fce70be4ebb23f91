/** Pipelines and their versions. Before: server/kfp and the Pipeline resources. */
import type { Db } from './database.ts'
import { isUniqueViolation, MetadataError, notFound } from './errors.ts'
import type { PipelineRow, PipelineVersionRow } from './tables.ts'

export type Tags = Readonly<Record<string, string>>

/** Rejects with `already-exists` when the namespace has a pipeline of that name. */
export async function insertPipeline(db: Db, row: PipelineRow, tags: Tags): Promise<void> {
  try {
    await db.insertInto('pipelines').values(row).execute()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new MetadataError('already-exists', `A pipeline with the name ${row.name} already exists`)
  }
  await replaceTags(db, row.pipeline_id, tags)
}

/** Rejects with `already-exists` when the pipeline has a version of that name. */
export async function insertVersion(db: Db, row: PipelineVersionRow, tags: Tags): Promise<void> {
  try {
    await db.insertInto('pipeline_versions').values(row).execute()
  } catch (error) {
    if (!isUniqueViolation(error)) throw error
    throw new MetadataError('already-exists', `The pipeline already has a version with the name ${row.name}`)
  }
  await replaceTags(db, row.pipeline_version_id, tags)
}

export async function getPipeline(db: Db, id: string): Promise<PipelineRow> {
  const row = await db.selectFrom('pipelines').selectAll().where('pipeline_id', '=', id).executeTakeFirst()
  if (!row) throw notFound(`Pipeline ${id} not found`)
  return row
}

export async function findPipelineByName(db: Db, namespace: string, name: string): Promise<PipelineRow> {
  const row = await db
    .selectFrom('pipelines')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .executeTakeFirst()
  if (!row) throw notFound(`Pipeline with the name ${name} not found`)
  return row
}

/** A version by id; rejects with `not-found`, also when it belongs to another pipeline than the one given. */
export async function getVersion(db: Db, id: string, pipelineId?: string): Promise<PipelineVersionRow> {
  const row = await db
    .selectFrom('pipeline_versions')
    .selectAll()
    .where('pipeline_version_id', '=', id)
    .executeTakeFirst()
  if (!row || (pipelineId !== undefined && row.pipeline_id !== pipelineId)) {
    throw notFound(`Pipeline version ${id} not found`)
  }
  return row
}

/** The version that was created last. */
export async function latestVersion(db: Db, pipelineId: string): Promise<PipelineVersionRow> {
  const row = await db
    .selectFrom('pipeline_versions')
    .selectAll()
    .where('pipeline_id', '=', pipelineId)
    .orderBy('created_at', 'desc')
    .orderBy('pipeline_version_id', 'desc')
    .executeTakeFirst()
  if (!row) throw notFound(`Pipeline ${pipelineId} has no version`)
  return row
}

/** Deletes a pipeline; with versions only when `cascade` says so. */
export async function deletePipeline(db: Db, id: string, cascade: boolean): Promise<void> {
  await getPipeline(db, id)
  const versions = await db
    .selectFrom('pipeline_versions')
    .select('pipeline_version_id')
    .where('pipeline_id', '=', id)
    .execute()
  if (versions.length > 0 && !cascade) {
    throw new MetadataError('invalid', `Pipeline ${id} has existing pipeline versions: delete them first, or cascade`)
  }
  const owners = [id, ...versions.map((version) => version.pipeline_version_id)]
  await db.deleteFrom('pipeline_tags').where('owner_id', 'in', owners).execute()
  await db.deleteFrom('pipelines').where('pipeline_id', '=', id).execute()
}

export async function deleteVersion(db: Db, id: string, pipelineId: string): Promise<void> {
  await getVersion(db, id, pipelineId)
  await db.deleteFrom('pipeline_tags').where('owner_id', '=', id).execute()
  await db.deleteFrom('pipeline_versions').where('pipeline_version_id', '=', id).execute()
}

export async function replaceTags(db: Db, ownerId: string, tags: Tags): Promise<void> {
  await db.deleteFrom('pipeline_tags').where('owner_id', '=', ownerId).execute()
  const rows = Object.entries(tags).map(([key, value]) => ({ owner_id: ownerId, key, value }))
  if (rows.length > 0) await db.insertInto('pipeline_tags').values(rows).execute()
}

/** Tags of pipelines or versions by their ids. */
export async function tagsOf(db: Db, ids: readonly string[]): Promise<Map<string, Record<string, string>>> {
  const byId = new Map<string, Record<string, string>>()
  if (ids.length === 0) return byId
  const rows = await db.selectFrom('pipeline_tags').selectAll().where('owner_id', 'in', ids).execute()
  for (const { owner_id, key, value } of rows) byId.set(owner_id, { ...byId.get(owner_id), [key]: value })
  return byId
}
