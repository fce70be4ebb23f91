/** Promotion of a version to an alias through a gate: a metric against the present holder, and an approval by named people. */
import { randomUUID } from 'node:crypto'
import { findAlias, setAlias } from './aliases.ts'
import type { Db } from './database.ts'
import { MetadataError, notFound } from './errors.ts'
import { getModelVersion, lockModel, type RegistryActor } from './registry.ts'
import { appendHistory } from './registry-history.ts'
import type { ModelVersionRow, PromotionRow } from './tables.ts'

/** What a version must show before an alias moves to it. */
export interface Gate {
  /** Metric of the versions' runs; without one only the approval counts. */
  readonly metric?: string | undefined
  /** @default true */
  readonly higherIsBetter?: boolean | undefined
  /** How much better than the holder of the alias it must be; 0 lets an equal one pass. @default 0 */
  readonly minImprovement?: number | undefined
  /** The least value (or the largest, when lower is better), whoever holds the alias. */
  readonly threshold?: number | undefined
}

export interface GateResult {
  readonly passed: boolean
  /** One sentence with the numbers. */
  readonly explanation: string
  readonly candidate?: number | undefined
  readonly holder?: number | undefined
}

export interface PromotionRequest {
  readonly name: string
  readonly alias: string
  readonly version: string | number
  readonly gate: Gate
  /** People or groups, one of whom must agree; none needed when empty. */
  readonly approvers: readonly string[]
  /** Epoch milliseconds after which nobody can agree any more. */
  readonly expiresAt?: number | undefined
}

export type PromotionOutcome =
  | { readonly outcome: 'promoted'; readonly gate: GateResult; readonly previousVersion?: number | undefined }
  | { readonly outcome: 'waiting'; readonly gate: GateResult; readonly promotionId: string }
  | { readonly outcome: 'refused'; readonly gate: GateResult }

/** Judges the gate and, when it passes, moves the alias or asks for the approval. Call it in a transaction. */
export async function requestPromotion(
  db: Db,
  by: RegistryActor,
  request: PromotionRequest,
): Promise<PromotionOutcome> {
  await lockModel(db, by.namespace, request.name)
  const version = await getModelVersion(db, by.namespace, request.name, request.version)
  const holder = await findAlias(db, by.namespace, request.name, request.alias)
  const gate = await judge(db, version, holder, request.gate)
  if (!gate.passed) {
    await appendHistory(db, by, request.name, {
      action: 'reject-promotion',
      alias: request.alias,
      version: version.version,
      detail: { gate: request.gate, explanation: gate.explanation },
    })
    return { outcome: 'refused', gate }
  }
  if (request.approvers.length === 0) {
    await setAlias(db, by, request.name, request.alias, version.version)
    return { outcome: 'promoted', gate, previousVersion: holder }
  }
  const promotionId = randomUUID()
  await db
    .insertInto('promotions')
    .values({
      promotion_id: promotionId,
      namespace: by.namespace,
      name: request.name,
      version: version.version,
      alias: request.alias,
      state: 'PENDING',
      gate: JSON.stringify({ ...request.gate, explanation: gate.explanation }),
      approvers: JSON.stringify(request.approvers),
      requested_by: by.actor,
      requested_at: by.now,
      expires_at: request.expiresAt ?? null,
      decided_by: null,
      decided_at: null,
      reason: by.reason ?? null,
      run_id: by.runId ?? null,
    })
    .execute()
  const detail = { promotionId, gate: request.gate, explanation: gate.explanation, approvers: request.approvers }
  await appendHistory(db, by, request.name, {
    action: 'request-promotion',
    alias: request.alias,
    version: version.version,
    detail,
  })
  return { outcome: 'waiting', gate, promotionId }
}

async function judge(db: Db, version: ModelVersionRow, holder: number | undefined, gate: Gate): Promise<GateResult> {
  const { metric } = gate
  if (!metric) return { passed: true, explanation: 'no metric is asked for' }
  const candidate = await metricOf(db, version, metric)
  if (candidate === undefined) {
    return { passed: false, explanation: `version ${version.version} has no metric ${metric}` }
  }
  const sign = gate.higherIsBetter === false ? -1 : 1
  const comparison = sign > 0 ? 'at least' : 'at most'
  if (gate.threshold !== undefined && sign * candidate < sign * gate.threshold) {
    return {
      passed: false,
      explanation: `${metric} is ${candidate}: ${comparison} ${gate.threshold} is needed`,
      candidate,
    }
  }
  if (holder === undefined || holder === version.version) {
    return { passed: true, explanation: `${metric} is ${candidate}; no other version holds the alias`, candidate }
  }
  const other = await metricOf(db, await getModelVersion(db, version.namespace, version.name, holder), metric)
  if (other === undefined) {
    return { passed: true, explanation: `${metric} is ${candidate}; version ${holder} has no such metric`, candidate }
  }
  const needed = other + sign * (gate.minImprovement ?? 0)
  const passed = sign * candidate >= sign * needed
  const explanation = `${metric} is ${candidate}, version ${holder} has ${other}: ${comparison} ${needed} is needed`
  return { passed, explanation, candidate, holder: other }
}

