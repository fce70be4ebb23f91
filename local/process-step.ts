/** From an engine's launch to the process that runs it on this host. Pure. Before: step-kind.ts. After: supervise.ts starts it. */
import { delimiter, dirname } from 'node:path'
import type { Launch } from '../engine/types.ts'
import type { StepKind } from './step-kind.ts'
import type { StepCommand } from './supervise.ts'

export interface ProcessStepInput {
  readonly launch: Launch
  readonly kind: StepKind
  /** Counted from 1. */
  readonly attempt: number
  readonly logFile: string
  /** Private, short, removed after the attempt: paths such as /tmp/kfp… of two tasks never meet. */
  readonly temporaryFolder: string
  readonly hostEnv: Readonly<Record<string, string | undefined>>
  /** What a Python environment sets, on top of the host's. */
  readonly environment: Readonly<Record<string, string>>
  readonly nodePath: string
}

/** @throws Error when the step has no command: only its image knows what to run */
export function processStep(input: ProcessStepInput): StepCommand {
  const { launch } = input
  const own = ownVariables(launch.env, {
    KFP_RETRY_INDEX: String(input.attempt - 1),
    KFP_POD_NAME: `${launch.taskKey}-${input.attempt}`,
  })
  const argv = [...launch.command, ...launch.args].map((word) => expandVariables(word, own))
  if (argv.length === 0) throw new Error('it has no command: what it runs is in its image (use --runtime container)')
  return {
    argv: input.kind.kind === 'node' ? [input.nodePath, ...argv.slice(1)] : argv,
    env: { ...hostVariables(input), ...input.environment, ...own, TMPDIR: input.temporaryFolder },
    cwd: launch.scratchDir,
    logFile: input.logFile,
  }
}

/** A step's own variables: as in Kubernetes, a value may mention those that stand before it. Ours come first, and stay ours. */
export function ownVariables(
  env: Launch['env'],
  ours: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const variables: Record<string, string> = { ...ours }
  for (const { name, value } of env) if (!Object.hasOwn(ours, name)) variables[name] = expandVariables(value, variables)
  return variables
}

/**
 * Kubernetes replaces `$(NAME)` in commands, arguments and values by the container's own variables and leaves other names
 * alone, so that `$(date)` reaches the shell; `$$(NAME)` stands for the text `$(NAME)`.
 */
export function expandVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replaceAll(/(\$?)\$\(([A-Za-z_][\w.-]*)\)/g, (whole, dollar: string, name: string) => {
    if (!Object.hasOwn(variables, name)) return whole
    return dollar ? `$(${name})` : (variables[name] ?? '')
  })
}

/** The user's own environment, with our Node in reach of scripts that start `node`. */
function hostVariables({ hostEnv, nodePath }: ProcessStepInput): Record<string, string> {
  const { NODE_OPTIONS: _, NODE_COMPILE_CACHE: __, ...kept } = hostEnv
  const defined = Object.entries(kept).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...Object.fromEntries(defined), PATH: `${hostEnv['PATH'] ?? ''}${delimiter}${dirname(nodePath)}` }
}
