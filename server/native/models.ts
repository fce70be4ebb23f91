/** The registry's memory and its gates: history, aliases as of a time, roll back, promotion, lineage. Before: index.ts. */
import { findAlias, rollbackAlias } from '../../store/metadata/aliases.ts'
import { invalid } from '../../store/metadata/errors.ts'
import { lineageOf, versionsFrom, versionsOfRun } from '../../store/metadata/lineage.ts'
import { decidePromotion, type Gate, listPromotions, requestPromotion } from '../../store/metadata/promotions.ts'
import { getModelVersion, getRegisteredModel, type RegistryActor } from '../../store/metadata/registry.ts'
import { aliasesAsOf, modelHistory } from '../../store/metadata/registry-history.ts'
import type { ModelVersionRow, PromotionRow, RegistryHistoryRow } from '../../store/metadata/tables.ts'
import { stateJson } from '../kfp/run-json.ts'
import type { NativeCall, NativeRoute } from './route.ts'

function actorOf({ services, caller, body }: NativeCall): RegistryActor {
  return {
    namespace: caller.namespace,
    actor: caller.actor,
    now: services.metadata.now(),
    reason: body.text('reason', 2000) || undefined,
    runId: caller.runScope ?? (body.text('runId', 256) || undefined),
  }
}

function historyJson(row: RegistryHistoryRow) {
  return {
    seq: row.seq,
    at: new Date(row.at).toISOString(),
    actor: row.actor,
    action: row.action,
    ...(row.version !== null && { version: row.version }),
    ...(row.alias !== null && { alias: row.alias }),
    ...(row.previous_version !== null && { previousVersion: row.previous_version }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.run_id !== null && { runId: row.run_id }),
    ...(row.detail !== null && { detail: JSON.parse(row.detail) as unknown }),
  }
}

const LARGEST_HISTORY_PAGE = 1000

async function history(call: NativeCall) {
  const { services, caller, params, query } = call
  const limit = Math.min(Math.max(query.integer('limit') ?? 100, 1), LARGEST_HISTORY_PAGE)
  const rows = await modelHistory(services.metadata.db, caller.namespace, params['name']!, {
    limit,
    beforeSeq: query.integer('before'),
    alias: query.text('alias') || undefined,
  })
  return { history: rows.map(historyJson) }
}

function readTime(query: NativeCall['query']): number | undefined {
  const text = query.text('asOf', 60)
  if (!text) return undefined
  const at = /^\d{1,15}$/.test(text) ? Number(text) : Date.parse(text)
  if (Number.isNaN(at)) throw invalid(`asOf must be an RFC 3339 time or milliseconds, got '${text}'`)
  return at
}

/** `asOf` is RFC 3339 or epoch milliseconds; without it the present. */
async function aliases({ services, caller, params, query }: NativeCall) {
  const at = readTime(query) ?? services.metadata.now()
  const found = await aliasesAsOf(services.metadata.db, caller.namespace, params['name']!, at)
  return { asOf: new Date(at).toISOString(), aliases: Object.fromEntries(found) }
}

async function rollback(call: NativeCall) {
  const { metadata } = call.services
  const { name, alias } = call.params as { name: string; alias: string }
  return await metadata.transaction((db) => rollbackAlias(db, actorOf(call), name, alias))
}

function readGate({ body }: NativeCall): Gate {
  const gate = body.object('gate')
  if (!gate) return {}
  return {
    metric: gate.text('metric', 250) || undefined,
    higherIsBetter: gate.has('higherIsBetter') ? gate.flag('higherIsBetter') : undefined,
    minImprovement: gate.has('minImprovement') ? gate.float('minImprovement') : undefined,
    threshold: gate.has('threshold') ? gate.float('threshold') : undefined,
  }
}

async function promote(call: NativeCall) {
  const { metadata } = call.services
  const { name, alias } = call.params as { name: string; alias: string }
  const seconds = call.body.integer('expiresInSeconds')
  if (seconds !== undefined && seconds < 1) throw invalid('expiresInSeconds must be at least 1')
  const by = actorOf(call)
  const request = {
    name,
    alias,
    version: call.body.required('version', 20),
    gate: readGate(call),
    approvers: call.body.texts('approvers'),
    expiresAt: seconds === undefined ? undefined : by.now + seconds * 1000,
  }
  return await metadata.transaction(async (db) => {
    await getRegisteredModel(db, by.namespace, name)
    return await requestPromotion(db, by, request)
  })
}

