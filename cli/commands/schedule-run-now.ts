/** `kfp-ts schedule run-now`: asks for one run by hand; it never moves the schedule. */
import { randomUUID } from 'node:crypto'
import {
  type DatabaseArgs,
  readInstant,
  requireSchedule,
  withDatabase,
  withDatabaseOptions,
} from '../schedules/open.ts'
import { parametersOf } from '../schedules/read-scheduled.ts'
import { checkRequest } from '../schedules/start-planned-run.ts'
import type { Command } from './index.ts'

interface Args extends DatabaseArgs {
  readonly name: string
  readonly date: string | undefined
  readonly param: readonly string[] | undefined
}

export const command: Command<Args> = {
  command: 'run-now <name>',
  describe: 'Ask for a run by hand; it waits for a free slot and never moves the schedule',
  builder: (yargs) =>
    withDatabaseOptions(
      yargs
        .positional('name', { type: 'string', demandOption: true, describe: 'Schedule' })
        .option('date', { type: 'string', describe: 'Logical date; none by default' })
        .option('param', {
          alias: 'p',
          type: 'string',
          array: true,
          describe: 'NAME=VALUE, laid over those of the schedule',
        }),
    ),
  handler: async (args) => {
    const logicalDate = args.date === undefined ? null : readInstant(args.date, '--date')
    const parameters = parametersOf(args.param ?? [])
    await withDatabase(args, async (metadata) => {
      const row = await requireSchedule(metadata, args.name)
      await checkRequest({ metadata }, row, { logicalDate, parameters })
      const request = {
        recurring_run_id: row.recurring_run_id,
        request_id: randomUUID(),
        requested_at: metadata.now(),
        logical_date: logicalDate,
        parameters: JSON.stringify(parameters),
        accepted: null,
        message: null,
      }
      await metadata.db.insertInto('schedule_requests').values(request).execute()
      process.stdout.write(`asked for a run of ${args.name}; "kfp-ts schedule explain ${args.name}" shows the answer\n`)
    })
  },
}
