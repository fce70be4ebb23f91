/** Waits for the end of a run on a cluster: live progress or its logs; Ctrl-C leaves the run going. Used by submit and retry. */
import { readRunLogs } from '../../client/run-logs.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { shortPath } from '../../local/progress/plain.ts'
import { styleFor } from '../../local/progress/terminal.ts'
import type { ClusterRuns } from '../cluster.ts'
import { parseDurationMillis } from '../duration.ts'
import { EXIT } from '../errors.ts'
import { watchInterrupt } from '../interrupts.ts'
import { logPrinter } from '../log-lines.ts'
import { runProgressOn } from './pod-progress.ts'
import { paint } from './run-table.ts'

export interface FollowArgs {
  readonly json: boolean
  /** Print the logs in place of progress. */
  readonly follow: boolean
  readonly timeout: string | undefined
}

/** Sets the exit status: 1 when the run did not succeed, 130 when waiting was given up. */
export async function followRun(args: FollowArgs, cluster: ClusterRuns, run: PipelineRun): Promise<void> {
  const interrupt = watchInterrupt()
  const limit = args.timeout === undefined ? [] : [AbortSignal.timeout(parseDurationMillis(args.timeout, 'timeout'))]
  const signal = AbortSignal.any([interrupt.signal, ...limit])
  const stopping = new AbortController()
  const watching = AbortSignal.any([signal, stopping.signal])
  const progress = args.follow ? undefined : runProgressOn(process.stderr)
  const side = args.follow ? printLogs(cluster, run, watching) : followPods(cluster, run, watching, progress!)
  let last: PipelineRun | undefined
  try {
    const { name, namespace } = run.metadata
    for await (const seen of cluster.runs.watch(name, { ...(namespace ? { namespace } : {}), signal })) {
      last = seen
      progress?.run(seen)
    }
    // The logs are read to their end.
    if (args.follow && !signal.aborted) await side
    // The last pods may be told a moment after the run.
    else if (last && !signal.aborted) for (const pod of await cluster.runs.pods(last)) progress?.pod(pod)
  } finally {
    stopping.abort()
    await side.catch(() => undefined)
    progress?.end()
    interrupt.end()
  }
  if (last && !signal.aborted) tellEnd(args, cluster, last)
  else tellGivenUp(cluster, run, !interrupt.signal.aborted)
}

async function followPods(
  { runs }: ClusterRuns,
  run: PipelineRun,
  signal: AbortSignal,
  progress: NonNullable<ReturnType<typeof runProgressOn>>,
): Promise<void> {
  await runs.followPods(run, (pod, gone) => gone || progress.pod(pod), signal)
}

async function printLogs({ runs, server }: ClusterRuns, run: PipelineRun, signal: AbortSignal): Promise<void> {
  const printer = logPrinter(true, true)
  try {
    for await (const { task, attempt, text } of readRunLogs({ runs, server }, run, { follow: true, signal }))
      printer.put(task, attempt, text)
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    printer.end()
  }
}

function tellEnd({ json }: FollowArgs, { again }: ClusterRuns, run: PipelineRun): void {
  if (json) process.stdout.write(`${JSON.stringify(run)}\n`)
  else process.stdout.write(`${summary(run, again).join('\n')}\n`)
  if (run.status?.phase !== 'Succeeded') process.exitCode = EXIT.failed
}

export function summary({ metadata, status = {} }: PipelineRun, again: string): string[] {
  const style = styleFor(process.stdout)
  const { phase = 'Pending', message = '', outputs = {}, attention = [] } = status
  const failed = attention.filter(({ state }) => state === 'FAILED')
  return [
    `${metadata.name} ${paint(phase, style)(style.bold(phase))}: ${message}`,
    ...Object.entries(outputs).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}`),
    ...failed
      .slice(0, 3)
      .flatMap(({ path, message: why }) => [
        style.red(`error: ${shortPath(path)}: ${why}`),
        `  whole log:  kfp-ts logs ${metadata.name} ${shortPath(path)} ${again}`,
      ]),
    ...(phase === 'Failed' && status.startTime
      ? [`run again what failed:  kfp-ts retry ${metadata.name} ${again} [--file EDITED] [--dry-run]`]
      : []),
  ]
}

function tellGivenUp({ again }: ClusterRuns, { metadata }: PipelineRun, isLate: boolean): void {
  const { name } = metadata
  process.stderr.write(
    [
      `${isLate ? 'the time is up' : 'stopped waiting'}; run ${name} goes on:`,
      `  kfp-ts logs ${name} ${again} -f`,
      `  kfp-ts describe ${name} ${again}`,
      `  kfp-ts cancel ${name} ${again}`,
      '',
    ].join('\n'),
  )
  process.exitCode = EXIT.interrupted
}
