/** The list of commands: what top-level help shows, and which one file is loaded for which word. Loaded at every start: keep it data. */
import type { Argv, CommandModule } from 'yargs'

/** A command as its file exports it (`export const command: Command<Args>`); `describe` and `builder` are yargs' own. */
export interface Command<Args = Record<string, unknown>>
  extends Omit<CommandModule<object, Args>, 'builder' | 'handler'> {
  /** Usage such as `run <file>`. */
  readonly command: string
  readonly describe: string
  // biome-ignore lint/suspicious/noExplicitAny: the types of yargs' builders do not tell optional from undefined.
  readonly builder: (yargs: Argv) => Argv<any>
  /** More words for the shell to offer, beside options. @param words after the command, the last one unfinished */
  readonly complete?: (words: readonly string[]) => Promise<readonly string[]>
  /** Throws InvalidInputError for the user's mistakes; sets `process.exitCode` to 1 when the work itself failed. */
  readonly handler: (args: Args) => void | Promise<void>
}

export interface CommandEntry {
  readonly name: string
  /** One line of top-level help. */
  readonly summary: string
  readonly group: 'author' | 'local' | 'cluster' | 'runs' | 'service' | 'other'
  // biome-ignore lint/suspicious/noExplicitAny: each command knows its own arguments, yargs hands them through.
  readonly load: () => Promise<{ readonly command: Command<any> }>
}

/** In the order of top-level help. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'compile',
    summary: 'turn a TypeScript file into pipeline YAML',
    group: 'author',
    load: () => import('./compile.ts'),
  },
  { name: 'init', summary: 'make a new project', group: 'author', load: () => import('./init.ts') },
  { name: 'run', summary: 'run a pipeline on this machine', group: 'local', load: () => import('./run.ts') },
  { name: 'runs', summary: 'list runs', group: 'runs', load: () => import('./runs.ts') },
  { name: 'logs', summary: 'print what the steps of a run wrote', group: 'runs', load: () => import('./logs.ts') },
  { name: 'explain', summary: 'say why the cache hit or missed', group: 'runs', load: () => import('./explain.ts') },
  {
    name: 'generate',
    summary: 'write types beside YAML components',
    group: 'author',
    load: () => import('./generate.ts'),
  },
  {
    name: 'validate',
    summary: 'check compiled pipelines and print every problem with its place',
    group: 'author',
    load: () => import('./validate.ts'),
  },
  {
    name: 'diff',
    summary: 'show in what two pipelines differ when they run',
    group: 'author',
    load: () => import('./diff.ts'),
  },
  { name: 'submit', summary: 'start a pipeline on a cluster', group: 'cluster', load: () => import('./submit.ts') },
  {
    name: 'describe',
    summary: 'show where a run stands, and why',
    group: 'runs',
    load: () => import('./describe.ts'),
  },
  { name: 'cancel', summary: 'end a run', group: 'runs', load: () => import('./cancel.ts') },
  {
    name: 'retry',
    summary: 'run again what failed, or what an edited pipeline changed',
    group: 'runs',
    load: () => import('./retry.ts'),
  },
  { name: 'delete', summary: 'remove a run', group: 'runs', load: () => import('./delete.ts') },
  {
    name: 'operator',
    summary: 'carry out the PipelineRun resources of a cluster',
    group: 'service',
    load: () => import('./operator.ts'),
  },
  {
    name: 'serve',
    summary: 'serve pipelines, schedules, tracking and the model registry',
    group: 'service',
    load: () => import('./serve.ts'),
  },
  {
    name: 'serve-model',
    summary: 'serve predictions of a model of the registry',
    group: 'service',
    load: () => import('./serve-model.ts'),
  },
  {
    name: 'models',
    summary: 'models, versions and aliases: list, promote, roll back, look back',
    group: 'service',
    load: () => import('./models.ts'),
  },
  {
    name: 'schedule',
    summary: 'run pipelines by the clock, backfill past dates',
    group: 'service',
    load: () => import('./schedule.ts'),
  },
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
  runs: 'Look after runs, here or on a cluster (-n NAMESPACE, --cluster)',
  service: 'Serve',
  other: 'Other',
}
