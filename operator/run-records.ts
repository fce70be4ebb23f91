/** What the operator keeps of runs in the metadata database: header, journal, cache. The port, and its SQL adapter. */
import type { TaskOutputs } from '../api/executor-io.ts'
import type { RunError, RunReport } from '../api/run-report.ts'
import { runFolderUri } from '../engine/artifact-paths.ts'
import type { EarlierResult } from '../engine/index.ts'
import type { CacheKey, JournalRecord, RunConfig } from '../engine/types.ts'
import type { Metadata } from '../store/metadata/database.ts'
import { setRunState, TERMINAL_STATES } from '../store/metadata/pipeline-runs.ts'
import { RunRecorder } from '../store/metadata/record-run.ts'
import { removeRun } from '../store/metadata/runs.ts'
import { endRecord, findRecord, keptRuns, openRuns, operatorPart, ownerOf, writeHeader } from './run-header.ts'
import { createRunJournal, type RunJournal } from './run-journal.ts'
import type { RunIdentity } from './run-session.ts'
import { alreadyOver, foreignRunId, ownsRecord } from './served-run.ts'

/** Written once, before the first journal record. */
export interface RunHeader {
  readonly config: RunConfig
  readonly namespace: string
  readonly resource: { readonly name: string; readonly uid: string }
  readonly pipelineName: string
  /** Text that `parsePipelineDocument` reads. */
  readonly pipelineText: string
  readonly serviceAccount?: string | undefined
  /** Name of the experiment; absent for the default one. */
  readonly experiment?: string | undefined
  /** As a label says; it counts when there is such a recurring run in the namespace. */
  readonly recurringRunId?: string | undefined
}

export interface CacheRecord {
  readonly outputs: TaskOutputs
  readonly runId: string
  readonly task: string
}

export interface RunRecords {
  /**
   * Makes sure that the record of the run's id is the run's own, or that there is none.
   * Rejects with InvalidInputError when it is another's, or when it has ended before the run started.
   */
  claim(run: RunIdentity): Promise<void>
  /** The header and all journal records in order; undefined for a run that never started. */
  load(runId: string): Promise<{ header: RunHeader; journal: JournalRecord[] } | undefined>
  /** Whether the run ever started and is kept. */
  has(runId: string): Promise<boolean>
  /** Writes the header, into the record of the server that made the run where there is one. */
  create(header: RunHeader): Promise<void>
  /** Sequence numbers continue from `load`. */
  readonly append: RunJournal['append']
  /** Brings what servers show of the run up to the report. */
  record(report: RunReport): Promise<void>
  /** Ends the record of a run that will never start. */
  refuse(run: RunIdentity, state: 'FAILED' | 'CANCELED', error: RunError): Promise<void>
  lookUpCache(namespace: string, pipelineName: string, key: string): Promise<CacheRecord | undefined>
  saveCache(namespace: string, pipelineName: string, key: CacheKey, record: CacheRecord, at: number): Promise<void>
  /** The newest results of a pipeline that the cache had then, to compare with. Without those of versions that did not keep their parts. */
  earlierResults(namespace: string, pipelineName: string, before: number): Promise<EarlierResult[]>
  /** Names of the PipelineRuns by run id, as far as their records are there. */
  namesOf(runIds: readonly string[]): Promise<Map<string, string>>
  /** Whether files under the run's id are this run's. */
  owns(run: RunIdentity): Promise<boolean>
  /** The folder of the run's artifacts; undefined when it never started. */
  artifactsOf(runId: string): Promise<string | undefined>
  /**
   * The resource is gone: its journal goes, and unless there is a server that shows the record, `removeFiles` is called and the
   * record goes too.
   */
  forget(run: RunIdentity, removeFiles: () => Promise<void>): Promise<void>
  /** Runs of this keeper, but for the known ids, whose records `forget` would change. */
  keptRuns(known: ReadonlySet<string>): Promise<RunIdentity[]>
  /** Ids of runs whose records have no end. */
  openRuns(): Promise<string[]>
}

export interface RecordsOptions {
  /** Whose runs new records are about; see keeper.ts. @default nobody's: `keptRuns` then finds none */
  readonly keeper?: string | undefined
  /** Whether a server shows the records: they then outlive the resources. @default none: records go with the resources */
  readonly served?:
    | {
        /** Each namespace has experiments of its own. */
        readonly separateNamespaces: boolean
        /** Told after each change of a run's record. */
        readonly changed: (runId: string) => void
      }
    | undefined
}

/** SQLite and Postgres bound the parameters of a statement. */
const IDS_A_STATEMENT = 500
const TASKS_A_RECORD = 200
/** As many as a loop may have iterations. */
const MOST_RESULTS = 10_000

