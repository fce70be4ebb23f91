/** Finds the run that a request is about, checks that the caller may write to it, and gives the change a transaction. */
import type { Transaction } from 'kysely'
import { invalid, MetadataError } from '../../store/metadata/errors.ts'
import { getRun } from '../../store/metadata/runs.ts'
import type { RunRow, Tables } from '../../store/metadata/tables.ts'
import type { Caller } from '../context.ts'
import type { Fields } from './fields.ts'
import type { Call } from './route.ts'
import type { Json } from './wire.ts'

/** The id from `run_id` or its older name `run_uuid`. */
export function runIdOf(fields: Fields): string {
  const id = fields.text('run_id') || undefined
  const older = fields.text('run_uuid') || undefined
  if (id && older && id !== older) throw invalid("Parameters 'run_id' and 'run_uuid' differ")
  const found = id ?? older
  if (!found) throw invalid("Missing value for required parameter 'run_id'.")
  if (!/^[A-Za-z0-9][\w-]{0,255}$/.test(found)) throw invalid(`Invalid run ID: '${found.slice(0, 60)}'`)
  return found
}

/** A step's token writes to its own run and to the runs below it. */
export function requireWritable(caller: Caller, row: RunRow): void {
  const { runScope } = caller
  if (runScope === undefined) return
  if (row.run_id === runScope || row.parent_run_id === runScope) return
  throw new MetadataError('forbidden', `The token of run ${runScope} does not cover run ${row.run_id}`)
}

/** Wraps a change of one run: found in the caller's namespace, writable, all in one transaction. */
export function withRun(
  work: (call: Call, row: RunRow, db: Transaction<Tables>) => Promise<Json>,
): (call: Call) => Promise<Json> {
  return async (call) => {
    const id = runIdOf(call.fields)
    return await call.services.metadata.transaction(async (db) => {
      const row = await getRun(db, id, call.caller.reads)
      requireWritable(call.caller, row)
      return await work(call, row, db)
    })
  }
}
