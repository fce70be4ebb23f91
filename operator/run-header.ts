/** The operator's part of a pipeline run's row: written when it takes the run up, read after a restart. Before: run-records.ts. */
import type { RunConfig } from '../engine/types.ts'
import type { Db } from '../store/metadata/database.ts'
import { DEFAULT_EXPERIMENT_ID, experimentOfName, getExperiment } from '../store/metadata/experiments.ts'
import {
  type FullPipelineRun,
  insertPipelineRun,
  setRunState,
  TERMINAL_STATES,
} from '../store/metadata/pipeline-runs.ts'
import type { ExperimentRow } from '../store/metadata/tables.ts'
import type { RunHeader } from './run-records.ts'
import type { RunIdentity } from './run-session.ts'
import type { RecordOwner } from './served-run.ts'

/** Kept in `runtime_config`, beside what clients see of it. */
export interface OperatorPart {
  readonly config: RunConfig
  readonly namespace: string
  /** Absent in records of versions whose run ids were always uids. */
  readonly resource?: { readonly name: string; readonly uid: string }
  /** Whose run it is; see keeper.ts. Absent in records of versions that did not write it. */
  readonly keeper?: string | undefined
}

export interface HeaderOptions {
  readonly keeper: string | undefined
  /** The run's experiment is one of its own namespace. */
  readonly separateNamespaces: boolean
}

export async function findRecord(db: Db, runId: string): Promise<FullPipelineRun | undefined> {
  return await db
    .selectFrom('runs')
    .innerJoin('pipeline_runs', 'pipeline_runs.run_id', 'runs.run_id')
    .selectAll('pipeline_runs')
    .selectAll('runs')
    .where('runs.run_id', '=', runId)
    .executeTakeFirst()
}

/** Undefined until the operator took the run up. */
export function operatorPart(row: Pick<FullPipelineRun, 'runtime_config'>): OperatorPart | undefined {
  return (JSON.parse(row.runtime_config) as { operator?: OperatorPart }).operator
}

/** Whether the resource of a server's run was there once, though no operator may have taken it up. */
export function hadResource(row: Pick<FullPipelineRun, 'runtime_config'>): boolean {
  return (JSON.parse(row.runtime_config) as { resource?: boolean }).resource === true
}

/** Leaves the record alone that an operator wrote its part into meanwhile: that says it, too. */
export async function noteResource(
  db: Db,
  { run_id, runtime_config }: Pick<FullPipelineRun, 'run_id' | 'runtime_config'>,
): Promise<void> {
  await db
    .updateTable('pipeline_runs')
    .set({ runtime_config: JSON.stringify({ ...JSON.parse(runtime_config), resource: true }) })
    .where('run_id', '=', run_id)
    .where('runtime_config', '=', runtime_config)
    .execute()
}

export function ownerOf(row: FullPipelineRun): RecordOwner {
  const part = operatorPart(row)
  return {
    namespace: row.namespace,
    pipelineName: row.pipeline_name,
    uid: part && (part.resource?.uid ?? row.run_id),
  }
}

export async function writeHeader(
  db: Db,
  header: RunHeader,
  { keeper, separateNamespaces }: HeaderOptions,
): Promise<void> {
  const { config, namespace, resource } = header
  const { name, uid } = resource
  const operator: OperatorPart = { config, namespace, resource: { name, uid }, keeper }
  const row = await findRecord(db, config.runId)
  if (!row) return await insertHeader(db, header, operator, separateNamespaces)
  const known = JSON.parse(row.runtime_config) as object
  await db
    .updateTable('pipeline_runs')
    .set({ runtime_config: JSON.stringify({ ...known, operator }) })
    .where('run_id', '=', row.run_id)
    .execute()
  if (row.state === 'PENDING') await setRunState(db, row.run_id, 'RUNNING', config.createTime)
}