function promotionJson(row: PromotionRow) {
  return {
    promotionId: row.promotion_id,
    name: row.name,
    alias: row.alias,
    version: row.version,
    state: row.state,
    gate: JSON.parse(row.gate) as unknown,
    approvers: JSON.parse(row.approvers) as unknown,
    requestedBy: row.requested_by,
    requestedAt: new Date(row.requested_at).toISOString(),
    ...(row.expires_at !== null && { expiresAt: new Date(row.expires_at).toISOString() }),
    ...(row.decided_by !== null && { decidedBy: row.decided_by }),
    ...(row.decided_at !== null && { decidedAt: new Date(row.decided_at).toISOString() }),
    ...(row.reason !== null && { reason: row.reason }),
  }
}

async function promotions({ services, caller, params }: NativeCall) {
  const { metadata } = services
  const rows = await listPromotions(metadata.db, caller.namespace, params['name']!, metadata.now())
  return { promotions: rows.map(promotionJson) }
}

function decide(approve: boolean) {
  return async (call: NativeCall) => {
    const by = { ...actorOf(call), groups: call.caller.groups }
    const id = call.params['promotion']!
    return promotionJson(await call.services.metadata.transaction((db) => decidePromotion(db, by, id, approve)))
  }
}

/** `@alias` with `asOf` is the version that the alias named then. */
async function lineage({ services, caller, params, query }: NativeCall) {
  const { db } = services.metadata
  const name = params['name']!
  const asked = params['version']!
  const at = readTime(query)
  const alias = asked.startsWith('@') ? asked.slice(1) : undefined
  const named = async (held: string) =>
    at === undefined
      ? await findAlias(db, caller.namespace, name, held)
      : (await aliasesAsOf(db, caller.namespace, name, at)).get(held)
  const held = alias === undefined ? asked : await named(alias)
  if (held === undefined) throw invalid(`Model ${name} has no alias ${alias}${at === undefined ? '' : ' at that time'}`)
  const found = await lineageOf(db, await getModelVersion(db, caller.namespace, name, held), caller.reads)
  return {
    ...versionSummary(found.version),
    source: found.version.source,
    params: found.params,
    metrics: found.metrics,
    data: found.data,
    ...(found.run && {
      run: { runId: found.run.run_id, name: found.run.name, kind: found.run.kind, state: stateJson(found.run.state) },
    }),
    ...(found.pipeline && { pipeline: found.pipeline }),
  }
}

function versionSummary(row: ModelVersionRow) {
  return { name: row.name, version: row.version, createdAt: new Date(row.created_at).toISOString() }
}

/** Lineage the other way: `?run=`, `?data=`, `?image=` or `?pipeline=`. */
async function versionsOfOrigin({ services, caller, query }: NativeCall) {
  const { db } = services.metadata
  const given = ['run', 'data', 'image', 'pipeline'].filter((kind) => query.text(kind, 500))
  if (given.length !== 1) throw invalid('give one of run, data, image and pipeline')
  const id = query.required(given[0]!, 500)
  const rows =
    given[0] === 'run'
      ? await versionsOfRun(db, caller.namespace, id, caller.reads)
      : await versionsFrom(db, caller.namespace, { [given[0]!]: id })
  return { versions: rows.map(versionSummary) }
}

async function modelsOfRun({ services, caller, params }: NativeCall) {
  const rows = await versionsOfRun(services.metadata.db, caller.namespace, params['run']!, caller.reads)
  return { versions: rows.map(versionSummary) }
}

const resource = 'models'

export const MODEL_ROUTES: readonly NativeRoute[] = [
  { method: 'GET', path: '/models/:name/history', verb: 'get', resource, handle: history },
  { method: 'GET', path: '/models/:name/aliases', verb: 'get', resource, handle: aliases },
  { method: 'POST', path: '/models/:name/aliases/:alias/rollback', verb: 'update', resource, handle: rollback },
  { method: 'POST', path: '/models/:name/aliases/:alias/promote', verb: 'update', resource, handle: promote },
  { method: 'GET', path: '/models/:name/promotions', verb: 'list', resource, handle: promotions },
  { method: 'GET', path: '/models/:name/versions/:version/lineage', verb: 'get', resource, handle: lineage },
  { method: 'POST', path: '/promotions/:promotion/approve', verb: 'update', resource, handle: decide(true) },
  { method: 'POST', path: '/promotions/:promotion/reject', verb: 'update', resource, handle: decide(false) },
  { method: 'GET', path: '/model-versions', verb: 'list', resource, handle: versionsOfOrigin },
  { method: 'GET', path: '/runs/:run/models', verb: 'list', resource, handle: modelsOfRun },
]