/** From the version's logged model, else from its run. NaN counts as missing. */
async function metricOf(db: Db, version: ModelVersionRow, key: string): Promise<number | undefined> {
  if (version.model_id) {
    const row = await db
      .selectFrom('logged_model_metrics')
      .select('value')
      .where('model_id', '=', version.model_id)
      .where('key', '=', key)
      .where('is_nan', '=', 0)
      .orderBy('step', 'desc')
      .orderBy('timestamp', 'desc')
      .executeTakeFirst()
    if (row) return row.value
  }
  if (!version.run_id) return undefined
  const row = await db
    .selectFrom('latest_metrics')
    .select('value')
    .where('run_id', '=', version.run_id)
    .where('key', '=', key)
    .where('is_nan', '=', 0)
    .executeTakeFirst()
  return row?.value
}

export async function getPromotion(db: Db, namespace: string, id: string): Promise<PromotionRow> {
  const row = await db
    .selectFrom('promotions')
    .selectAll()
    .where('promotion_id', '=', id)
    .where('namespace', '=', namespace)
    .executeTakeFirst()
  if (!row) throw notFound(`Promotion ${id} not found`)
  return row
}

/** The newest promotions of a model, with the state that they have at `now`. */
export async function listPromotions(db: Db, namespace: string, name: string, now: number): Promise<PromotionRow[]> {
  const rows = await db
    .selectFrom('promotions')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('name', '=', name)
    .orderBy('requested_at', 'desc')
    .orderBy('promotion_id')
    .limit(200)
    .execute()
  return rows.map((row) => ({ ...row, state: stateAt(row, now) }))
}

function stateAt(row: PromotionRow, now: number): PromotionRow['state'] {
  return row.state === 'PENDING' && row.expires_at !== null && row.expires_at <= now ? 'EXPIRED' : row.state
}

/** Decides a promotion. Rejects with `forbidden` for anyone who was not named, `failed-precondition` when it is too late. */
export async function decidePromotion(
  db: Db,
  by: RegistryActor & { readonly groups: readonly string[] },
  id: string,
  approve: boolean,
): Promise<PromotionRow> {
  // Two who decide at once: the second sees what the first decided.
  await lockModel(db, by.namespace, (await getPromotion(db, by.namespace, id)).name)
  const row = await getPromotion(db, by.namespace, id)
  const state = stateAt(row, by.now)
  if (state !== 'PENDING') throw new MetadataError('failed-precondition', `Promotion ${id} is ${state} already`)
  const approvers = JSON.parse(row.approvers) as string[]
  if (![by.actor, ...by.groups].some((name) => approvers.includes(name))) {
    throw new MetadataError('forbidden', `${by.actor} is none of those who decide: ${approvers.join(', ')}`)
  }
  if (approve) await requireSameHolder(db, row)
  const decided = {
    state: approve ? ('APPROVED' as const) : ('REJECTED' as const),
    decided_by: by.actor,
    decided_at: by.now,
    reason: by.reason ?? row.reason,
  }
  await db.updateTable('promotions').set(decided).where('promotion_id', '=', id).execute()
  await appendHistory(db, by, row.name, {
    action: approve ? 'approve-promotion' : 'reject-promotion',
    alias: row.alias,
    version: row.version,
    detail: { promotionId: id },
  })
  if (approve) await setAlias(db, by, row.name, row.alias, row.version)
  return { ...row, ...decided }
}

/** The gate compared with the holder of that time; when the alias moved since, the comparison is made anew. */
async function requireSameHolder(db: Db, row: PromotionRow): Promise<void> {
  const version = await getModelVersion(db, row.namespace, row.name, row.version)
  const holder = await findAlias(db, row.namespace, row.name, row.alias)
  const result = await judge(db, version, holder, JSON.parse(row.gate) as Gate)
  if (!result.passed)
    throw new MetadataError('failed-precondition', `The gate does not pass any more: ${result.explanation}`)
}
