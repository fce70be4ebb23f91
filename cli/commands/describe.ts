/** `kfp-ts describe`: where a run stands, task by task, and why. */

import { type AttemptStory, type LocalRunStory, replayedReport } from '../../local/describe.ts'
import { shortPath } from '../../local/progress/plain.ts'
import { formatDuration, styleFor } from '../../local/progress/terminal.ts'
import { leavesOf } from '../../local/progress/tree.ts'
import { lockHolder } from '../../store/lock.ts'
import { runPaths } from '../../store/run-folder.ts'
import { completeRuns } from '../complete-runs.ts'
import { findRunId } from '../local-runs.ts'
import { type RunStory, storyLines } from '../run-story.ts'
import { isClusterTarget, rootOf, type TargetArgs, withRunArgument } from '../target.ts'
import type { Command } from './index.ts'

export interface DescribeArgs extends TargetArgs {
  readonly run: string
  readonly json: boolean
}

export const command: Command<DescribeArgs> = {
  command: 'describe <run>',
  describe:
    'Show where a run stands and why: tasks to look at, what waits and for what, attempts, outputs, events. ' +
    'A run of this machine, or with -n or --cluster of a cluster.',
  builder: (yargs) =>
    withRunArgument(yargs)
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print the report (a run of a cluster: resource, pods, events, tasks) as JSON',
      })
      .example('$0 describe last', 'the newest run of this machine')
      .example('$0 describe hybrid-x7k2p -n ml', 'a run of the cluster'),
  complete: completeRuns,
  handler: async (args) => {
    if (isClusterTarget(args)) await (await import('../cluster/describe.ts')).describeOnCluster(args)
    else await describeHere(args)
  },
}

async function describeHere(args: DescribeArgs): Promise<void> {
  const root = rootOf(args)
  const runId = await findRunId(root, args.run)
  const told = await replayedReport(root, runId)
  if (args.json) {
    process.stdout.write(`${JSON.stringify({ ...told.report, attempts: told.attempts, waiting: told.waiting })}\n`)
    return
  }
  const isRunning = (await lockHolder(runPaths(root, runId).lock)) !== undefined
  const story = localStory(runId, told, isRunning)
  process.stdout.write(`${storyLines(story, Date.now(), styleFor(process.stdout)).join('\n')}\n`)
}

export function localStory(runId: string, told: LocalRunStory, isRunning: boolean): RunStory {
  const { report, manifest, startedAt, endedAt, attempts, waiting } = told
  const isOver = endedAt !== undefined
  const leaves = leavesOf(report.tasks)
  const done = leaves.filter(({ state }) => state !== 'PENDING' && state !== 'RUNNING').length
  const failed = leaves.filter(({ state, error }) => state === 'FAILED' && error)
  const reuses = manifest.config.reuse ? ([['reuses', manifest.config.reuse.runName]] as const) : []
  return {
    name: runId,
    state: isOver || isRunning ? report.state : 'INTERRUPTED',
    progress: `${done}/${leaves.length}`,
    message:
      report.error?.message ?? (isOver || isRunning ? undefined : 'nobody carries it out: it can be gone on with'),
    pipeline: report.pipeline,
    startedAt,
    endedAt,
    facts: [...(manifest.source ? ([['file', manifest.source]] as const) : []), ...reuses],
    arguments: manifest.config.arguments,
    outputs: report.outputs,
    attention: [
      ...failed.map(({ path, error }) => ({ task: path, text: `FAILED (${error!.code}): ${error!.message}` })),
      ...(isRunning ? waiting.map(({ task, message }) => ({ task, text: message })) : []),
    ],
    tasks: leaves.map(({ path, state }) => {
      const own = attempts.filter(({ task }) => task === path)
      return { task: path, state, text: tookOf(own.at(-1)), attempts: own.length > 1 ? own.map(attemptLine) : [] }
    }),
    events: [],
    next: nextCommands(runId, report.state, isRunning, failed[0]?.path),
  }
}

function tookOf(attempt: AttemptStory | undefined): string {
  const { startedAt, endedAt } = attempt ?? {}
  return startedAt === undefined || endedAt === undefined ? '' : formatDuration(endedAt - startedAt)
}

function attemptLine(story: AttemptStory): string {
  const { attempt, result } = story
  const took = tookOf(story) && ` after ${tookOf(story)}`
  if (!result) return `attempt ${attempt}: runs`
  const why = result.outcome === 'failed' ? ` (${result.failure.cause}): ${result.failure.message.split('\n')[0]}` : ''
  return `attempt ${attempt}: ${result.outcome}${took}${why}`
}

function nextCommands(runId: string, state: string, isRunning: boolean, failed: string | undefined): string[] {
  if (isRunning) return [`kfp-ts logs ${runId} -f`, `kfp-ts cancel ${runId}`]
  if (state === 'SUCCEEDED') return []
  const logs = failed ? [`kfp-ts logs ${runId} ${shortPath(failed)}`] : []
  return [...logs, `kfp-ts retry ${runId} [--file EDITED] [--dry-run]`]
}
