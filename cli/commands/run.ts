/** `kfp-ts run`: a pipeline on this machine, from its file or from where an earlier run of it stopped. */
import { resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import type { ForeseenTask } from '../../engine/index.ts'
import { foreseeResume, foreseeRun } from '../../local/foresee.ts'
import type { RunOptions } from '../../local/machine.ts'
import { type LocalRunResult, resumeRun, startRun } from '../../local/run.ts'
import { DEFAULT_ROOT } from '../../store/run-folder.ts'
import { parseDurationMillis } from '../duration.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import { readPipelineFile } from '../pipeline-file.ts'
import { tellPlan } from '../plan.ts'
import { readArguments, withParameterOptions } from '../run-arguments.ts'
import { runHere } from '../run-here.ts'
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
  readonly reuse: string | undefined
  readonly 'dry-run': boolean
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
      .option('resume', {
        type: 'string',
        describe: 'Go on with this run, within other limits if given; run again what failed',
      })
      .option('reuse', { type: 'string', describe: 'Take over what finished in this run and is the same in FILE' })
      .option('dry-run', {
        type: 'boolean',
        default: false,
        describe: 'Only say which steps would run, and why',
      })
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
      .example('$0 run --resume RUN', 'go on after Ctrl-C, a kill or a failure')
      .example('$0 run edited.ts --reuse RUN --dry-run', 'what an edited pipeline would run again'),
  handler: async (args) => {
    if (args.resume !== undefined && args.reuse !== undefined)
      throw new InvalidInputError([
        usageIssue('wrong-usage', '--resume goes on with a run, --reuse starts another one', 'give one of them'),
      ])
    refuseBesideResume(args)
    const options = await withReuse(args, runOptions(args))
    if (args['dry-run']) return tellPlan(args.json, await foreseen(args, options))
    await runHere(args.json, (hooks) => carryOut(args, { ...options, ...hooks }))
  },
}

/** A run goes on as what it is: only its limits may be others. */
function refuseBesideResume(args: RunArgs): void {
  if (args.resume === undefined) return
  const given = [
    ...(args.file === undefined ? [] : [`FILE (${args.file})`]),
    ...(args.param.length > 0 ? ['--param'] : []),
    ...(['params-file', 'pipeline', 'pipeline-root'] as const).filter((name) => args[name] !== undefined).map(dashed),
    ...(args['no-cache'] ? ['--no-cache'] : []),
  ]
  const hint = `"kfp-ts run FILE --reuse ${args.resume}" starts another run, which takes over what finished in this one`
  const issues = given.map((what) => usageIssue('wrong-usage', `${what} can't be given beside --resume`, hint))
  if (issues.length > 0) throw new InvalidInputError(issues)
}

const dashed = (option: string) => `--${option}`

async function withReuse({ reuse }: RunArgs, options: RunOptions): Promise<RunOptions> {
  return reuse === undefined ? options : { ...options, reuse: await findRunId(options.root, reuse) }
}

async function carryOut(args: RunArgs, options: RunOptions): Promise<LocalRunResult> {
  if (args.resume !== undefined) return resumeRun(await findRunId(options.root, args.resume), options)
  const { document, values, source } = await readInputs(args)
  return startRun(document, values, { ...options, source })
}

async function foreseen(args: RunArgs, options: RunOptions): Promise<readonly ForeseenTask[]> {
  if (args.resume !== undefined) return foreseeResume(await findRunId(options.root, args.resume), options)
  const { document, values } = await readInputs(args)
  return foreseeRun(document, values, options)
}

async function readInputs(args: RunArgs) {
  if (args.file === undefined) {
    throw new InvalidInputError([
      usageIssue('missing-file', 'run needs a FILE, or --resume RUN', 'for example: kfp-ts run pipeline.ts'),
    ])
  }
  const document = await readPipelineFile(args.file, args.pipeline)
  const values = await readArguments(document, {
    params: args.param,
    paramsFile: args['params-file'],
    artifactsFrom: process.cwd(),
  })
  return { document, values, source: resolve(args.file) }
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