async function insertHeader(
  db: Db,
  header: RunHeader,
  operator: OperatorPart,
  separateNamespaces: boolean,
): Promise<void> {
  const { config, namespace, pipelineName } = header
  const experiment = await experimentOf(db, header, separateNamespaces)
  await insertPipelineRun(
    db,
    {
      runId: config.runId,
      experimentId: experiment.experiment_id,
      namespace,
      kind: 'pipeline',
      name: config.runName,
      userId: '',
      state: 'RUNNING',
      startTime: config.createTime,
      artifactUri: `${experiment.artifact_location}/${config.runId}/artifacts`,
      tags: [
        { key: 'mlflow.runName', value: config.runName },
        { key: 'mlflow.source.type', value: 'PIPELINE' },
        { key: 'kfp-ts.pipeline', value: pipelineName },
      ],
      now: config.createTime,
    },
    {
      pipeline_name: pipelineName,
      pipeline_id: null,
      pipeline_version_id: null,
      pipeline_spec: header.pipelineText,
      runtime_config: JSON.stringify({
        parameters: config.arguments,
        pipeline_root: config.pipelineRoot,
        operator,
      }),
      service_account: header.serviceAccount ?? null,
      recurring_run_id: await recurringRunOf(db, header),
      scheduled_at: config.scheduleTime ?? config.createTime,
      plugins_input: null,
    },
    config.arguments,
  )
}

/** The experiment that the run names, or `Default`; made when it is new. A deleted one takes no runs. */
async function experimentOf(
  db: Db,
  { namespace, experiment, config }: RunHeader,
  separateNamespaces: boolean,
): Promise<ExperimentRow> {
  const place = separateNamespaces ? namespace : ''
  if (experiment === undefined && place === '') return await getExperiment(db, String(DEFAULT_EXPERIMENT_ID))
  const found = await experimentOfName(db, place, experiment ?? 'Default', config.createTime)
  if (found.lifecycle_stage === 'active') return found
  return await experimentOfName(db, place, 'Default', config.createTime)
}

/** Anyone may write the label: only a schedule of the run's own namespace takes it in. */
async function recurringRunOf(db: Db, { recurringRunId, namespace }: RunHeader): Promise<string | null> {
  if (recurringRunId === undefined) return null
  const row = await db
    .selectFrom('recurring_runs')
    .select('recurring_run_id')
    .where('recurring_run_id', '=', recurringRunId)
    .where('namespace', 'in', ['', namespace])
    .executeTakeFirst()
  return row?.recurring_run_id ?? null
}

/** The journal goes; a run that had not ended has ended now. */
export async function endRecord(db: Db, row: FullPipelineRun, now: number): Promise<void> {
  await db.deleteFrom('run_journal').where('run_id', '=', row.run_id).execute()
  if (TERMINAL_STATES.includes(row.state)) return
  await setRunState(db, row.run_id, 'CANCELED', now, { code: 'canceled', message: 'its PipelineRun was deleted' })
}

/**
 * Runs of the keeper that have a journal or no end yet, but for the known ids. The records that a server keeps for good have neither,
 * so that looking costs little however long the history is.
 */
export async function keptRuns(db: Db, keeper: string, known: ReadonlySet<string>): Promise<RunIdentity[]> {
  const rows = await db
    .selectFrom('runs')
    .select('run_id')
    .where('kind', '=', 'pipeline')
    .where(({ or, eb, exists, selectFrom }) =>
      or([
        eb('state', 'not in', [...TERMINAL_STATES]),
        exists(selectFrom('run_journal').select('seq').whereRef('run_journal.run_id', '=', 'runs.run_id')),
      ]),
    )
    .execute()
  const found: RunIdentity[] = []
  for (const { run_id: runId } of rows) {
    if (known.has(runId)) continue
    const row = await findRecord(db, runId)
    const part = row && operatorPart(row)
    if (part?.keeper !== keeper || !part.resource) continue
    found.push({ ...part.resource, namespace: part.namespace, runId, displayName: row!.name })
  }
  return found
}

export async function openRuns(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('runs')
    .select('run_id')
    .where('kind', '=', 'pipeline')
    .where('state', 'not in', [...TERMINAL_STATES])
    .execute()
  return rows.map(({ run_id: runId }) => runId)
}
