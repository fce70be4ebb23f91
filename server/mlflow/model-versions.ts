/** MLflow's endpoints of model versions. Before: index.ts. After: store/metadata/registry.ts. */
import { sql } from 'kysely'
import type { Db } from '../../store/metadata/database.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { getLoggedModel, upsertModelPairs } from '../../store/metadata/logged-models.ts'
import {
  createModelVersion,
  deleteModelVersion,
  deleteVersionTag,
  getModelVersion,
  setVersionTags,
  transitionStage,
  updateModelVersion,
} from '../../store/metadata/registry.ts'
import { completeVersions, searchModelVersions } from '../../store/metadata/registry-read.ts'
import { getRun } from '../../store/metadata/runs.ts'
import type { ModelVersionRow, RunRow } from '../../store/metadata/tables.ts'
import { MAX_REGISTRY_TAG_LENGTH, readPair } from './fields.ts'
import { pageLimit, searchScope } from './paging.ts'
import { canonicalStage, splitPromptCondition } from './registered-models.ts'
import { modelName, registryActor } from './registry-call.ts'
import type { Call, Route } from './route.ts'
import { parseFilter, parseOrder } from './search-grammar.ts'
import { MODEL_VERSION_VOCABULARY } from './vocabularies.ts'
import { type Json, versionJson } from './wire.ts'

async function answer(db: Db, row: ModelVersionRow): Promise<Json> {
  const [version] = await completeVersions(db, [row])
  return { model_version: versionJson(version!) }
}

const LOGGED_MODEL = /^models:\/(m-[0-9a-f]+)$/

async function create(call: Call): Promise<Json> {
  const { services, caller, fields } = call
  const name = modelName(call)
  const source = fields.required('source', 500)
  checkSource(source)
  const tags = fields.pairs('tags', MAX_REGISTRY_TAG_LENGTH)
  const runId = fields.text('run_id', 256) || null
  const givenModelId = fields.text('model_id', 100) || null
  const row = await services.metadata.transaction(async (db) => {
    const modelId = givenModelId ?? LOGGED_MODEL.exec(source)?.[1] ?? null
    const model = modelId ? await getLoggedModel(db, modelId, { namespace: caller.namespace }) : undefined
    checkPlace(source, runId ? await getRun(db, runId, caller.reads) : undefined)
    const created = await createModelVersion(db, registryActor(call), {
      name,
      source,
      storage_location: await placeOf(db, caller.namespace, source),
      run_id: runId ?? model?.source_run_id ?? null,
      run_link: fields.text('run_link', 500) || null,
      model_id: modelId,
      description: fields.text('description', 5000) ?? null,
      tags,
    })
    if (modelId) await noteVersionOnModel(db, modelId, created)
    return created
  })
  return await answer(services.metadata.db, row)
}

