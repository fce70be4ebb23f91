/** What a run logs: metrics with history and latest value, parameters that never change, tags. Before: MLflow API, recorder. */
import { type Kysely, sql } from 'kysely'
import type { Db } from './database.ts'
import { invalid } from './errors.ts'
import { excluded, type KeyValuePair, upsertTags } from './runs.ts'
import type { LatestMetricRow, LoggedModelMetricRow, MetricRow, Tables } from './tables.ts'

export interface MetricPoint {
  readonly key: string
  /** May be NaN or infinite. */
  readonly value: number
  /** Epoch milliseconds. */
  readonly timestamp: number
  readonly step: number
  readonly modelId?: string | undefined
  readonly datasetName?: string | undefined
  readonly datasetDigest?: string | undefined
}

export interface Batch {
  readonly metrics?: readonly MetricPoint[]
  readonly params?: readonly KeyValuePair[]
  readonly tags?: readonly KeyValuePair[]
}

/** Writes a batch for one run; call it in a transaction. Rejects with `invalid` when a parameter would change. */
export async function logBatch(db: Db, runId: string, batch: Batch): Promise<void> {
  if (batch.params?.length) await logParams(db, runId, batch.params)
  if (batch.metrics?.length) await logMetrics(db, runId, batch.metrics)
  if (batch.tags?.length) await upsertTags(db, runId, batch.tags)
}

/** Notes parameters that are not there yet; what is there stays. */
export async function upsertParams(db: Db, runId: string, params: readonly KeyValuePair[]): Promise<void> {
  if (params.length === 0) return
  await db
    .insertInto('params')
    .values(params.map(({ key, value }) => ({ run_id: runId, key, value })))
    .onConflict((conflict) => conflict.columns(['run_id', 'key']).doNothing())
    .execute()
}

async function logParams(db: Db, runId: string, params: readonly KeyValuePair[]): Promise<void> {
  const wanted = new Map<string, string>()
  for (const { key, value } of params) {
    const before = wanted.get(key)
    if (before !== undefined && before !== value) throw changedParam(runId, key, before, value)
    wanted.set(key, value)
  }
  await upsertParams(
    db,
    runId,
    [...wanted].map(([key, value]) => ({ key, value })),
  )
  const stored = await db
    .selectFrom('params')
    .select(['key', 'value'])
    .where('run_id', '=', runId)
    .where('key', 'in', [...wanted.keys()])
    .execute()
  for (const { key, value } of stored) {
    if (wanted.get(key) !== value) throw changedParam(runId, key, value, wanted.get(key)!)
  }
}

function changedParam(runId: string, key: string, before: string, after: string): Error {
  return invalid(
    `Changing param values is not allowed. Param with key='${key}' was already logged with value='${before}' ` +
      `for run ID='${runId}'. Attempted logging new value '${after}'.`,
  )
}

async function logMetrics(db: Db, runId: string, points: readonly MetricPoint[]): Promise<void> {
  const rows = points.map((point) => metricRow(runId, point))
  await db
    .insertInto('metrics')
    .values(uniqueMeasurements(rows))
    .onConflict((conflict) => conflict.doNothing())
    .execute()
  await upsertLatest(db, latestPerKey(rows))
  const ofModels = rows.filter((row) => row.model_id !== null)
  if (ofModels.length > 0) await logModelMetrics(db, runId, ofModels)
}

function metricRow(runId: string, point: MetricPoint): MetricRow {
  const isNan = Number.isNaN(point.value)
  return {
    run_id: runId,
    key: point.key,
    step: point.step,
    timestamp: point.timestamp,
    value: isNan ? 0 : point.value,
    is_nan: isNan ? 1 : 0,
    model_id: point.modelId ?? null,
    dataset_name: point.datasetName ?? null,
    dataset_digest: point.datasetDigest ?? null,
  }
}

function uniqueMeasurements(rows: readonly MetricRow[]): MetricRow[] {
  const unique = new Map(
    rows.map((row) => [`${row.key}\0${row.step}\0${row.timestamp}\0${row.value}\0${row.is_nan}`, row]),
  )
  return [...unique.values()]
}