export function createSqlRecords(metadata: Metadata, { served, keeper }: RecordsOptions = {}): RunRecords {
  const { db } = metadata
  const recorder = new RunRecorder(metadata, served?.changed)
  const journal = createRunJournal(metadata)

  return {
    async claim(run) {
      const row = await findRecord(db, run.runId)
      if (!ownsRecord(run, row && ownerOf(row))) throw foreignRunId(run)
      if (row && !operatorPart(row) && TERMINAL_STATES.includes(row.state)) throw alreadyOver(run, row.state)
    },
    async load(runId) {
      const row = await findRecord(db, runId)
      const stored = row && operatorPart(row)
      if (!row || !stored) return undefined
      const rows = await db
        .selectFrom('run_journal')
        .select(['at', 'event'])
        .where('run_id', '=', runId)
        .orderBy('seq')
        .execute()
      return {
        header: {
          config: stored.config,
          namespace: stored.namespace,
          resource: stored.resource ?? { name: stored.config.runName, uid: runId },
          pipelineName: row.pipeline_name,
          pipelineText: row.pipeline_spec,
          serviceAccount: row.service_account ?? undefined,
        },
        journal: rows.map(({ at, event }) => ({ at: Number(at), event: JSON.parse(event) })),
      }
    },
    async has(runId) {
      const row = await findRecord(db, runId)
      return row !== undefined && operatorPart(row) !== undefined
    },
    async create(header) {
      await metadata.transaction((transaction) =>
        writeHeader(transaction, header, { keeper, separateNamespaces: served?.separateNamespaces ?? false }),
      )
      served?.changed(header.config.runId)
    },
    append: journal.append,
    async record(report) {
      // In parts: one long transaction would hold up the journal of every other run.
      for (let from = 0; from + TASKS_A_RECORD < report.tasks.length; from += TASKS_A_RECORD) {
        const tasks = report.tasks.slice(from, from + TASKS_A_RECORD)
        await recorder.record({ ...report, state: 'RUNNING', outputs: {}, tasks })
      }
      await recorder.record(report)
    },
    async refuse(run, state, error) {
      const row = await findRecord(db, run.runId)
      if (!row || !ownsRecord(run, ownerOf(row))) return
      await metadata.transaction((transaction) => setRunState(transaction, run.runId, state, metadata.now(), error))
      served?.changed(run.runId)
    },
    async lookUpCache(namespace, pipelineName, key) {
      const row = await db
        .selectFrom('cache_entries')
        .selectAll()
        .where('namespace', '=', namespace)
        .where('cache_key', '=', cacheKeyOf(pipelineName, key))
        .executeTakeFirst()
      return row && { outputs: JSON.parse(row.outputs), runId: row.run_id, task: row.task_path }
    },
    async saveCache(namespace, pipelineName, { key, parts }, record, at) {
      const values = {
        created_at: at,
        pipeline_name: pipelineName,
        parts: JSON.stringify(parts),
        run_id: record.runId,
        task_path: record.task,
        outputs: JSON.stringify(record.outputs),
      }
      await db
        .insertInto('cache_entries')
        .values({ namespace, cache_key: cacheKeyOf(pipelineName, key), ...values })
        .onConflict((conflict) => conflict.columns(['namespace', 'cache_key']).doUpdateSet(values))
        .execute()
    },
    async earlierResults(namespace, pipelineName, before) {
      const rows = await db
        .selectFrom('cache_entries')
        .select(['run_id', 'task_path', 'parts', 'created_at'])
        .where('namespace', '=', namespace)
        .where('pipeline_name', '=', pipelineName)
        .where('created_at', '<', before)
        .orderBy('created_at', 'desc')
        .limit(MOST_RESULTS)
        .execute()
      return rows.map((row) => ({
        runId: row.run_id,
        task: row.task_path,
        parts: JSON.parse(row.parts!),
        savedAt: Number(row.created_at),
      }))
    },
    async namesOf(runIds) {
      const names = new Map<string, string>()
      for (let at = 0; at < runIds.length; at += IDS_A_STATEMENT) {
        const rows = await db
          .selectFrom('pipeline_runs')
          .select(['run_id', 'runtime_config'])
          .where('run_id', 'in', runIds.slice(at, at + IDS_A_STATEMENT))
          .execute()
        for (const row of rows) {
          const part = operatorPart(row)
          if (part) names.set(row.run_id, part.resource?.name ?? part.config.runName)
        }
      }
      return names
    },
    async owns(run) {
      const row = await findRecord(db, run.runId)
      return ownsRecord(run, row && ownerOf(row))
    },
    async artifactsOf(runId) {
      const row = await findRecord(db, runId)
      const config = row && operatorPart(row)?.config
      return config && runFolderUri(config, row.pipeline_name)
    },
    async forget(run, removeFiles) {
      recorder.forget(run.runId)
      const row = await findRecord(db, run.runId)
      if (!row || !ownsRecord(run, ownerOf(row))) return
      if (!served) {
        // In this order: what a killed operator leaves half done is found by the record.
        await removeFiles()
        return await removeRun(db, run.runId)
      }
      await metadata.transaction((transaction) => endRecord(transaction, row, metadata.now()))
      served.changed(run.runId)
    },
    openRuns: () => openRuns(db),
    keptRuns: async (known) => (keeper === undefined ? [] : await keptRuns(db, keeper, known)),
  }
}

/** An entry is found within its pipeline only, as Kubeflow does. */
const cacheKeyOf = (pipelineName: string, key: string): string => `${pipelineName}:${key}`