/** A version points into our store, at a logged model or at a remote place: never at files of the server's machine. */
function checkSource(source: string): void {
  const scheme = /^([a-zA-Z][\w+.-]*):/.exec(source)?.[1]?.toLowerCase()
  const dotted = /(^|[/\\])\.\.([/\\]|$)|%2e%2e|%252e|[#?]|\\/i.test(source)
  if (!scheme || scheme === 'file' || dotted) {
    throw invalid(`Invalid model version source: '${source}'. Use an artifact, model or object-store URI without '..'.`)
  }
}

/** What lies in our own store counts only as the artifacts of the run that is named: no version leads to foreign files. */
function checkPlace(source: string, run: RunRow | undefined): void {
  const ofRun = run && (source === run.artifact_uri || source.startsWith(`${run.artifact_uri}/`))
  if (source.startsWith('mlflow-artifacts:') && !ofRun) {
    throw invalid(
      `Invalid model version source: '${source}'. It must lie in the artifacts of the run that run_id names.`,
    )
  }
  if (source.startsWith('runs:') && (!run || !source.startsWith(`runs:/${run.run_id}/`))) {
    throw invalid(`Invalid model version source: '${source}'. run_id must name the same run.`)
  }
}

/** Where the files lie. What a `models:` source names is looked up now: it may be deleted, and the files stay. */
async function placeOf(db: Db, namespace: string, source: string): Promise<string> {
  if (!source.startsWith('models:')) return source
  const modelId = LOGGED_MODEL.exec(source)?.[1]
  if (modelId) return (await getLoggedModel(db, modelId, { namespace })).artifact_uri
  const [, name, version] = /^models:\/([^/]+)\/(\d+)$/.exec(source) ?? []
  if (name && version) return (await getModelVersion(db, namespace, name, version)).storage_location
  throw invalid(`Invalid model version source: '${source}'. Use models:/NAME/VERSION or models:/MODEL_ID.`)
}

const VERSIONS_TAG = 'mlflow.modelVersions'

/** The logged model says in which versions it is registered: the tag that clients read. */
async function noteVersionOnModel(db: Db, modelId: string, { name, version }: ModelVersionRow): Promise<void> {
  const versions = await db
    .selectFrom('model_versions')
    .select(['name', 'version'])
    .where('model_id', '=', modelId)
    .orderBy('name')
    .orderBy('version')
    .execute()
  const listed = versions.some((one) => one.name === name && one.version === version)
  const all = listed ? versions : [...versions, { name, version }]
  await upsertModelPairs(db, 'logged_model_tags', modelId, [{ key: VERSIONS_TAG, value: JSON.stringify(all) }])
}

async function find(call: Call, db: Db): Promise<ModelVersionRow> {
  return await getModelVersion(db, call.caller.namespace, modelName(call), call.fields.required('version'))
}

async function get(call: Call): Promise<Json> {
  const { db } = call.services.metadata
  return await answer(db, await find(call, db))
}

/** Runs a change on one version in a transaction and answers with the version as it is then. */
function change(work: (call: Call, row: ModelVersionRow, db: Db) => Promise<void>, answered: boolean) {
  return async (call: Call): Promise<Json> => {
    const { metadata } = call.services
    await metadata.transaction(async (db) => await work(call, await find(call, db), db))
    return answered ? await get(call) : {}
  }
}

const update = change(async (call, row, db) => {
  await updateModelVersion(db, registryActor(call), row, { description: call.fields.text('description', 5000) ?? '' })
}, true)

const remove = change((call, row, db) => deleteModelVersion(db, registryActor(call), row), false)

const transition = change(async (call, row, db) => {
  const stage = canonicalStage(call.fields.required('stage'))
  const archive = call.fields.flag('archive_existing_versions')
  if (archive && !['Staging', 'Production'].includes(stage)) {
    throw invalid(
      `Model version transition cannot archive existing model versions because '${stage}' is not an active stage.`,
    )
  }
  await transitionStage(db, registryActor(call), row, stage, archive)
}, true)

const setTag = change(async (call, row, db) => {
  await setVersionTags(db, row.namespace, row.name, row.version, [readPair(call.fields, MAX_REGISTRY_TAG_LENGTH)])
}, false)

const deleteTag = change((call, row, db) => deleteVersionTag(db, row, call.fields.required('key')), false)

async function downloadUri(call: Call): Promise<Json> {
  return { artifact_uri: (await find(call, call.services.metadata.db)).storage_location }
}

async function search(call: Call): Promise<Json> {
  const { services, caller, fields } = call
  const orderText = fields.texts('order_by')
  const pairs = sql`select 1 from model_version_tags as p
    where p.namespace = v.namespace and p.name = v.name and p.version = v.version`
  const { base, conditions } = splitPromptCondition(parseFilter(fields.text('filter'), MODEL_VERSION_VOCABULARY), pairs)
  const { rows, nextPageToken } = await searchModelVersions(services.metadata, caller.namespace, {
    base,
    conditions,
    order: parseOrder(orderText, MODEL_VERSION_VOCABULARY),
    limit: pageLimit(fields, 10_000, 200_000),
    pageToken: fields.text('page_token') || undefined,
    scope: searchScope('versions', fields, ['filter'], orderText),
  })
  const versions = (await completeVersions(services.metadata.db, rows)).map(versionJson)
  return {
    ...(versions.length > 0 && { model_versions: versions }),
    ...(nextPageToken && { next_page_token: nextPageToken }),
  }
}

const resource = 'models'

export const MODEL_VERSION_ROUTES: readonly Route[] = [
  { method: 'POST', path: 'model-versions/create', verb: 'create', resource, handle: create },
  { method: 'GET', path: 'model-versions/get', verb: 'get', resource, handle: get },
  { method: 'PATCH', path: 'model-versions/update', verb: 'update', resource, handle: update },
  { method: 'DELETE', path: 'model-versions/delete', verb: 'delete', resource, handle: remove },
  { method: 'POST', path: 'model-versions/transition-stage', verb: 'update', resource, handle: transition },
  { method: 'GET', path: 'model-versions/search', verb: 'list', resource, handle: search },
  { method: 'GET', path: 'model-versions/get-download-uri', verb: 'get', resource, handle: downloadUri },
  { method: 'POST', path: 'model-versions/set-tag', verb: 'update', resource, handle: setTag },
  { method: 'DELETE', path: 'model-versions/delete-tag', verb: 'update', resource, handle: deleteTag },
]
