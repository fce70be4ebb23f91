/** The list of commands: what top-level help shows, and which one file is loaded for which word. Loaded at every start: keep it data. */
import type { Argv, CommandModule } from 'yargs'

/** A command as its file exports it (`export const command: Command<Args>`); `describe` and `builder` are yargs' own. */
export interface Command<Args = Record<string, unknown>>
  extends Omit<CommandModule<object, Args>, 'builder' | 'handler'> {
  /** Usage such as `run <file>`. */
  readonly command: string
  readonly describe: string
  readonly builder: (yargs: Argv) => Argv<Args>
  /** Throws InvalidInputError for the user's mistakes; sets `process.exitCode` to 1 when the work itself failed. */
  readonly handler: (args: Args) => void | Promise<void>
}

export interface CommandEntry {
  readonly name: string
  /** One line of top-level help. */
  readonly summary: string
  readonly group: 'author' | 'local' | 'cluster' | 'service' | 'other'
  // biome-ignore lint/suspicious/noExplicitAny: each command knows its own arguments, yargs hands them through.
  readonly load: () => Promise<{ readonly command: Command<any> }>
}

/** In the order of top-level help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'completion',
    summary: 'print a completion script for bash, zsh or fish',
    group: 'other',
    load: () => import('./completion.ts'),
  },
]

export const GROUP_TITLES: Readonly<Record<CommandEntry['group'], string>> = {
  author: 'Write pipelines',
  local: 'Run on this machine',
  cluster: 'Run on a cluster',
  service: 'Serve',
  other: 'Other',
}
