/** `kfp-ts logs`: what the steps of a run printed, attempt by attempt, also while it runs. */

import { InvalidInputError } from '../../api/issue.ts'
import { completeRuns } from '../complete-runs.ts'
import { usageIssue } from '../errors.ts'
import { isClusterTarget, type TargetArgs, withTargetOptions } from '../target.ts'
import type { Command } from './index.ts'

export interface LogsArgs extends TargetArgs {
  readonly run: string
  readonly task: string | undefined
  readonly follow: boolean
  readonly attempt: number | undefined
  readonly tail: number | undefined
  readonly list: boolean
}

export const command: Command<LogsArgs> = {
  command: 'logs <run> [task]',
  describe:
    'Print what the steps of a run wrote: all of them, each line after the name of its step, or one. ' +
    'A run of this machine, or with -n or --cluster of a cluster.',
  builder: (yargs) =>
    withTargetOptions(
      yargs
        .positional('run', {
          type: 'string',
          demandOption: true,
          describe: 'Id or name of the run, or its beginning; "last" for the newest of this machine',
        })
        .positional('task', { type: 'string', describe: 'Path of the task, for example train or for-loop-2[3]/train' })
        .option('follow', {
          alias: 'f',
          type: 'boolean',
          default: false,
          describe: 'Go on printing, new steps and attempts too, until the run ends',
        })
        .option('attempt', { type: 'number', describe: 'Only this attempt, counted from 1; default: all' })
        .option('tail', { type: 'number', describe: 'Only so many last lines of each pod (cluster)' })
        .option('list', { type: 'boolean', default: false, describe: 'Only name the steps that have a log' }),
    )
      .example('$0 logs last train', 'all attempts of train in the newest run of this machine')
      .example('$0 logs last -f', 'follow all of its steps')
      .example('$0 logs hybrid-x7k2p train -n ml', 'a run of the cluster'),
  complete: completeRuns,
  handler: async (args) => {
    for (const name of ['attempt', 'tail'] as const) {
      const value = args[name]
      if (value === undefined || (Number.isInteger(value) && value > 0)) continue
      throw new InvalidInputError([usageIssue(`wrong-${name}`, `--${name} must be a whole number above 0`)])
    }
    if (isClusterTarget(args)) await (await import('../cluster/logs.ts')).printClusterLogs(args)
    else await (await import('../local-logs.ts')).printLocalLogs(args)
  },
}
