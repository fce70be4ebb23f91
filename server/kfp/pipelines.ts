/** KFP's endpoints of pipelines and their versions. Before: index.ts; uploads come through upload.ts. */
import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid } from '../../store/metadata/errors.ts'
import {
  deletePipeline,
  deleteVersion,
  findPipelineByName,
  getPipeline,
  getVersion,
  insertPipeline,
  insertVersion,
  replaceTags,
  type Tags,
  tagsOf,
} from '../../store/metadata/pipelines.ts'
import type { PipelineRow, PipelineVersionRow } from '../../store/metadata/tables.ts'
import type { Verb } from '../access.ts'
import type { Fields } from '../mlflow/fields.ts'
import { idOf, type KfpCall, type KfpRoute, namespaceOf, permit } from './call.ts'
import { fetchPackage } from './fetch-package.ts'
import { compact, type Json, timeJson } from './json.ts'
import { type ListPlan, listPage } from './list-query.ts'
import { parseSpec, specJson } from './spec.ts'
import { unpackPipeline } from './unpack.ts'

const MAX_PIPELINE_NAME = 128
const MAX_VERSION_NAME = 127

export function pipelineJson(row: PipelineRow, tags: Tags | undefined): Json {
  return compact({
    pipeline_id: row.pipeline_id,
    name: row.name,
    display_name: row.display_name,
    description: row.description,
    created_at: timeJson(row.created_at),
    namespace: row.namespace,
    tags,
  })
}

export function versionJson(row: PipelineVersionRow, tags: Tags | undefined): Json {
  return compact({
    pipeline_id: row.pipeline_id,
    pipeline_version_id: row.pipeline_version_id,
    name: row.name,
    display_name: row.display_name,
    description: row.description,
    created_at: timeJson(row.created_at),
    package_url: row.package_url ? { pipeline_url: row.package_url } : undefined,
    code_source_url: row.code_source_url,
    pipeline_spec: JSON.parse(row.pipeline_spec) as object,
    tags,
  })
}

const text = (column: string) => ({ sql: sql`coalesce(${sql.ref(column)}, '')`, type: 'text' }) as const
const time = (column: string) => ({ sql: sql.ref(column), type: 'time' }) as const

const PIPELINE_LIST: ListPlan = {
  from: sql`pipelines as p`,
  columns: sql`p.*`,
  fields: {
    pipeline_id: text('p.pipeline_id'),
    id: text('p.pipeline_id'),
    name: text('p.name'),
    display_name: text('p.display_name'),
    created_at: time('p.created_at'),
    description: text('p.description'),
    namespace: text('p.namespace'),
  },
  tags: { table: 'pipeline_tags', joins: sql<boolean>`kv.owner_id = p.pipeline_id` },
  tieBreak: [{ expression: sql.ref('p.pipeline_id') }],
}

const VERSION_LIST: ListPlan = {
  from: sql`pipeline_versions as v`,
  columns: sql`v.*`,
  fields: {
    pipeline_version_id: text('v.pipeline_version_id'),
    id: text('v.pipeline_version_id'),
    name: text('v.name'),
    display_name: text('v.display_name'),
    created_at: time('v.created_at'),
    description: text('v.description'),
    pipeline_spec: text('v.pipeline_spec'),
    status: { sql: sql`'READY'`, type: 'text' },
  },
  tags: { table: 'pipeline_tags', joins: sql<boolean>`kv.owner_id = v.pipeline_version_id` },
  tieBreak: [{ expression: sql.ref('v.pipeline_version_id') }],
}

async function list(call: KfpCall): Promise<Json> {
  const namespace = namespaceOf(call, call.query.text('namespace'))
  await permit(call, 'list', 'pipelines', namespace)
  const base = [sql<boolean>`p.namespace = ${namespace}`]
  const { rows, nextPageToken } = await listPage<PipelineRow>(call.metadata, PIPELINE_LIST, call.query, base)
  const tags = await tagsOf(
    call.metadata.db,
    rows.map((row) => row.pipeline_id),
  )
  const pipelines = rows.map((row) => pipelineJson(row, tags.get(row.pipeline_id)))
  return compact({ pipelines, next_page_token: nextPageToken })
}

async function listVersions(call: KfpCall): Promise<Json> {
  const pipeline = await findPipeline(call, 'list')
  const base = [sql<boolean>`v.pipeline_id = ${pipeline.pipeline_id}`]
  const { rows, nextPageToken } = await listPage<PipelineVersionRow>(call.metadata, VERSION_LIST, call.query, base)
  const tags = await tagsOf(
    call.metadata.db,
    rows.map((row) => row.pipeline_version_id),
  )
  const versions = rows.map((row) => versionJson(row, tags.get(row.pipeline_version_id)))
  return compact({ pipeline_versions: versions, next_page_token: nextPageToken })
}

