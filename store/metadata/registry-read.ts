/** Reads of the registry: whole models and versions with tags and aliases, newest versions, searches. */
import { sql } from 'kysely'
import type { Db, Metadata } from './database.ts'
import { type KeyedSearch, keyedSearch, type SearchPlan } from './keyed-search.ts'
import type { KeyValuePair } from './runs.ts'
import type { ModelVersionRow, RegisteredModelRow } from './tables.ts'

export interface FullVersion {
  readonly row: ModelVersionRow
  readonly tags: KeyValuePair[]
  readonly aliases: string[]
}

export interface FullModel {
  readonly row: RegisteredModelRow
  readonly tags: KeyValuePair[]
  readonly aliases: { alias: string; version: number }[]
  readonly latest: FullVersion[]
}

/** Adds tags and aliases to versions of one namespace. */
export async function completeVersions(db: Db, rows: readonly ModelVersionRow[]): Promise<FullVersion[]> {
  if (rows.length === 0) return []
  const namespace = rows[0]!.namespace
  const names = [...new Set(rows.map((row) => row.name))]
  const byVersion = new Map(
    rows.map((row) => [`${row.name}\0${row.version}`, { row, tags: [], aliases: [] } as FullVersion]),
  )
  const ofNames = { namespace, names }
  for (const tag of await tagsOfVersions(db, ofNames)) {
    byVersion.get(`${tag.name}\0${tag.version}`)?.tags.push({ key: tag.key, value: tag.value })
  }
  for (const alias of await aliasesOf(db, ofNames)) {
    byVersion.get(`${alias.name}\0${alias.version}`)?.aliases.push(alias.alias)
  }
  return [...byVersion.values()]
}

interface Names {
  readonly namespace: string
  readonly names: readonly string[]
}

async function tagsOfVersions(db: Db, { namespace, names }: Names) {
  return await db
    .selectFrom('model_version_tags')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', 'in', names)
    .orderBy('key')
    .execute()
}

async function aliasesOf(db: Db, { namespace, names }: Names) {
  return await db
    .selectFrom('model_aliases')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', 'in', names)
    .orderBy('alias')
    .execute()
}

/** Adds tags, aliases and the newest version of each stage. */
export async function completeModels(db: Db, rows: readonly RegisteredModelRow[]): Promise<FullModel[]> {
  if (rows.length === 0) return []
  const of = { namespace: rows[0]!.namespace, names: rows.map((row) => row.name) }
  const byName = new Map(rows.map((row) => [row.name, { row, tags: [], aliases: [], latest: [] } as FullModel]))
  const tags = await db
    .selectFrom('registered_model_tags')
    .selectAll()
    .where('namespace', '=', of.namespace)
    .where('name', 'in', of.names)
    .orderBy('key')
    .execute()
  for (const { name, key, value } of tags) byName.get(name)!.tags.push({ key, value })
  for (const { name, alias, version } of await aliasesOf(db, of)) byName.get(name)!.aliases.push({ alias, version })
  for (const version of await completeVersions(db, await newestPerStage(db, of.namespace, of.names))) {
    byName.get(version.row.name)!.latest.push(version)
  }
  return [...byName.values()]
}

/** The newest version of each stage of each model. */
export async function newestPerStage(db: Db, namespace: string, names: readonly string[]): Promise<ModelVersionRow[]> {
  return await db
    .selectFrom('model_versions as v')
    .selectAll('v')
    .where('v.namespace', '=', namespace)
    .where('v.name', 'in', names)
    .where(
      sql<boolean>`v.version = (select max(w.version) from model_versions as w
        where w.namespace = v.namespace and w.name = v.name and w.current_stage = v.current_stage)`,
    )
    .orderBy('v.version')
    .execute()
}

const MODEL_SEARCH: SearchPlan = {
  from: sql`registered_models as m`,
  columns: sql`m.*`,
  attributes: {
    name: sql.ref('m.name'),
    creation_timestamp: sql.ref('m.created_at'),
    last_updated_timestamp: sql.ref('m.updated_at'),
  },
  pairs: {
    tag: { table: 'registered_model_tags', joins: sql<boolean>`kv.namespace = m.namespace and kv.name = m.name` },
  },
  tieBreak: [{ expression: sql.ref('m.name') }],
}

const VERSION_SEARCH: SearchPlan = {
  from: sql`model_versions as v`,
  columns: sql`v.*`,
  attributes: {
    name: sql.ref('v.name'),
    version_number: sql.ref('v.version'),
    run_id: sql.ref('v.run_id'),
    source_path: sql.ref('v.source'),
    creation_timestamp: sql.ref('v.created_at'),
    last_updated_timestamp: sql.ref('v.updated_at'),
  },
  pairs: {
    tag: {
      table: 'model_version_tags',
      joins: sql<boolean>`kv.namespace = v.namespace and kv.name = v.name and kv.version = v.version`,
    },
  },
  tieBreak: [{ expression: sql.ref('v.name') }, { expression: sql.ref('v.version'), descending: true }],
}

export async function searchRegisteredModels(metadata: Metadata, namespace: string, search: KeyedSearch) {
  const base = [sql<boolean>`m.namespace = ${namespace}`, ...search.base]
  return await keyedSearch<RegisteredModelRow>(metadata, MODEL_SEARCH, { ...search, base })
}

export async function searchModelVersions(metadata: Metadata, namespace: string, search: KeyedSearch) {
  const base = [sql<boolean>`v.namespace = ${namespace}`, ...search.base]
  return await keyedSearch<ModelVersionRow>(metadata, VERSION_SEARCH, { ...search, base })
}
