/** `kfp-ts schedule pause`: creates no more runs; those that run go on. */
import { type DatabaseArgs, withDatabaseOptions } from '../schedules/open.ts'
import { switchSchedule } from '../schedules/switch-schedule.ts'
import type { Command } from './index.ts'

export const command: Command<DatabaseArgs & { readonly name: string }> = {
  command: 'pause <name>',
  describe: 'Create no more runs; those that run go on',
  builder: (yargs) =>
    withDatabaseOptions(yargs.positional('name', { type: 'string', demandOption: true, describe: 'Schedule' })),
  handler: (args) => switchSchedule(args, args.name, false),
}