const readPipeline = (call: KfpCall, db: Db) => getPipeline(db, idOf(call, 'pipeline'))

/** With the caller's right to it checked: before a transaction, for the answer may be long in coming. */
async function findPipeline(call: KfpCall, verb: Verb): Promise<PipelineRow> {
  const row = await readPipeline(call, call.metadata.db)
  await permit(call, verb, 'pipelines', row.namespace)
  return row
}

async function pipelineAnswer(call: KfpCall, row: PipelineRow): Promise<Json> {
  const tags = await tagsOf(call.metadata.db, [row.pipeline_id])
  return pipelineJson(row, tags.get(row.pipeline_id))
}

async function versionAnswer(call: KfpCall, row: PipelineVersionRow): Promise<Json> {
  const tags = await tagsOf(call.metadata.db, [row.pipeline_version_id])
  return versionJson(row, tags.get(row.pipeline_version_id))
}

async function readVersion(call: KfpCall, db: Db): Promise<PipelineVersionRow> {
  const pipeline = await readPipeline(call, db)
  return await getVersion(db, idOf(call, 'version'), pipeline.pipeline_id)
}

async function findVersion(call: KfpCall, verb: Verb): Promise<PipelineVersionRow> {
  const pipeline = await findPipeline(call, verb)
  return await getVersion(call.metadata.db, idOf(call, 'version'), pipeline.pipeline_id)
}

/** What names a new pipeline or version; each of the two names stands in for the other. */
export interface Naming {
  readonly name?: string | undefined
  readonly displayName?: string | undefined
  readonly description?: string | undefined
  readonly tags: Tags
}

export function readNaming(fields: Fields, longest: number): Naming {
  return {
    name: fields.text('name', longest),
    displayName: fields.text('display_name', longest),
    description: fields.text('description', 10_000),
    tags: readTags(fields),
  }
}

/** A map of texts, also as JSON text as upload queries carry it. */
export function readTags(fields: Fields): Tags {
  let map: unknown = fields.raw('tags')
  if (typeof map === 'string' && map !== '') {
    try {
      map = JSON.parse(map)
    } catch {
      throw invalid('tags must be a JSON object of texts')
    }
  }
  if (map === undefined || map === null || map === '') return {}
  const texts = typeof map === 'object' && Object.values(map).every((value) => typeof value === 'string')
  if (!texts || Array.isArray(map)) throw invalid('tags must be a JSON object of texts')
  return map as Tags
}

function newPipeline(naming: Naming, namespace: string, now: number): PipelineRow {
  const name = naming.name || naming.displayName
  if (!name) throw invalid('A pipeline needs a name or a display_name')
  return {
    pipeline_id: randomUUID(),
    namespace,
    name,
    display_name: naming.displayName || name,
    description: naming.description ?? null,
    created_at: now,
  }
}

export interface VersionSource {
  readonly document: PipelineDocument
  readonly packageUrl?: string | undefined
  readonly codeSourceUrl?: string | undefined
}

function newVersion(pipelineId: string, naming: Naming, source: VersionSource, now: number): PipelineVersionRow {
  const name = naming.name || naming.displayName || source.document.spec.pipelineInfo.name
  return {
    pipeline_version_id: randomUUID(),
    pipeline_id: pipelineId,
    name: name.slice(0, MAX_VERSION_NAME),
    display_name: naming.displayName || name,
    description: naming.description ?? null,
    created_at: now,
    package_url: source.packageUrl ?? null,
    code_source_url: source.codeSourceUrl ?? null,
    pipeline_spec: JSON.stringify(specJson(source.document)),
  }
}

/** A pipeline and its first version of the same name. */
export async function createWithVersion(
  call: KfpCall,
  namespace: string,
  naming: Naming,
  source: VersionSource,
): Promise<Json> {
  await permit(call, 'create', 'pipelines', namespace)
  const now = call.metadata.now()
  const fallback = { ...naming, name: naming.name || naming.displayName || source.document.spec.pipelineInfo.name }
  const row = newPipeline(fallback, namespace, now)
  await call.metadata.transaction(async (db) => {
    await insertPipeline(db, row, naming.tags)
    await insertVersion(db, newVersion(row.pipeline_id, { ...fallback, tags: {} }, source, now), {})
  })
  return pipelineJson(row, naming.tags)
}

export async function addVersion(
  call: KfpCall,
  pipelineId: string,
  naming: Naming,
  source: VersionSource,
): Promise<Json> {
  const pipeline = await getPipeline(call.metadata.db, pipelineId)
  await permit(call, 'create', 'pipelines', pipeline.namespace)
  const row = newVersion(pipeline.pipeline_id, naming, source, call.metadata.now())
  await call.metadata.transaction((db) => insertVersion(db, row, naming.tags))
  return versionJson(row, naming.tags)
}

