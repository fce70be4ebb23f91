/** MLflow's endpoints of registered models, their tags and aliases. Before: index.ts. After: store/metadata/registry.ts. */
import { type RawBuilder, type SqlBool, sql } from 'kysely'
import { deleteAlias, getVersionByAlias, setAlias } from '../../store/metadata/aliases.ts'
import type { Condition } from '../../store/metadata/conditions.ts'
import type { Db } from '../../store/metadata/database.ts'
import { invalid } from '../../store/metadata/errors.ts'
import {
  createRegisteredModel,
  deleteRegisteredModel,
  deleteRegisteredModelTag,
  describeRegisteredModel,
  getRegisteredModel,
  renameRegisteredModel,
  STAGES,
  setModelTags,
} from '../../store/metadata/registry.ts'
import {
  completeModels,
  completeVersions,
  newestPerStage,
  searchRegisteredModels,
} from '../../store/metadata/registry-read.ts'
import type { RegisteredModelRow } from '../../store/metadata/tables.ts'
import { MAX_REGISTRY_TAG_LENGTH, readPair } from './fields.ts'
import { pageLimit, searchScope } from './paging.ts'
import { modelName, registryActor } from './registry-call.ts'
import type { Call, Route } from './route.ts'
import { parseFilter, parseOrder } from './search-grammar.ts'
import { REGISTERED_MODEL_VOCABULARY } from './vocabularies.ts'
import { type Json, registeredModelJson, versionJson } from './wire.ts'

async function answer(db: Db, row: RegisteredModelRow): Promise<Json> {
  const [model] = await completeModels(db, [row])
  return { registered_model: registeredModelJson(model!) }
}

async function create(call: Call): Promise<Json> {
  const { metadata } = call.services
  const name = modelName(call)
  const tags = call.fields.pairs('tags', MAX_REGISTRY_TAG_LENGTH)
  const description = call.fields.text('description', 5000)
  const by = registryActor(call)
  const row = await metadata.transaction((db) => createRegisteredModel(db, by, { name, description, tags }))
  return await answer(metadata.db, row)
}

async function get(call: Call): Promise<Json> {
  const { db } = call.services.metadata
  return await answer(db, await getRegisteredModel(db, call.caller.namespace, modelName(call)))
}

async function update(call: Call): Promise<Json> {
  const { metadata } = call.services
  const name = modelName(call)
  const text = call.fields.text('description', 5000) ?? ''
  await metadata.transaction((db) => describeRegisteredModel(db, registryActor(call), name, text))
  return await get(call)
}

async function rename(call: Call): Promise<Json> {
  const { metadata } = call.services
  const name = modelName(call)
  const to = modelName(call, 'new_name')
  await metadata.transaction((db) => renameRegisteredModel(db, registryActor(call), name, to))
  return await answer(metadata.db, await getRegisteredModel(metadata.db, call.caller.namespace, to))
}

async function remove(call: Call): Promise<Json> {
  await call.services.metadata.transaction((db) => deleteRegisteredModel(db, registryActor(call), modelName(call)))
  return {}
}

const PROMPT_TAG = 'mlflow.prompt.is_prompt'

/** Clients hide prompts with `!= 'true'` on a tag that models lack: for this tag alone, missing counts as different. */
export function splitPromptCondition(conditions: readonly Condition[], pairs: RawBuilder<unknown>) {
  const hides = (one: Condition) => one.entity === 'tag' && one.key === PROMPT_TAG && one.operator === '!='
  const base: RawBuilder<SqlBool>[] = conditions
    .filter(hides)
    .map((one) => sql<SqlBool>`not exists (${pairs} and p.key = ${PROMPT_TAG} and p.value = ${one.value})`)
  return { base, conditions: conditions.filter((one) => !hides(one)) }
}

async function search(call: Call): Promise<Json> {
  const { services, caller, fields } = call
  const orderText = fields.texts('order_by')
  const pairs = sql`select 1 from registered_model_tags as p where p.namespace = m.namespace and p.name = m.name`
  const { base, conditions } = splitPromptCondition(
    parseFilter(fields.text('filter'), REGISTERED_MODEL_VOCABULARY),
    pairs,
  )
  const { rows, nextPageToken } = await searchRegisteredModels(services.metadata, caller.namespace, {
    base,
    conditions,
    order: parseOrder(orderText, REGISTERED_MODEL_VOCABULARY),
    limit: pageLimit(fields, 100, 1000),
    pageToken: fields.text('page_token') || undefined,
    scope: searchScope('registered', fields, ['filter'], orderText),
  })
  const models = (await completeModels(services.metadata.db, rows)).map(registeredModelJson)
  return {
    ...(models.length > 0 && { registered_models: models }),
    ...(nextPageToken && { next_page_token: nextPageToken }),
  }
}

