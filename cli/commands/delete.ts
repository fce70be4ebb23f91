/** `kfp-ts delete`: removes a run from the cluster with its pods; artifacts stay unless the run says otherwise. */
import { type ClusterArgs, withClusterOptions, withRuns } from '../cluster.ts'
import type { Command } from './index.ts'

export const command: Command<ClusterArgs & { readonly run: string }> = {
  command: 'delete <run>',
  describe: 'Remove a run from the cluster, with its pods.',
  builder: (yargs) =>
    withClusterOptions(
      yargs.positional('run', { type: 'string', demandOption: true, describe: 'Name of the PipelineRun' }),
    ),
  handler: (args) =>
    withRuns(args, async ({ runs }) => {
      await runs.delete(args.run)
      process.stdout.write(`${args.run} is deleted\n`)
    }),
}
