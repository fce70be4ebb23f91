/** `kfp-ts run`: a pipeline on this machine, from its file or from where an earlier run of it stopped. */
import { resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import type { RunOptions } from '../../local/machine.ts'
import { progressOn } from '../../local/progress/index.ts'
import { printSummary } from '../../local/progress/summary.ts'
import { type LocalRunResult, resumeRun, startRun } from '../../local/run.ts'
import { DEFAULT_ROOT } from '../../store/run-folder.ts'
import { parseDurationMillis } from '../duration.ts'
import { EXIT, usageIssue } from '../errors.ts'
import { watchInterrupts } from '../interrupts.ts'
import { findRunId } from '../local-runs.ts'
import { readPipelineFile } from '../pipeline-file.ts'
import { readArguments, withParameterOptions } from '../run-arguments.ts'
import type { Command } from './index.ts'

interface RunArgs {
  readonly file: string | undefined
  readonly param: readonly string[]
  readonly 'params-file': string | undefined
  readonly root: string
  readonly json: boolean
  readonly 'no-cache': boolean
  readonly 'host-commands': boolean
  readonly runtime: 'process' | 'container'
  readonly parallelism: number | undefined
  readonly timeout: string | undefined
  readonly 'task-timeout': string | undefined
  readonly resume: string | undefined
  readonly pipeline: string | undefined
  readonly 'pipeline-root': string | undefined
}

export const command: Command<RunArgs> = {
  command: 'run [file]',
  describe:
    'Run a pipeline on this machine and wait for its end. FILE is a TypeScript module or compiled IR (YAML, JSON).',
  builder: (yargs) =>
    withParameterOptions(yargs)
      .positional('file', { type: 'string', describe: 'Pipeline to run' })
      .option('resume', { type: 'string', describe: 'Go on with this run; run again what failed in it' })
      .option('json', {
        type: 'boolean',
        default: false,
        describe: 'Print the report as one JSON object, and nothing else, on stdout',
      })
      .option('no-cache', { type: 'boolean', default: false, describe: 'Run every step, use no earlier result' })
      .option('runtime', {
        choices: ['process', 'container'] as const,
        default: 'process' as const,
        describe: 'Steps as processes, or in docker or podman',
      })
      .option('host-commands', {
        type: 'boolean',
        default: false,
        describe: 'Run commands of container components on this host, without their image',
      })
      .option('parallelism', { type: 'number', describe: 'Steps at the same time; default: cores, at least 4' })
      .option('timeout', { type: 'string', describe: 'Limit for the run, such as 90s or 1h30m' })
      .option('task-timeout', { type: 'string', describe: 'Limit for each attempt of a step' })
      .option('root', { type: 'string', default: DEFAULT_ROOT, describe: 'Folder for runs and cache' })
      .option('pipeline-root', { type: 'string', describe: "Folder for artifacts; default: in the run's folder" })
      .example('$0 run pipeline.ts --param epochs=3', 'run it')
      .example('$0 run pipeline.yaml --host-commands --json', 'run compiled IR, print the report')
      .example('$0 run --resume RUN', 'go on after Ctrl-C, a kill or a failure'),
  handler: async (args) => {
    const interrupts = watchInterrupts()
    try {
      const progress = progressOn(process.stderr, args.json)
      const options = { ...runOptions(args), ...interrupts.signals, observer: progress.observer }
      const result = await carryOut(args, options).finally(progress.end)
      tell(args, result)
    } finally {
      interrupts.end()
    }
  },
}

async function carryOut(args: RunArgs, options: RunOptions): Promise<LocalRunResult> {
  if (args.resume !== undefined) return resumeRun(await findRunId(options.root, args.resume), options)
  if (args.file === undefined) {
    throw new InvalidInputError([
      usageIssue('missing-file', 'run needs a FILE, or --resume RUN', 'for example: kfp-ts run pipeline.ts'),
    ])
  }
  const document = await readPipelineFile(args.file, args.pipeline)
  const values = await readArguments(document, { params: args.param, paramsFile: args['params-file'] })
  return startRun(document, values, { ...options, source: resolve(args.file) })
}

function runOptions(args: RunArgs): RunOptions {
  const { parallelism, timeout } = args
  if (parallelism !== undefined && !(Number.isInteger(parallelism) && parallelism > 0)) {
    throw new InvalidInputError([usageIssue('wrong-parallelism', '--parallelism must be a whole number above 0')])
  }
  const taskTimeout = args['task-timeout']
  return {
    root: resolve(args.root),
    runtime: args.runtime,
    hostCommands: args['host-commands'],
    cache: !args['no-cache'],
    ...(parallelism === undefined ? {} : { parallelism }),
    ...(timeout === undefined ? {} : { timeoutMillis: parseDurationMillis(timeout, 'timeout') }),
    ...(taskTimeout === undefined ? {} : { taskTimeoutMillis: parseDurationMillis(taskTimeout, 'task-timeout') }),
    ...(args['pipeline-root'] === undefined ? {} : { pipelineRoot: args['pipeline-root'] }),
  }
}

function tell(args: RunArgs, { report, interrupted, paths }: LocalRunResult): void {
  if (args.json) process.stdout.write(`${JSON.stringify(report)}\n`)
  else printSummary(report, paths, interrupted)
  if (interrupted) process.exitCode = EXIT.interrupted
  else process.exitCode = report.state === 'SUCCEEDED' ? EXIT.ok : EXIT.failed
}
