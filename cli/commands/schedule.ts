/** `kfp-ts schedule`: the schedules of `kfp-ts serve`. The words after it are files of their own beside this one. */
import type { Argv } from 'yargs'
import type { Command } from './index.ts'
import { command as backfill } from './schedule-backfill.ts'
import { command as create } from './schedule-create.ts'
import { command as remove } from './schedule-delete.ts'
import { command as explain } from './schedule-explain.ts'
import { command as list } from './schedule-list.ts'
import { command as next } from './schedule-next.ts'
import { command as pause } from './schedule-pause.ts'
import { command as resume } from './schedule-resume.ts'
import { command as runNow } from './schedule-run-now.ts'

// biome-ignore lint/suspicious/noExplicitAny: each command knows its own arguments, yargs hands them through.
const WORDS: readonly Command<any>[] = [create, list, next, pause, resume, runNow, backfill, explain, remove]

export const command: Command = {
  command: 'schedule',
  describe: 'Run pipelines by the clock: schedules that a running `kfp-ts serve` carries out.',
  builder: (yargs) => {
    const all = WORDS.reduce((built: Argv, word) => built.command(word), yargs)
    return all.demandCommand(1, 1, 'say what to do with the schedule', 'one word at a time')
  },
  handler: () => {},
}