async function create(call: KfpCall): Promise<Json> {
  const namespace = namespaceOf(call, call.body.text('namespace'))
  await permit(call, 'create', 'pipelines', namespace)
  const naming = readNaming(call.body, MAX_PIPELINE_NAME)
  const row = newPipeline(naming, namespace, call.metadata.now())
  await call.metadata.transaction((db) => insertPipeline(db, row, naming.tags))
  return pipelineJson(row, naming.tags)
}

async function loadSource(call: KfpCall, fields: Fields): Promise<VersionSource> {
  const url = fields.object('package_url')?.required('pipeline_url', 4000)
  if (!url) throw invalid('package_url.pipeline_url is missing')
  const text = await unpackPipeline(await fetchPackage(url, call.services.packageHosts))
  return { document: parseSpec(text), packageUrl: url, codeSourceUrl: fields.text('code_source_url', 4000) }
}

async function createFromUrl(call: KfpCall): Promise<Json> {
  const pipeline = call.body.object('pipeline')
  const version = call.body.object('pipeline_version')
  if (!pipeline || !version) throw invalid('pipeline and pipeline_version are needed')
  const namespace = namespaceOf(call, pipeline.text('namespace'))
  return await createWithVersion(
    call,
    namespace,
    readNaming(pipeline, MAX_PIPELINE_NAME),
    await loadSource(call, version),
  )
}

async function createVersion(call: KfpCall): Promise<Json> {
  const pipeline = await findPipeline(call, 'create')
  const source = await loadSource(call, call.body)
  return await addVersion(call, pipeline.pipeline_id, readNaming(call.body, MAX_VERSION_NAME), source)
}

async function getByName(call: KfpCall): Promise<Json> {
  const namespace = namespaceOf(call, call.query.text('namespace'))
  await permit(call, 'get', 'pipelines', namespace)
  return await pipelineAnswer(call, await findPipelineByName(call.metadata.db, namespace, call.params['name'] ?? ''))
}

/** Only the display name and the tags change after creation. */
async function patchPipeline(call: KfpCall): Promise<Json> {
  await findPipeline(call, 'update')
  const row = await call.metadata.transaction(async (db) => {
    const found = await readPipeline(call, db)
    const display_name = call.body.text('display_name', MAX_PIPELINE_NAME) || found.display_name
    await db.updateTable('pipelines').set({ display_name }).where('pipeline_id', '=', found.pipeline_id).execute()
    if (call.body.has('tags')) await replaceTags(db, found.pipeline_id, readTags(call.body))
    return { ...found, display_name }
  })
  return await pipelineAnswer(call, row)
}

async function patchVersion(call: KfpCall): Promise<Json> {
  await findPipeline(call, 'update')
  const row = await call.metadata.transaction(async (db) => {
    const found = await readVersion(call, db)
    const display_name = call.body.text('display_name', MAX_VERSION_NAME) || found.display_name
    const id = found.pipeline_version_id
    await db.updateTable('pipeline_versions').set({ display_name }).where('pipeline_version_id', '=', id).execute()
    if (call.body.has('tags')) await replaceTags(db, id, readTags(call.body))
    return { ...found, display_name }
  })
  return await versionAnswer(call, row)
}

async function remove(call: KfpCall): Promise<Json> {
  await findPipeline(call, 'delete')
  await call.metadata.transaction(async (db) => {
    const row = await readPipeline(call, db)
    await deletePipeline(db, row.pipeline_id, call.query.flag('cascade'))
  })
  return {}
}

async function removeVersion(call: KfpCall): Promise<Json> {
  await findPipeline(call, 'delete')
  await call.metadata.transaction(async (db) => {
    const row = await readVersion(call, db)
    await deleteVersion(db, row.pipeline_version_id, row.pipeline_id)
  })
  return {}
}

const ONE = '/pipelines/:pipeline'
const VERSION = `${ONE}/versions/:version`

export const PIPELINE_ROUTES: readonly KfpRoute[] = [
  { method: 'GET', path: '/pipelines', handle: list },
  { method: 'POST', path: '/pipelines', handle: create },
  { method: 'POST', path: '/pipelines/create', handle: createFromUrl },
  { method: 'GET', path: '/pipelines/names/:name', handle: getByName },
  { method: 'GET', path: ONE, handle: async (call) => await pipelineAnswer(call, await findPipeline(call, 'get')) },
  { method: 'PATCH', path: ONE, handle: patchPipeline },
  { method: 'DELETE', path: ONE, handle: remove },
  { method: 'GET', path: `${ONE}/versions`, handle: listVersions },
  { method: 'POST', path: `${ONE}/versions`, handle: createVersion },
  { method: 'GET', path: VERSION, handle: async (call) => await versionAnswer(call, await findVersion(call, 'get')) },
  { method: 'PATCH', path: VERSION, handle: patchVersion },
  { method: 'DELETE', path: VERSION, handle: removeVersion },
]
