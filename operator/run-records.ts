/** What the operator keeps of runs in the metadata database: header, journal, cache. The port, and its SQL adapter with group commit. */
import type { Insertable } from 'kysely'
import type { TaskOutputs } from '../api/executor-io.ts'
import type { RunReport } from '../api/run-report.ts'
import type { JournalRecord, RunConfig } from '../engine/types.ts'
import type { Metadata } from '../store/metadata/database.ts'
import { DEFAULT_EXPERIMENT_ID } from '../store/metadata/experiments.ts'
import { RunRecorder } from '../store/metadata/record-run.ts'
import { insertRun } from '../store/metadata/runs.ts'
import type { JournalRow } from '../store/metadata/tables.ts'

/** Written once, before the first journal record. */
export interface RunHeader {
  readonly config: RunConfig
  readonly namespace: string
  readonly pipelineName: string
  /** Text that `parsePipelineDocument` reads. */
  readonly pipelineText: string
  readonly serviceAccount?: string | undefined
}

export interface CacheRecord {
  readonly outputs: TaskOutputs
  readonly runId: string
  readonly task: string
}

export interface RunRecords {
  /** The header and all journal records in order; undefined for a run that never started. */
  load(runId: string): Promise<{ header: RunHeader; journal: JournalRecord[] } | undefined>
  /** Whether the run ever started and is kept. */
  has(runId: string): Promise<boolean>
  create(header: RunHeader): Promise<void>
  /** Resolves when the records are durable. Sequence numbers continue from `load`. */
  append(runId: string, fromSequence: number, records: readonly JournalRecord[]): Promise<void>
  /** Brings what servers show of the run up to the report. */
  record(report: RunReport): Promise<void>
  lookUpCache(namespace: string, pipelineName: string, key: string): Promise<CacheRecord | undefined>
  saveCache(namespace: string, pipelineName: string, key: string, record: CacheRecord, at: number): Promise<void>
  delete(runId: string): Promise<void>
}

/** Rows of one INSERT; SQLite and Postgres bound the parameters of a statement. */
const ROWS_A_STATEMENT = 500
const TASKS_A_RECORD = 200

export function createSqlRecords(metadata: Metadata): RunRecords {
  const { db } = metadata
  const recorder = new RunRecorder(metadata)
  const journal = createGroupCommit<Insertable<JournalRow>>(async (rows) => {
    await metadata.transaction(async (transaction) => {
      for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
        const part = rows.slice(at, at + ROWS_A_STATEMENT)
        await transaction.insertInto('run_journal').values(part).execute()
      }
    })
  })

  return {
    async load(runId) {
      const row = await db.selectFrom('pipeline_runs').selectAll().where('run_id', '=', runId).executeTakeFirst()
      if (!row) return undefined
      const stored = JSON.parse(row.runtime_config) as { operator?: { config: RunConfig; namespace: string } }
      if (!stored.operator) return undefined
      const rows = await db
        .selectFrom('run_journal')
        .select(['at', 'event'])
        .where('run_id', '=', runId)
        .orderBy('seq')
        .execute()
      return {
        header: {
          ...stored.operator,
          pipelineName: row.pipeline_name,
          pipelineText: row.pipeline_spec,
          serviceAccount: row.service_account ?? undefined,
        },
        journal: rows.map(({ at, event }) => ({ at: Number(at), event: JSON.parse(event) })),
      }
    },
    async has(runId) {
      const row = await db.selectFrom('pipeline_runs').select('run_id').where('run_id', '=', runId).executeTakeFirst()
      return row !== undefined
    },
    async create(header) {
      const { config } = header
      await metadata.transaction(async (transaction) => {
        await insertRun(transaction, {
          runId: config.runId,
          experimentId: DEFAULT_EXPERIMENT_ID,
          namespace: header.namespace,
          kind: 'pipeline',
          name: config.runName,
          userId: '',
          state: 'RUNNING',
          startTime: config.createTime,
          artifactUri: config.pipelineRoot,
          now: config.createTime,
        })
        await transaction.insertInto('pipeline_runs').values(pipelineRunRow(header)).execute()
      })
    },
    append: (runId, fromSequence, records) =>
      journal.add(
        records.map(({ at, event }, index) => ({
          run_id: runId,
          seq: fromSequence + index,
          at,
          event: JSON.stringify(event),
        })),
      ),
    async record(report) {
      // In parts: one long transaction would hold up the journal of every other run.
      for (let from = 0; from + TASKS_A_RECORD < report.tasks.length; from += TASKS_A_RECORD) {
        const tasks = report.tasks.slice(from, from + TASKS_A_RECORD)
        await recorder.record({ ...report, state: 'RUNNING', outputs: {}, tasks })
      }
      await recorder.record(report)
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
    async saveCache(namespace, pipelineName, key, record, at) {
      const values = {
        created_at: at,
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
    async delete(runId) {
      // Its journal and pipeline_runs row go with it (foreign keys); results in the cache stay useful to other runs.
      await db.deleteFrom('runs').where('run_id', '=', runId).execute()
    },
  }
}

/** An entry is found within its pipeline only, as Kubeflow does. */
const cacheKeyOf = (pipelineName: string, key: string): string => `${pipelineName}:${key}`

function pipelineRunRow({ config, namespace, pipelineName, pipelineText, serviceAccount }: RunHeader) {
  return {
    run_id: config.runId,
    pipeline_name: pipelineName,
    pipeline_id: null,
    pipeline_version_id: null,
    pipeline_spec: pipelineText,
    runtime_config: JSON.stringify({
      parameters: config.arguments,
      pipeline_root: config.pipelineRoot,
      operator: { config, namespace },
    }),
    service_account: serviceAccount ?? null,
    recurring_run_id: null,
    scheduled_at: config.scheduleTime ?? config.createTime,
    error: null,
    state_history: JSON.stringify([{ update_time: new Date(config.createTime).toISOString(), state: 'RUNNING' }]),
    plugins_input: null,
    outputs: null,
  }
}

/** Writes of many runs that come together share one transaction, so one wait for the disk. */
export function createGroupCommit<Row>(write: (rows: Row[]) => Promise<void>) {
  let waiting: { rows: readonly Row[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  let writing = false

  async function drain(): Promise<void> {
    writing = true
    // One turn of the loop lets others who are about to write join.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      try {
        await write(group.flatMap(({ rows }) => rows))
        for (const { resolve } of group) resolve()
      } catch (error) {
        for (const { reject } of group) reject(error)
      }
    }
    writing = false
  }

  return {
    add: (rows: readonly Row[]): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.push({ rows, resolve, reject })
        if (!writing) void drain()
      }),
  }
}
