/** `kfp-ts describe`: where a run on the cluster stands, task by task, and why. */
import type { PipelineRun } from '../../client/runs.ts'
import type { TaskPod } from '../../client/task-pod.ts'
import { type ClusterArgs, withClusterOptions, withRuns } from '../cluster.ts'
import type { Command } from './index.ts'

interface DescribeArgs extends ClusterArgs {
  readonly run: string
  readonly json: boolean
}

export const command: Command<DescribeArgs> = {
  command: 'describe <run>',
  describe: 'Show where a run on the cluster stands and why.',
  builder: (yargs) =>
    withClusterOptions(
      yargs
        .positional('run', { type: 'string', demandOption: true, describe: 'Name of the PipelineRun' })
        .option('json', { type: 'boolean', default: false, describe: 'Print the resource and its pods as JSON' }),
    ),
  handler: (args) =>
    withRuns(args, async ({ runs }) => {
      const run = await runs.get(args.run)
      const pods = await runs.pods(run)
      process.stdout.write(args.json ? `${JSON.stringify({ ...run, pods })}\n` : story(run, pods))
    }),
}

function story({ metadata, status = {} }: PipelineRun, pods: readonly TaskPod[]): string {
  const lines = [
    `${metadata.name}  ${status.phase ?? 'Pending'}  ${status.progress ?? ''}`,
    `  ${status.message ?? 'the operator has not looked at it yet'}`,
    `  pipeline ${status.pipeline ?? '?'}, started ${status.startTime ?? '-'}, ended ${status.completionTime ?? '-'}`,
  ]
  for (const [name, value] of Object.entries(status.outputs ?? {}))
    lines.push(`  output ${name} = ${JSON.stringify(value)}`)
  if (status.attention?.length) lines.push('', 'To look at:')
  for (const { path, state, message, cause } of status.attention ?? []) {
    lines.push(`  ${path}  ${state}${cause ? ` (${cause})` : ''}: ${message}`)
  }
  if (pods.length > 0) lines.push('', 'Pods:')
  for (const { path, attempt, phase, pod } of pods) lines.push(`  ${phase.padEnd(10)} ${path} #${attempt}  ${pod}`)
  return `${lines.join('\n')}\n`
}
