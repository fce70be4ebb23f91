/** `kfp-ts schedule delete`: no more runs; records of runs are kept, and what runs goes on. */
import { type DatabaseArgs, requireSchedule, withDatabase, withDatabaseOptions } from '../schedules/open.ts'
import type { Command } from './index.ts'

export const command: Command<DatabaseArgs & { readonly name: string }> = {
  command: 'delete <name>',
  describe: 'Delete a schedule; its runs stay',
  builder: (yargs) =>
    withDatabaseOptions(yargs.positional('name', { type: 'string', demandOption: true, describe: 'Schedule' })),
  handler: async (args) => {
    await withDatabase(args, async (metadata) => {
      const { recurring_run_id: id } = await requireSchedule(metadata, args.name)
      await metadata.db.deleteFrom('recurring_runs').where('recurring_run_id', '=', id).execute()
      process.stdout.write(`schedule ${args.name} is deleted; its runs are kept\n`)
    })
  },
}
