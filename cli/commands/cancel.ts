/** `kfp-ts cancel`: ends a run; steps that run are ended too. */

import { InvalidInputError } from '../../api/issue.ts'
import { isFinalPhase } from '../../api/pipeline-run.ts'
import { requestCancel } from '../../local/cancel-request.ts'
import { cancelRun } from '../../local/run.ts'
import { lockHolder } from '../../store/lock.ts'
import { runPaths } from '../../store/run-folder.ts'
import { withRuns } from '../cluster.ts'
import { completeRuns } from '../complete-runs.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import { isClusterTarget, rootOf, type TargetArgs, withRunArgument } from '../target.ts'
import type { Command } from './index.ts'

type CancelArgs = TargetArgs & { readonly run: string }

export const command: Command<CancelArgs> = {
  command: 'cancel <run>',
  describe: 'End a run that goes on: one of this machine, or with -n or --cluster one of a cluster.',
  builder: (yargs) =>
    withRunArgument(yargs)
      .example('$0 cancel last', 'the newest run of this machine')
      .example('$0 cancel hybrid-x7k2p -n ml', 'a run of the cluster'),
  complete: completeRuns,
  handler: async (args) => {
    if (isClusterTarget(args)) await cancelOnCluster(args)
    else await cancelHere(args)
  },
}

async function cancelOnCluster(args: CancelArgs): Promise<void> {
  await withRuns(args, async ({ runs, find }) => {
    const { metadata, status } = await find(args.run)
    if (isFinalPhase(status?.phase)) throw over(metadata.name, status!.phase!)
    await runs.cancel(metadata.name)
    process.stdout.write(`${metadata.name} is being canceled\n`)
  })
}

async function cancelHere(args: CancelArgs): Promise<void> {
  const root = rootOf(args)
  const runId = await findRunId(root, args.run)
  const paths = runPaths(root, runId)
  if (await lockHolder(paths.lock)) {
    await requestCancel(paths)
    process.stdout.write(`${runId} is being canceled\n`)
    return
  }
  const { report, wasOver } = await cancelRun(runId, { root, runtime: 'process', hostCommands: false })
  if (wasOver) throw over(runId, report.state)
  process.stdout.write(`${runId} is canceled\n`)
}

function over(name: string, state: string): InvalidInputError {
  return new InvalidInputError([usageIssue('not-running', `${name} does not run (${state})`)])
}
