/** `kfp-ts cancel`: ends a run on the cluster; its pods are ended too. */
import { type ClusterArgs, withClusterOptions, withRuns } from '../cluster.ts'
import type { Command } from './index.ts'

export const command: Command<ClusterArgs & { readonly run: string }> = {
  command: 'cancel <run>',
  describe: 'End a run on the cluster.',
  builder: (yargs) =>
    withClusterOptions(
      yargs.positional('run', { type: 'string', demandOption: true, describe: 'Name of the PipelineRun' }),
    ),
  handler: (args) =>
    withRuns(args, async ({ runs }) => {
      await runs.cancel(args.run)
      process.stdout.write(`${args.run} is being canceled\n`)
    }),
}
