/** Many small transactions as one: on SQLite a commit waits for the disk, and waiting together costs as much as waiting alone. */
import type { Transaction } from 'kysely'
import { sql } from 'kysely'
import type { Db } from './database.ts'
import type { Tables } from './tables.ts'

interface Work {
  readonly run: (db: Transaction<Tables>) => Promise<unknown>
  readonly resolve: (value: unknown) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly work: Work } & ({ readonly value: unknown } | { readonly error: unknown })

/** More would keep readers, who use the same connection, waiting for too long. */
const MOST_TOGETHER = 32

/**
 * Runs what arrives while a commit is under way in the next transaction, each part behind its own savepoint: a part that
 * fails undoes itself alone, and nobody is answered before the commit.
 */
export class GroupCommit {
  readonly #db: Db
  #waiting: Work[] = []
  #busy = false

  constructor(db: Db) {
    this.#db = db
  }

  transaction<T>(run: (db: Transaction<Tables>) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run, resolve: resolve as Work['resolve'], reject })
      if (!this.#busy) void this.#drain()
    })
  }

  async #drain(): Promise<void> {
    this.#busy = true
    // One turn of the event loop, so that requests that came together are found together.
    await new Promise((resolve) => setImmediate(resolve))
    while (this.#waiting.length > 0) {
      const group = this.#waiting.splice(0, MOST_TOGETHER)
      try {
        const outcomes = await this.#db.transaction().execute((db) => runAll(db, group))
        for (const outcome of outcomes) {
          if ('error' in outcome) outcome.work.reject(outcome.error)
          else outcome.work.resolve(outcome.value)
        }
      } catch (error) {
        for (const work of group) work.reject(error)
      }
    }
    this.#busy = false
  }
}

async function runAll(db: Transaction<Tables>, group: readonly Work[]): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  for (const work of group) {
    await sql`savepoint part`.execute(db)
    try {
      outcomes.push({ work, value: await work.run(db) })
    } catch (error) {
      await sql`rollback to part`.execute(db)
      outcomes.push({ work, error })
    }
    await sql`release part`.execute(db)
  }
  return outcomes
}
