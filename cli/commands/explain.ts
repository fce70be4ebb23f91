/** `kfp-ts explain`: why a task of a run was, or was not, taken from the cache. */
import { explainCache } from '../../local/explain-cache.ts'
import { runPaths } from '../../store/run-folder.ts'
import { completeRuns } from '../complete-runs.ts'
import { findRunId } from '../local-runs.ts'
import { isClusterTarget, rootOf, type TargetArgs, withRunArgument } from '../target.ts'
import { tellCache } from '../tell-cache.ts'
import type { Command } from './index.ts'

export interface ExplainArgs extends TargetArgs {
  readonly run: string
  readonly task: string | undefined
  readonly json: boolean
}

export const command: Command<ExplainArgs> = {
  command: 'explain <run> [task]',
  describe:
    'Say for each task of a run whether the cache had its result, and if not, what changed since the nearest earlier one. ' +
    'A run of this machine, or with -n or --cluster of a cluster.',
  builder: (yargs) =>
    withRunArgument(yargs)
      .positional('task', {
        type: 'string',
        describe: 'Only this task: its path, such as train or for-loop-2[3]/train',
      })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON list' })
      .example('$0 explain last', 'all tasks of the newest run of this machine')
      .example('$0 explain last train', 'one of them')
      .example('$0 explain hybrid-x7k2p -n ml', 'a run of the cluster'),
  complete: completeRuns,
  handler: async (args) => {
    if (isClusterTarget(args)) return await (await import('../cluster/explain.ts')).explainOnCluster(args)
    const root = rootOf(args)
    tellCache(args, await explainCache(runPaths(root, await findRunId(root, args.run))))
  },
}
