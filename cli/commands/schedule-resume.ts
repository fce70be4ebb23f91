/** `kfp-ts schedule resume`: goes on after a pause, also after one that failures caused. */
import { type DatabaseArgs, withDatabaseOptions } from '../schedules/open.ts'
import { switchSchedule } from '../schedules/switch-schedule.ts'
import type { Command } from './index.ts'

export const command: Command<DatabaseArgs & { readonly name: string }> = {
  command: 'resume <name>',
  describe: 'Go on; catchup decides about what was missed',
  builder: (yargs) =>
    withDatabaseOptions(yargs.positional('name', { type: 'string', demandOption: true, describe: 'Schedule' })),
  handler: (args) => switchSchedule(args, args.name, true),
}
