/** `kfp-ts delete`: removes runs; on a cluster with their pods, artifacts stay unless the run says otherwise. */

import { InvalidInputError } from '../../api/issue.ts'
import { removeRun, runsThatNeed } from '../../local/remove-run.ts'
import { tryLock } from '../../store/lock.ts'
import { runPaths } from '../../store/run-folder.ts'
import { withRuns } from '../cluster.ts'
import { completeRuns } from '../complete-runs.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import { isClusterTarget, rootOf, type TargetArgs, withRunArgument } from '../target.ts'
import type { Command } from './index.ts'

type DeleteArgs = TargetArgs & { readonly run: string; readonly force: boolean }

export const command: Command<DeleteArgs> = {
  command: 'delete <run>',
  describe:
    'Remove a run. On this machine its folder goes, with artifacts and logs; with -n or --cluster the PipelineRun and its pods.',
  builder: (yargs) =>
    withRunArgument(yargs)
      .option('force', {
        type: 'boolean',
        default: false,
        describe: 'Also when other runs of this machine took artifacts from it',
      })
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
  const lock = await tryLock(paths.lock)
  if ('heldBy' in lock)
    throw new InvalidInputError([
      usageIssue('run-is-busy', `run ${runId} is being carried out by process ${lock.heldBy.pid}`, 'cancel it first'),
    ])
  try {
    if (!args.force) await refuseNeeded(root, runId)
    await removeRun(paths)
  } finally {
    await lock.release()
  }
  process.stdout.write(`${runId} is deleted\n`)
}

async function refuseNeeded(root: string, runId: string): Promise<void> {
  const needing = await runsThatNeed(root, runId)
  if (needing.length === 0) return
  const some = needing.slice(0, 5).join(', ')
  const message = `${needing.length === 1 ? 'a run has' : `${needing.length} runs have`} artifacts of ${runId}: ${some}`
  throw new InvalidInputError([
    usageIssue('run-is-needed', message, 'delete them first, or give --force: their artifacts are gone then'),
  ])
}

const notWhole = (typed: string, name: string): InvalidInputError =>
  new InvalidInputError([
    usageIssue('unknown-run', `there is no run "${typed}"`, `to delete "${name}", type its whole name`),
  ])
