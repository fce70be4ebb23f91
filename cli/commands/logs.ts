/** `kfp-ts logs`: what a step of a local run printed, attempt by attempt, also while it runs. */
import { createReadStream } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { closest } from '../../api/closest.ts'
import { InvalidInputError } from '../../api/issue.ts'
import { isMissing } from '../../store/digest.ts'
import { lockHolder } from '../../store/lock.ts'
import { DEFAULT_ROOT, type RunPaths, runPaths, taskFolder } from '../../store/run-folder.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import type { Command } from './index.ts'

interface LogsArgs {
  readonly run: string
  readonly task: string | undefined
  readonly root: string
  readonly follow: boolean
  readonly attempt: number | undefined
}

const FOLLOW_MILLIS = 250

export const command: Command<LogsArgs> = {
  command: 'logs <run> [task]',
  describe: 'Print what a step of a run on this machine wrote. Without TASK: the steps that have a log.',
  builder: (yargs) =>
    yargs
      .positional('run', { type: 'string', demandOption: true, describe: 'Run id, its beginning, or "last"' })
      .positional('task', { type: 'string', describe: 'Path of the task, for example train or for-loop-2[3]/train' })
      .option('follow', { alias: 'f', type: 'boolean', default: false, describe: 'Go on printing until the run stops' })
      .option('attempt', { type: 'number', describe: 'Only this attempt, counted from 1; default: all' })
      .option('root', { type: 'string', default: DEFAULT_ROOT, describe: 'Folder for runs and cache' })
      .example('$0 logs last train', 'all attempts of train in the newest run')
      .example('$0 logs last train -f', 'follow it'),
  handler: async (args) => {
    const root = resolve(args.root)
    const paths = runPaths(root, await findRunId(root, args.run))
    const tasks = await tasksWithLogs(paths.logs)
    if (args.task === undefined) {
      process.stdout.write(tasks.map((task) => `${task}\n`).join(''))
      return
    }
    const task = await chooseTask(args.task, tasks, args.follow && (await isRunning(paths)))
    const folder = taskFolder(paths.logs, `root/${task}`)
    if (args.follow) await follow(folder, paths)
    else for (const file of await attemptFiles(folder, args.attempt)) await print(file, 0)
  },
}

/** Task paths below `logs/root`, from the folders that hold attempts. */
async function tasksWithLogs(folder: string): Promise<string[]> {
  const entries = await readdir(join(folder, 'root'), { recursive: true }).catch(() => [])
  const folders = entries
    .filter((entry) => /\/attempt-\d+\.log$/.test(`/${entry}`))
    .map((entry) => entry.replace(/\/?attempt-\d+\.log$/, ''))
  return [...new Set(folders)].sort()
}

/** The full path, or its last word when only one task ends so. */
async function chooseTask(typed: string, tasks: readonly string[], mayComeLater: boolean): Promise<string> {
  const wanted = typed.replace(/^root\//, '')
  if (tasks.includes(wanted)) return wanted
  const ending = tasks.filter((task) => task.endsWith(`/${wanted}`))
  if (ending.length === 1) return ending[0]!
  if (mayComeLater && ending.length === 0) return wanted
  const meant = closest(wanted, tasks)
  const known =
    tasks.length > 0 ? `tasks with a log: ${tasks.slice(0, 10).join(', ')}` : 'no step of this run has started yet'
  const message =
    ending.length > 1
      ? `${ending.length} tasks are called "${typed}": ${ending.slice(0, 5).join(', ')}`
      : `no task "${typed}" has a log`
  throw new InvalidInputError([usageIssue('unknown-task', message, meant ? `did you mean "${meant}"?` : known)])
}

async function attemptFiles(folder: string, attempt?: number): Promise<string[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return []
    throw error
  })
  const number = (name: string) => Number(/\d+/.exec(name)?.[0])
  return names
    .filter((name) => /^attempt-\d+\.log$/.test(name) && (attempt === undefined || number(name) === attempt))
    .sort((a, b) => number(a) - number(b))
    .map((name) => join(folder, name))
}

/** Prints what is there and what comes, attempt after attempt, until nobody carries the run out any more. */
async function follow(folder: string, paths: RunPaths): Promise<void> {
  const printed = new Map<string, number>()
  for (let last = false; ; ) {
    for (const file of await attemptFiles(folder)) printed.set(file, await print(file, printed.get(file) ?? 0))
    if (last) return
    last = !(await isRunning(paths))
    if (!last) await sleep(FOLLOW_MILLIS)
  }
}

async function isRunning(paths: RunPaths): Promise<boolean> {
  return (await lockHolder(paths.lock)) !== undefined
}

/** @returns the size up to which it was printed */
async function print(file: string, from: number): Promise<number> {
  const { size } = await stat(file)
  // A log that grew too long was cut in its middle: what follows the cut is new.
  const start = Math.min(from, size)
  if (size > start) await pipeline(createReadStream(file, { start, end: size - 1 }), process.stdout, { end: false })
  return size
}
