/** Logs of the steps of a run on this machine, attempt by attempt, also while it runs. Before: commands/logs.ts. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { InvalidInputError } from '../api/issue.ts'
import { isMissing } from '../store/digest.ts'
import { lockHolder } from '../store/lock.ts'
import { type RunPaths, runPaths, taskFolder } from '../store/run-folder.ts'
import type { LogsArgs } from './commands/logs.ts'
import { usageIssue } from './errors.ts'
import { watchInterrupt } from './interrupts.ts'
import { findRunId } from './local-runs.ts'
import { type LogPrinter, logPrinter } from './log-lines.ts'
import { rootOf } from './target.ts'
import { chooseTask } from './task-name.ts'

const FOLLOW_MILLIS = 250

export async function printLocalLogs(args: LogsArgs): Promise<void> {
  const root = rootOf(args)
  const paths = runPaths(root, await findRunId(root, args.run))
  const tasks = await tasksWithLogs(paths.logs)
  if (args.list) {
    process.stdout.write(tasks.map((task) => `${task}\n`).join(''))
    return
  }
  const isOpen = args.follow && (await isRunning(paths))
  const task = args.task === undefined ? undefined : chooseTask(args.task, tasks, isOpen)
  const printer = logPrinter(task === undefined, args.follow)
  const wanted = async () => (task === undefined ? await tasksWithLogs(paths.logs) : [task])
  if (args.follow) await follow(paths, wanted, args.attempt, printer)
  else {
    const files = (await Promise.all((await wanted()).map((one) => attemptsOf(paths, one, args.attempt)))).flat()
    if (files.length === 0 && args.attempt !== undefined) throw noAttempt(args.attempt, task)
    for (const file of files.sort((a, b) => a.startedAt - b.startedAt)) await print(file, 0, printer)
  }
  printer.end()
}

function noAttempt(attempt: number, task: string | undefined): InvalidInputError {
  const message = `${task ?? 'no task'} has ${task ? 'no' : 'an'} attempt ${attempt} with a log`
  return new InvalidInputError([usageIssue('unknown-attempt', message, 'leave --attempt out to see all of them')])
}

/** Task paths below `logs/root`, from the folders that hold attempts. */
async function tasksWithLogs(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, 'root'), { recursive: true }).catch(() => [])
  const folders = entries
    .filter((entry) => /\/attempt-\d+\.log$/.test(`/${entry}`))
    .map((entry) => entry.replace(/\/?attempt-\d+\.log$/, ''))
  return [...new Set(folders)].sort()
}

interface AttemptFile {
  readonly task: string
  readonly attempt: number
  readonly file: string
  readonly startedAt: number
}

async function attemptsOf(paths: RunPaths, task: string, attempt?: number): Promise<AttemptFile[]> {
  const folder = taskFolder(paths.logs, `root/${task}`)
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const found = names.flatMap((name) => {
    const number = Number(/^attempt-(\d+)\.log$/.exec(name)?.[1])
    return number && (attempt === undefined || number === attempt) ? [{ number, file: join(folder, name) }] : []
  })
  return await Promise.all(
    found
      .sort((a, b) => a.number - b.number)
      .map(async ({ number, file }) => ({ task, attempt: number, file, startedAt: (await stat(file)).birthtimeMs })),
  )
}

/** Prints what is there and what comes, until nobody carries the run out any more. */
async function follow(
  paths: RunPaths,
  tasks: () => Promise<readonly string[]>,
  attempt: number | undefined,
  printer: LogPrinter,
): Promise<void> {
  const printed = new Map<string, number>()
  const { signal, end } = watchInterrupt()
  for (let last = false; !signal.aborted; ) {
    for (const task of await tasks()) {
      for (const file of await attemptsOf(paths, task, attempt))
        printed.set(file.file, await print(file, printed.get(file.file) ?? 0, printer))
    }
    if (last) break
    last = !(await isRunning(paths))
    if (!last) await sleep(FOLLOW_MILLIS, undefined, { signal }).catch(() => undefined)
  }
  end()
}

async function isRunning(paths: RunPaths): Promise<boolean> {
  return (await lockHolder(paths.lock)) !== undefined
}

/** @returns the size up to which it was printed */
async function print({ task, attempt, file }: AttemptFile, from: number, printer: LogPrinter): Promise<number> {
  const { size } = await stat(file)
  // A log that grew too long was cut in its middle: what follows the cut is new.
  const start = Math.min(from, size)
  if (size <= start) return size
  for await (const text of createReadStream(file, { start, end: size - 1, encoding: 'utf8' }))
    printer.put(`root/${task}`, attempt, text as string)
  return size
}