async function latestVersions(call: Call): Promise<Json> {
  const { db } = call.services.metadata
  const name = modelName(call)
  const stages = call.fields.texts('stages').map(canonicalStage)
  await getRegisteredModel(db, call.caller.namespace, name)
  const newest = await newestPerStage(db, call.caller.namespace, [name])
  const kept = stages.length > 0 ? newest.filter((row) => stages.includes(row.current_stage)) : newest
  const versions = (await completeVersions(db, kept)).map(versionJson)
  return versions.length > 0 ? { model_versions: versions } : {}
}

export function canonicalStage(stage: string): string {
  const known = STAGES.find((one) => one.toLowerCase() === stage.toLowerCase())
  if (!known)
    throw invalid(`Invalid Model Version stage: ${stage.slice(0, 60)}. Value must be one of ${STAGES.join(', ')}.`)
  return known
}

async function setTag(call: Call): Promise<Json> {
  const name = modelName(call)
  const tag = readPair(call.fields, MAX_REGISTRY_TAG_LENGTH)
  await call.services.metadata.transaction(async (db) => {
    await getRegisteredModel(db, call.caller.namespace, name)
    await setModelTags(db, call.caller.namespace, name, [tag])
  })
  return {}
}

async function deleteTag(call: Call): Promise<Json> {
  const name = modelName(call)
  const key = call.fields.required('key')
  await call.services.metadata.transaction(async (db) => {
    await getRegisteredModel(db, call.caller.namespace, name)
    await deleteRegisteredModelTag(db, call.caller.namespace, name, key)
  })
  return {}
}

async function putAlias(call: Call): Promise<Json> {
  const { fields } = call
  const name = modelName(call)
  const alias = fields.required('alias')
  const version = fields.required('version')
  await call.services.metadata.transaction((db) => setAlias(db, registryActor(call), name, alias, version))
  return {}
}

async function getAlias(call: Call): Promise<Json> {
  const { db } = call.services.metadata
  const row = await getVersionByAlias(db, call.caller.namespace, modelName(call), call.fields.required('alias'))
  const [version] = await completeVersions(db, [row])
  return { model_version: versionJson(version!) }
}

async function removeAlias(call: Call): Promise<Json> {
  const name = modelName(call)
  const alias = call.fields.required('alias')
  await call.services.metadata.transaction((db) => deleteAlias(db, registryActor(call), name, alias))
  return {}
}

const resource = 'models'

export const REGISTERED_MODEL_ROUTES: readonly Route[] = [
  { method: 'POST', path: 'registered-models/create', verb: 'create', resource, handle: create },
  { method: 'GET', path: 'registered-models/get', verb: 'get', resource, handle: get },
  { method: 'PATCH', path: 'registered-models/update', verb: 'update', resource, handle: update },
  { method: 'POST', path: 'registered-models/rename', verb: 'update', resource, handle: rename },
  { method: 'DELETE', path: 'registered-models/delete', verb: 'delete', resource, handle: remove },
  { method: 'GET', path: 'registered-models/search', verb: 'list', resource, handle: search },
  { method: 'POST', path: 'registered-models/get-latest-versions', verb: 'get', resource, handle: latestVersions },
  { method: 'GET', path: 'registered-models/get-latest-versions', verb: 'get', resource, handle: latestVersions },
  { method: 'POST', path: 'registered-models/set-tag', verb: 'update', resource, handle: setTag },
  { method: 'DELETE', path: 'registered-models/delete-tag', verb: 'update', resource, handle: deleteTag },
  { method: 'POST', path: 'registered-models/alias', verb: 'update', resource, handle: putAlias },
  { method: 'GET', path: 'registered-models/alias', verb: 'get', resource, handle: getAlias },
  { method: 'DELETE', path: 'registered-models/alias', verb: 'update', resource, handle: removeAlias },
]
