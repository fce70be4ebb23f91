/** `kfp-ts schedule explain`: where a schedule stands, what it did and what it left out, its backfills and requests. */
import type { ScheduleTriggerStatus } from '../../api/scheduled-run.ts'
import { scheduleEvents } from '../../store/metadata/schedules.ts'
import { triggerStatuses } from '../../store/metadata/signals.ts'
import { type DatabaseArgs, requireSchedule, withDatabase, withDatabaseOptions } from '../schedules/open.ts'
import { compileRow, specOfRow } from '../schedules/schedule-row.ts'
import type { Command } from './index.ts'

export const command: Command<DatabaseArgs & { readonly name: string; readonly json: boolean }> = {
  command: 'explain <name>',
  describe: 'Say why a schedule waits, and what it skipped',
  builder: (yargs) =>
    withDatabaseOptions(
      yargs
        .positional('name', { type: 'string', demandOption: true, describe: 'Schedule' })
        .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object' }),
    ),
  handler: async (args) => {
    await withDatabase(args, async (metadata) => {
      const row = await requireSchedule(metadata, args.name)
      const standing = JSON.parse(row.standing) as { reason: string; message: string }[]
      const events = (await scheduleEvents(metadata.db, row.recurring_run_id, 20)).map(({ at, reason, message }) => ({
        at: new Date(at).toISOString(),
        reason,
        message,
      }))
      const requests = await metadata.db
        .selectFrom('schedule_requests')
        .selectAll()
        .where('recurring_run_id', '=', row.recurring_run_id)
        .orderBy('requested_at', 'desc')
        .limit(5)
        .execute()
      const backfills = (
        await metadata.db
          .selectFrom('backfills')
          .selectAll()
          .where('recurring_run_id', '=', row.recurring_run_id)
          .orderBy('created_at', 'desc')
          .limit(5)
          .execute()
      ).map(({ name, phase, state }) => ({
        name,
        phase,
        ticks: (JSON.parse(state) as { outcomes: unknown[] }).outcomes.length,
      }))
      const compiled = compileRow(row).schedule?.triggers ?? []
      const triggers = await triggerStatuses(metadata.db, row.recurring_run_id, compiled)
      if (args.json) {
        process.stdout.write(
          `${JSON.stringify({ name: row.name, spec: specOfRow(row), state: JSON.parse(row.state), standing, triggers, events, requests, backfills })}\n`,
        )
        return
      }
      const looked =
        standing.length > 0 ? standing : [{ reason: 'Unseen', message: 'no "kfp-ts serve" has looked at it yet' }]
      for (const { reason, message } of looked) process.stdout.write(`${reason}: ${message}\n`)
      for (const status of triggers) process.stdout.write(`${triggerLine(status)}\n`)
      for (const { at, reason, message } of events) process.stdout.write(`${at}  ${reason}: ${message}\n`)
      for (const { request_id, message } of requests)
        process.stdout.write(`request ${request_id}: ${message ?? 'not answered yet'}\n`)
      for (const { name, phase, ticks } of backfills)
        process.stdout.write(`backfill ${name}: ${phase}, ${ticks} dates handled\n`)
    })
  },
}

function triggerLine({ name, source, since, lastEvent, lastRun, pending = 0 }: ScheduleTriggerStatus): string {
  const last = lastEvent === undefined ? 'nothing yet' : `last at ${lastEvent}${lastRun ? `, run ${lastRun}` : ''}`
  const waiting = pending === 0 ? '' : `; ${pending} ${pending === 1 ? 'event waits' : 'events wait'}`
  return `trigger ${name}: ${source}; ${last}${since === undefined ? '' : ` (listens since ${since})`}${waiting}`
}
