/** Which runs a command is about, said the same way in each: those of this machine, or those of a cluster. */
import { resolve } from 'node:path'
import type { Argv } from 'yargs'
import { InvalidInputError } from '../api/issue.ts'
import { DEFAULT_ROOT } from '../store/run-folder.ts'
import { type ClusterArgs, withClusterOptions } from './cluster.ts'
import { usageIssue } from './errors.ts'

export interface TargetArgs extends ClusterArgs {
  readonly cluster: boolean
  readonly root: string | undefined
}

/** `--cluster`, the options that name one, and `--root`. */
export function withTargetOptions<T>(yargs: Argv<T>): Argv<T & TargetArgs> {
  return withClusterOptions(yargs)
    .option('cluster', {
      alias: 'c',
      type: 'boolean',
      default: false,
      describe: 'Runs of the cluster of the current context; -n, --context and --kubeconfig say so too',
    })
    .option('root', {
      type: 'string',
      describe: `Runs of this machine, in this folder; ${DEFAULT_ROOT} by default`,
    }) as Argv<T & TargetArgs>
}

export const TARGET_VARIABLE = 'KFP_TS_TARGET'

/**
 * A cluster when an option names one, this machine otherwise. `KFP_TS_TARGET=cluster` makes the cluster the default.
 *
 * @throws InvalidInputError when both are named
 */
export function isClusterTarget(args: TargetArgs): boolean {
  const names = (['cluster', 'namespace', 'context', 'kubeconfig', 'server'] as const).filter((name) => args[name])
  if (names.length > 0 && args.root !== undefined)
    throw new InvalidInputError([
      usageIssue('wrong-usage', `--root names this machine and --${names[0]} a cluster`, 'give one of them'),
    ])
  const wanted = process.env[TARGET_VARIABLE] ?? 'local'
  if (wanted !== 'local' && wanted !== 'cluster')
    throw new InvalidInputError([
      usageIssue('wrong-usage', `${TARGET_VARIABLE} is "${wanted}"`, 'set it to local or cluster, or unset it'),
    ])
  return names.length > 0 || (wanted === 'cluster' && args.root === undefined)
}

export const rootOf = ({ root }: Pick<TargetArgs, 'root'>): string => resolve(root ?? DEFAULT_ROOT)

/** Options of a command about one run. */
export function withRunArgument<T>(yargs: Argv<T>) {
  return withTargetOptions(
    yargs.positional('run', {
      type: 'string',
      demandOption: true,
      describe: 'Id or name of the run; "last" for the newest of this machine',
    }),
  )
}
