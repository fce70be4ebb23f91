/** The journals of active runs in the metadata database: what is appended is durable before the operator acts on it. After: run-records.ts. */
import type { JournalRecord } from '../engine/types.ts'
import type { Metadata } from '../store/metadata/database.ts'
import { isConstraintViolation, isUniqueViolation } from '../store/metadata/errors.ts'
import type { JournalRow } from '../store/metadata/tables.ts'

export interface RunJournal {
  /**
   * Resolves when the records are durable. To be repeated with the same records when it rejects: those of a try that was
   * committed, and whose answer was lost, are known by what they say.
   *
   * Rejects with JournalOvertakenError when another operator wrote on: repeating does not help then.
   */
  append(runId: string, fromSequence: number, records: readonly JournalRecord[]): Promise<void>
}

/** The run's journal has other records than ours where ours belong: this process does not know the run's state any more. */
export class JournalOvertakenError extends Error {
  constructor(runId: string) {
    super(`another operator wrote the journal of run ${runId}: it is taken up again from there`)
    this.name = 'JournalOvertakenError'
  }
}

/** Rows of one INSERT; SQLite and Postgres bound the parameters of a statement. */
const ROWS_A_STATEMENT = 500

export function createRunJournal({ db, transaction }: Pick<Metadata, 'db' | 'transaction'>): RunJournal {
  const commit = createGroupCommit<JournalRow>(async (rows) => {
    await transaction(async (within) => {
      for (let at = 0; at < rows.length; at += ROWS_A_STATEMENT) {
        const part = rows.slice(at, at + ROWS_A_STATEMENT)
        await within.insertInto('run_journal').values(part).execute()
      }
    })
  }, isConstraintViolation)

  async function isWritten(runId: string, fromSequence: number, rows: readonly JournalRow[]): Promise<boolean> {
    const stored = await db
      .selectFrom('run_journal')
      .select(['seq', 'at', 'event'])
      .where('run_id', '=', runId)
      .where('seq', '>=', fromSequence)
      .orderBy('seq')
      .limit(rows.length + 1)
      .execute()
    return (
      stored.length === rows.length &&
      rows.every(({ seq, at, event }, index) => {
        const row = stored[index]!
        return row.seq === seq && row.at === at && row.event === event
      })
    )
  }

  return {
    async append(runId, fromSequence, records) {
      const rows = records.map(({ at, event }, index) => ({
        run_id: runId,
        seq: fromSequence + index,
        at,
        event: JSON.stringify(event),
      }))
      try {
        await commit.add(rows)
      } catch (error) {
        if (!isUniqueViolation(error)) throw error
        if (!(await isWritten(runId, fromSequence, rows))) throw new JournalOvertakenError(runId)
      }
    },
  }
}

/**
 * Writes of many runs that come together share one transaction, so one wait for the disk.
 *
 * @param isOfRows whether an error is about what was written and not about the database: then each write is tried alone, so that
 * one that can't succeed fails by itself
 */
export function createGroupCommit<Row>(write: (rows: Row[]) => Promise<void>, isOfRows: (error: unknown) => boolean) {
  let waiting: { rows: readonly Row[]; resolve: () => void; reject: (error: unknown) => void }[] = []
  let writing = false

  async function drain(): Promise<void> {
    writing = true
    // One turn of the loop lets others who are about to write join.
    await new Promise((resolve) => setImmediate(resolve))
    while (waiting.length > 0) {
      const group = waiting
      waiting = []
      await settle(group)
    }
    writing = false
  }

  async function settle(group: typeof waiting): Promise<void> {
    try {
      await write(group.flatMap(({ rows }) => rows))
      for (const { resolve } of group) resolve()
    } catch (error) {
      if (group.length > 1 && isOfRows(error)) for (const one of group) await settle([one])
      else for (const { reject } of group) reject(error)
    }
  }

  return {
    add: (rows: readonly Row[]): Promise<void> =>
      new Promise((resolve, reject) => {
        waiting.push({ rows, resolve, reject })
        if (!writing) void drain()
      }),
  }
}
