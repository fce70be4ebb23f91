/** Where a model version comes from, and what came of a run: version, run, pipeline, images, data, and back. */
import { parsePipelineDocument } from '../../api/parse.ts'
import type { Db } from './database.ts'
import { getRun } from './runs.ts'
import type { ModelVersionRow, RunRow } from './tables.ts'

export interface DataSource {
  readonly name: string
  /** Of the content, as its reader computed it. */
  readonly digest: string
  readonly uri?: string
}

export interface Lineage {
  readonly version: ModelVersionRow
  /** The run that made it; undefined when it was registered without one, or the run is gone. */
  readonly run?: RunRow
  readonly params: Readonly<Record<string, string>>
  readonly metrics: Readonly<Record<string, number>>
  readonly data: readonly DataSource[]
  readonly pipeline?: {
    readonly runId: string
    readonly name: string
    readonly pipelineId: string | null
    readonly pipelineVersionId: string | null
    /** The KFP v2 IR that ran. */
    readonly spec: unknown
    /** Executor to image, as the pipeline names it. */
    readonly images: Readonly<Record<string, string>>
  }
}

export async function lineageOf(db: Db, version: ModelVersionRow): Promise<Lineage> {
  const run = version.run_id
    ? await db.selectFrom('runs').selectAll().where('run_id', '=', version.run_id).executeTakeFirst()
    : undefined
  if (!run) return { version, params: {}, metrics: {}, data: [] }
  const params = await db.selectFrom('params').selectAll().where('run_id', '=', run.run_id).execute()
  const metrics = await db
    .selectFrom('latest_metrics')
    .selectAll()
    .where('run_id', '=', run.run_id)
    .where('is_nan', '=', 0)
    .execute()
  const pipeline = await pipelineOf(db, run)
  return {
    version,
    run,
    params: Object.fromEntries(params.map(({ key, value }) => [key, value])),
    metrics: Object.fromEntries(metrics.map(({ key, value }) => [key, value])),
    data: await dataOf(db, run, pipeline?.runId),
    ...(pipeline && { pipeline }),
  }
}

async function dataOf(db: Db, run: RunRow, pipelineRunId: string | undefined): Promise<DataSource[]> {
  const datasets = await db
    .selectFrom('run_datasets')
    .innerJoin('datasets', 'datasets.dataset_id', 'run_datasets.dataset_id')
    .select(['datasets.name', 'datasets.digest', 'datasets.source'])
    .where('run_datasets.run_id', '=', run.run_id)
    .execute()
  const found: DataSource[] = datasets.map(({ name, digest, source }) => ({ name, digest, uri: source }))
  if (!pipelineRunId) return found
  const artifacts = await db
    .selectFrom('artifact_uses as u')
    .innerJoin('artifacts as a', 'a.artifact_id', 'u.artifact_id')
    .innerJoin('runs as r', 'r.run_id', 'u.task_run_id')
    .select(['a.name', 'a.digest', 'a.uri'])
    .where('r.root_run_id', '=', pipelineRunId)
    .where('a.type', '=', 'system.Dataset')
    .where('a.digest', 'is not', null)
    .execute()
  return [...found, ...artifacts.map(({ name, digest, uri }) => ({ name, digest: digest!, uri }))]
}

async function pipelineOf(db: Db, run: RunRow): Promise<Lineage['pipeline'] | undefined> {
  const id = run.kind === 'pipeline' ? run.run_id : (run.root_run_id ?? (await rootOfParent(db, run)))
  if (!id) return undefined
  const row = await db.selectFrom('pipeline_runs').selectAll().where('run_id', '=', id).executeTakeFirst()
  if (!row) return undefined
  const spec = readSpec(row.pipeline_spec)
  return {
    runId: id,
    name: row.pipeline_name,
    pipelineId: row.pipeline_id,
    pipelineVersionId: row.pipeline_version_id,
    spec,
    images: imagesOf(spec.pipeline_spec ?? spec),
  }
}

/** A run that a step began below its own belongs to the step's pipeline. */
async function rootOfParent(db: Db, run: RunRow): Promise<string | undefined> {
  if (!run.parent_run_id) return undefined
  const parent = await db.selectFrom('runs').selectAll().where('run_id', '=', run.parent_run_id).executeTakeFirst()
  return parent?.root_run_id ?? (parent?.kind === 'pipeline' ? parent.run_id : undefined)
}

/** JSON, or the YAML text of a run that came as a resource of the cluster. */
function readSpec(stored: string): Spec & { readonly pipeline_spec?: Spec } {
  if (stored.startsWith('{')) return JSON.parse(stored) as Spec
  return (parsePipelineDocument(stored).document?.spec ?? {}) as Spec
}

interface Spec {
  readonly deploymentSpec?: {
    readonly executors?: Readonly<Record<string, { readonly container?: { readonly image?: string } }>>
  }
}

function imagesOf(spec: Spec): Record<string, string> {
  const images: Record<string, string> = {}
  for (const [name, executor] of Object.entries(spec.deploymentSpec?.executors ?? {})) {
    if (executor.container?.image) images[name] = executor.container.image
  }
  return images
}

/** The model versions that a run, its tasks and the runs below them made. */
export async function versionsOfRun(
  db: Db,
  namespace: string,
  runId: string,
  reads: string | undefined,
): Promise<ModelVersionRow[]> {
  const run = await getRun(db, runId, reads)
  const below = await db
    .selectFrom('runs')
    .select('run_id')
    .where((is) => is.or([is('root_run_id', '=', run.run_id), is('parent_run_id', '=', run.run_id)]))
    .limit(5000)
    .execute()
  return await db
    .selectFrom('model_versions')
    .selectAll()
    .where('namespace', '=', namespace)
    .where('run_id', 'in', [run.run_id, ...below.map((row) => row.run_id)])
    .orderBy('name')
    .orderBy('version')
    .execute()
}
