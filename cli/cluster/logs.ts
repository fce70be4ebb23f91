/** Logs of a run on a cluster: from its pods, and where these are gone from the server that kept them. Before: commands/logs.ts. */
import { InvalidInputError } from '../../api/issue.ts'
import { isFinalPhase } from '../../api/pipeline-run.ts'
import { type MissingLogs, readRunLogs, servedId } from '../../client/run-logs.ts'
import type { PipelineRun } from '../../client/runs.ts'
import { ServerError } from '../../client/server-error.ts'
import { countOf } from '../../local/progress/terminal.ts'
import { type ClusterRuns, withRuns } from '../cluster.ts'
import type { LogsArgs } from '../commands/logs.ts'
import { usageIssue } from '../errors.ts'
import { watchInterrupt } from '../interrupts.ts'
import { logPrinter } from '../log-lines.ts'
import { chooseTask } from '../task-name.ts'

export async function printClusterLogs(args: LogsArgs): Promise<void> {
  await withRuns(args, async (cluster) => {
    const run = await cluster.find(args.run)
    const isOpen = !isFinalPhase(run.status?.phase)
    const known = await knownTasks(cluster, run)
    if (args.list) {
      process.stdout.write(known.tasks.map((task) => `${task}\n`).join(''))
      return
    }
    if (known.trouble && args.task !== undefined && !known.tasks.some((task) => isNamed(task, args.task!)) && !isOpen)
      throw keptElsewhere(args.task, known.trouble)
    const task = args.task === undefined ? undefined : chooseTask(args.task, known.tasks, isOpen && args.follow)
    await print(args, cluster, run, task)
  })
}

const isNamed = (task: string, typed: string): boolean => {
  const wanted = typed.replace(/^root\//, '')
  return task === wanted || task.endsWith(`/${wanted}`)
}

/** Tasks with a log here or on the server, by their paths without `root/`; and why the server could not say. */
async function knownTasks({ runs, server }: ClusterRuns, run: PipelineRun) {
  const pods = await runs.pods(run)
  const tasks = new Set(pods.map(({ path }) => path))
  let trouble: ServerError | undefined
  if (pods.length < (run.status?.podsCreated ?? 0)) {
    try {
      for (const { path, attempts } of (await server.run(servedId(run)))?.tasks ?? []) if (attempts > 0) tasks.add(path)
    } catch (error) {
      if (!(error instanceof ServerError)) throw error
      trouble = error
    }
  }
  return { tasks: [...tasks].map((path) => path.replace(/^root\//, '')).sort(), trouble }
}

const BY_HAND = 'on a volume store the file is logs/RUN_UID/TASK/attempt-N.log'

function keptElsewhere(task: string, trouble: ServerError): InvalidInputError {
  const message = `task "${task}" has no pod any more, and its kept log can only be read from a server: ${trouble.message}`
  return new InvalidInputError([usageIssue('log-not-here', message, `${trouble.remedy}; ${BY_HAND}`)])
}

async function print(args: LogsArgs, { runs, server }: ClusterRuns, run: PipelineRun, task?: string): Promise<void> {
  const { signal, end } = watchInterrupt()
  const printer = logPrinter(task === undefined, args.follow)
  let printed = 0
  const onMissing = ({ attempts, reason, remedy }: MissingLogs) => {
    const way = [remedy, BY_HAND].filter((one) => one !== undefined).join('; ')
    process.stderr.write(`${countOf(attempts, 'log')} of pods that are gone not shown: ${reason}\n  ${way}\n`)
  }
  const options = {
    task: task && `root/${task}`,
    attempt: args.attempt,
    follow: args.follow,
    tailLines: args.tail,
    signal,
  }
  try {
    for await (const piece of readRunLogs({ runs, server, onMissing: task ? undefined : onMissing }, run, options)) {
      printed++
      printer.put(piece.task, piece.attempt, piece.text)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    printer.end()
    end()
  }
  if (printed === 0 && !signal.aborted) process.stderr.write(`${nothing(args, run, task)}\n`)
}

function nothing({ attempt }: LogsArgs, { metadata, status }: PipelineRun, task: string | undefined): string {
  const which = `${task ?? `run ${metadata.name}`}${attempt === undefined ? '' : `, attempt ${attempt},`}`
  return isFinalPhase(status?.phase) ? `${which} wrote nothing` : `${which} has written nothing yet: -f waits for it`
}
