/** `kfp-ts retry`: runs again what failed in a finished run on the cluster; what succeeded stays. */

import { InvalidInputError } from '../../api/issue.ts'
import { isFinalPhase } from '../../api/pipeline-run.ts'
import { type ClusterArgs, withClusterOptions, withRuns } from '../cluster.ts'
import { usageIssue } from '../errors.ts'
import type { Command } from './index.ts'

export const command: Command<ClusterArgs & { readonly run: string }> = {
  command: 'retry <run>',
  describe: 'Run again what failed in a finished run on the cluster; what succeeded stays.',
  builder: (yargs) =>
    withClusterOptions(
      yargs.positional('run', { type: 'string', demandOption: true, describe: 'Name of the PipelineRun' }),
    ),
  handler: (args) =>
    withRuns(args, async ({ runs }) => {
      const { status } = await runs.get(args.run)
      if (!isFinalPhase(status?.phase)) {
        throw new InvalidInputError([
          usageIssue(
            'not-finished',
            `${args.run} has not ended (${status?.phase ?? 'Pending'})`,
            'wait for its end or cancel it first',
          ),
        ])
      }
      if (status?.phase === 'Succeeded') {
        throw new InvalidInputError([
          usageIssue('nothing-to-retry', `${args.run} succeeded`, 'submit it again to run it once more'),
        ])
      }
      await runs.retry(args.run)
      process.stdout.write(`${args.run} runs again what failed\n`)
    }),
}