/** The latest of a key is the largest by (step, timestamp, value). */
function latestPerKey(rows: readonly MetricRow[]): LatestMetricRow[] {
  const latest = new Map<string, MetricRow>()
  for (const row of rows) {
    const known = latest.get(row.key)
    if (!known || compareMeasurements(row, known) >= 0) latest.set(row.key, row)
  }
  return [...latest.values()].map(({ run_id, key, step, timestamp, value, is_nan }) => ({
    run_id,
    key,
    step,
    timestamp,
    value,
    is_nan,
  }))
}

function compareMeasurements(a: MetricRow, b: MetricRow): number {
  return a.step - b.step || a.timestamp - b.timestamp || a.value - b.value
}

async function upsertLatest(db: Kysely<Tables>, rows: LatestMetricRow[]): Promise<void> {
  await db
    .insertInto('latest_metrics')
    .values(rows)
    .onConflict((conflict) =>
      conflict
        .columns(['run_id', 'key'])
        .doUpdateSet({
          step: excluded<number>('step'),
          timestamp: excluded<number>('timestamp'),
          value: excluded<number>('value'),
          is_nan: excluded<number>('is_nan'),
        })
        .where(
          sql<boolean>`(latest_metrics.step, latest_metrics.timestamp, latest_metrics.value)
            <= (excluded.step, excluded.timestamp, excluded.value)`,
        ),
    )
    .execute()
}

/** Models are named by the client: metrics reach those of the namespace that the run's experiment is in. */
async function logModelMetrics(db: Db, runId: string, rows: readonly MetricRow[]): Promise<void> {
  const values = rows.map(({ model_id, ...row }) => ({ ...row, model_id: model_id! }))
  const last = new Map<string, LoggedModelMetricRow>()
  for (const row of values) {
    const before = last.get(momentOf(row))
    if (before && !sameDataset(before, row)) throw otherDataset(row)
    last.set(momentOf(row), row)
  }
  const known = await db
    .selectFrom('logged_models')
    .innerJoin('experiments', 'experiments.experiment_id', 'logged_models.experiment_id')
    .select('logged_models.model_id')
    .where('logged_models.model_id', 'in', [...new Set(values.map((row) => row.model_id))])
    .where('experiments.namespace', '=', (is) =>
      is
        .selectFrom('runs')
        .innerJoin('experiments as own', 'own.experiment_id', 'runs.experiment_id')
        .select('own.namespace')
        .where('runs.run_id', '=', runId),
    )
    .execute()
  const ids = new Set(known.map((row) => row.model_id))
  const kept = [...last.values()].filter((row) => ids.has(row.model_id))
  if (kept.length === 0) return
  const written = await db
    .insertInto('logged_model_metrics')
    .values(kept)
    .onConflict((conflict) =>
      conflict
        .columns(['model_id', 'key', 'run_id', 'step', 'timestamp'])
        .doUpdateSet({ value: excluded<number>('value'), is_nan: excluded<number>('is_nan') })
        .where(sql<boolean>`logged_model_metrics.dataset_name is not distinct from excluded.dataset_name
          and logged_model_metrics.dataset_digest is not distinct from excluded.dataset_digest`),
    )
    .returning(['model_id', 'key', 'step', 'timestamp'])
    .execute()
  const moments = new Set(written.map(momentOf))
  const refused = kept.find((row) => !moments.has(momentOf(row)))
  if (refused) throw otherDataset(refused)
}

type Moment = Pick<LoggedModelMetricRow, 'model_id' | 'key' | 'step' | 'timestamp'>

const momentOf = ({ model_id, key, step, timestamp }: Moment): string =>
  JSON.stringify([model_id, key, step, timestamp])

const sameDataset = (a: LoggedModelMetricRow, b: LoggedModelMetricRow): boolean =>
  a.dataset_name === b.dataset_name && a.dataset_digest === b.dataset_digest

/** One value is kept of a metric at a moment: a second dataset's would stand under the first one's name. */
function otherDataset({ model_id, key, step, timestamp }: Moment): Error {
  return invalid(
    `Metric '${key}' of model '${model_id}' was logged for another dataset at step ${step} and timestamp ${timestamp}: ` +
      'log it with another step or timestamp.',
  )
}
