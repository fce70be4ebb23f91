/** `kfp-ts delete`: removes runs; on a cluster with their pods, artifacts stay unless the run says otherwise. */

import { rm } from 'node:fs/promises'
import { InvalidInputError } from '../../api/issue.ts'
import { lockHolder } from '../../store/lock.ts'
import { runPaths } from '../../store/run-folder.ts'
import { withRuns } from '../cluster.ts'
import { completeRuns } from '../complete-runs.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import { isClusterTarget, rootOf, type TargetArgs, withRunArgument } from '../target.ts'
import type { Command } from './index.ts'

type DeleteArgs = TargetArgs & { readonly run: string }

export const command: Command<DeleteArgs> = {
  command: 'delete <run>',
  describe:
    'Remove a run. On this machine its folder goes, with artifacts and logs; with -n or --cluster the PipelineRun and its pods.',
  builder: (yargs) =>
    withRunArgument(yargs)
      .example('$0 delete quadruple-20261125-184512-k3f9', 'a run of this machine')
      .example('$0 delete hybrid-x7k2p -n ml', 'a run of the cluster'),
  complete: completeRuns,
  handler: async (args) => {
    if (!isClusterTarget(args)) return await deleteHere(args)
    await withRuns(args, async ({ runs, find }) => {
      // Its whole name: a beginning is too little to remove something by.
      const { metadata } = await find(args.run)
      if (metadata.name !== args.run) throw notWhole(args.run, metadata.name)
      await runs.delete(metadata.name)
      process.stdout.write(`${metadata.name} is deleted\n`)
    })
  },
}

async function deleteHere(args: DeleteArgs): Promise<void> {
  const root = rootOf(args)
  const runId = await findRunId(root, args.run)
  if (runId !== args.run && args.run !== 'last') throw notWhole(args.run, runId)
  const paths = runPaths(root, runId)
  const holder = await lockHolder(paths.lock)
  if (holder)
    throw new InvalidInputError([
      usageIssue('run-is-busy', `run ${runId} is being carried out by process ${holder.pid}`, 'cancel it first'),
    ])
  await rm(paths.folder, { recursive: true, force: true })
  process.stdout.write(`${runId} is deleted\n`)
}

const notWhole = (typed: string, name: string): InvalidInputError =>
  new InvalidInputError([
    usageIssue('unknown-run', `there is no run "${typed}"`, `to delete "${name}", type its whole name`),
  ])
