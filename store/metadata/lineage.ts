/** Where a model version comes from, and what came of a run: version, run, pipeline, images, data, and back. */
import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { parsePipelineDocument } from '../../api/parse.ts'
import type { Db } from './database.ts'
import { IMAGE_TAG } from './record-run.ts'
import { findRun, getRun } from './runs.ts'
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
    /** `sha256:` of the IR with its keys in order: the same for the same pipeline, however it was sent. */
    readonly specDigest: string
    /** Executor to image, as the pipeline names it. */
    readonly images: Readonly<Record<string, string>>
    /** Path of a task to the digest of the image that it ran, where a cluster told it. */
    readonly imageDigests: Readonly<Record<string, string>>
  }
}

/** @param reads the one namespace whose runs are told, as for getRun: versions and runs name others by ids that anyone may write */
export async function lineageOf(db: Db, version: ModelVersionRow, reads: string | undefined): Promise<Lineage> {
  const run = version.run_id === null ? undefined : await findRun(db, version.run_id, reads)
  if (!run) return { version, params: {}, metrics: {}, data: [] }
  const params = await db.selectFrom('params').selectAll().where('run_id', '=', run.run_id).execute()
  const metrics = await db
    .selectFrom('latest_metrics')
    .selectAll()
    .where('run_id', '=', run.run_id)
    .where('is_nan', '=', 0)
    .execute()
  const pipeline = await pipelineOf(db, run, reads)
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

async function pipelineOf(db: Db, run: RunRow, reads: string | undefined): Promise<Lineage['pipeline'] | undefined> {
  const id = run.kind === 'pipeline' ? run.run_id : (run.root_run_id ?? (await rootOfParent(db, run, reads)))
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
    specDigest: `sha256:${createHash('sha256').update(orderedJson(spec)).digest('hex')}`,
    images: imagesOf(spec.pipeline_spec ?? spec),
    imageDigests: await imageDigestsOf(db, id),
  }
}

function orderedJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) =>
    item !== null && typeof item === 'object' && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  )
}

async function imageDigestsOf(db: Db, pipelineRunId: string): Promise<Record<string, string>> {
  const rows = await db
    .selectFrom('task_runs as t')
    .innerJoin('tags', 'tags.run_id', 't.run_id')
    .select(['t.path', 'tags.value'])
    .where('t.pipeline_run_id', '=', pipelineRunId)
    .where('tags.key', '=', IMAGE_TAG)
    .orderBy('t.path')
    .execute()
  return Object.fromEntries(rows.map(({ path, value }) => [path, value]))
}

/** A run that a step began below its own belongs to the step's pipeline. */
async function rootOfParent(db: Db, run: RunRow, reads: string | undefined): Promise<string | undefined> {
  const parent = run.parent_run_id === null ? undefined : await findRun(db, run.parent_run_id, reads)
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

/** What versions may have in common; exactly one is given. */
export interface Origin {
  /** Digest of a dataset that the run, or a step of its pipeline run, read or wrote. */
  readonly data?: string | undefined
  /** Digest of an image that a step of the pipeline run ran. */
  readonly image?: string | undefined
  /** Id of a pipeline or of one of its versions. */
  readonly pipeline?: string | undefined
}

const MOST_VERSIONS = 1000

/** The versions that came of a dataset, an image or a pipeline, newest first: lineage the other way. */
export async function versionsFrom(db: Db, namespace: string, { data, image, pipeline }: Origin) {
  const roots = data ? rootsOfData(data) : image ? rootsOfImage(image) : rootsOfPipeline(pipeline ?? '')
  return await db
    .selectFrom('model_versions as v')
    .innerJoin('runs as r', 'r.run_id', 'v.run_id')
    .leftJoin('runs as p', 'p.run_id', 'r.parent_run_id')
    .selectAll('v')
    .where('v.namespace', '=', namespace)
    .where(
      sql<boolean>`(r.run_id in (${roots}) or r.root_run_id in (${roots}) or r.parent_run_id in (${roots})
        or p.root_run_id in (${roots}))`,
    )
    .orderBy('v.created_at', 'desc')
    .orderBy('v.name')
    .orderBy('v.version', 'desc')
    .limit(MOST_VERSIONS)
    .execute()
}

const rootsOfData = (digest: string) => sql`select d.run_id from run_datasets as d
  join datasets on datasets.dataset_id = d.dataset_id where datasets.digest = ${digest}
  union all select coalesce(t.root_run_id, t.run_id) from artifacts as a
  join artifact_uses as u on u.artifact_id = a.artifact_id join runs as t on t.run_id = u.task_run_id
  where a.digest = ${digest}`

const rootsOfImage = (digest: string) => sql`select coalesce(t.root_run_id, t.run_id) from tags
  join runs as t on t.run_id = tags.run_id where tags.key = ${IMAGE_TAG} and tags.value = ${digest}`

const rootsOfPipeline = (id: string) => sql`select q.run_id from pipeline_runs as q
  where q.pipeline_id = ${id} or q.pipeline_version_id = ${id}`
