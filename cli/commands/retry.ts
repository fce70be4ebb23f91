/** `kfp-ts retry`: runs again what failed in a run, or what an edited pipeline changed; what finished and is the same stays. */

import { resolve } from 'node:path'
import { InvalidInputError } from '../../api/issue.ts'
import { replayedReport } from '../../local/describe.ts'
import { foreseeResume, foreseeRun } from '../../local/foresee.ts'
import type { RunOptions } from '../../local/machine.ts'
import { resumeRun, startRun } from '../../local/run.ts'
import { completeRuns } from '../complete-runs.ts'
import { usageIssue } from '../errors.ts'
import { findRunId } from '../local-runs.ts'
import { readPipelineFile } from '../pipeline-file.ts'
import { tellPlan } from '../plan.ts'
import { readArguments, withParameterOptions } from '../run-arguments.ts'
import { runHere } from '../run-here.ts'
import { isClusterTarget, rootOf, type TargetArgs, withRunArgument } from '../target.ts'
import type { Command } from './index.ts'

export interface RetryArgs extends TargetArgs {
  readonly run: string
  readonly file: string | undefined
  readonly pipeline: string | undefined
  readonly param: readonly string[]
  readonly 'params-file': string | undefined
  readonly 'dry-run': boolean
  readonly json: boolean
  readonly name: string | undefined
  readonly wait: boolean
  readonly follow: boolean
  readonly timeout: string | undefined
}

export const command: Command<RetryArgs> = {
  command: 'retry <run>',
  describe:
    'Run again what failed in a run; what finished stays. With --file or --param another run is started, ' +
    'which takes over every step that finished and is the same. On this machine, or with -n or --cluster on a cluster.',
  builder: (yargs) =>
    withRunArgument(withParameterOptions(yargs))
      .option('file', { type: 'string', describe: 'Edited pipeline (TypeScript or compiled)' })
      .option('dry-run', { type: 'boolean', default: false, describe: 'Only say which tasks would run, and why' })
      .option('name', { type: 'string', describe: 'Name of the run that --file or --param starts (cluster)' })
      .option('wait', { type: 'boolean', default: false, describe: 'Wait for the end (cluster; here it always does)' })
      .option('follow', {
        alias: 'f',
        type: 'boolean',
        default: false,
        describe: 'Print the logs until the end (cluster)',
      })
      .option('timeout', { type: 'string', describe: 'Give up waiting after this time, such as 10m (cluster)' })
      .option('json', { type: 'boolean', default: false, describe: 'Print one JSON object: report, resource or plan' })
      .example('$0 retry last', 'run again what failed in the newest run of this machine')
      .example('$0 retry hybrid-x7k2p -n ml --dry-run', 'which tasks would run, and why')
      .example('$0 retry hybrid-x7k2p -n ml --file fixed.ts --wait', 'go on with an edited pipeline'),
  complete: completeRuns,
  handler: async (args) => {
    if (isClusterTarget(args)) await (await import('../cluster/retry.ts')).retryOnCluster(args)
    else await retryHere(args)
  },
}

/** A retry of the same pipeline goes on with the run; anything else is a new run. */
export const isEdited = (args: RetryArgs): boolean =>
  args.file !== undefined || args.param.length > 0 || args['params-file'] !== undefined

async function retryHere(args: RetryArgs): Promise<void> {
  const root = rootOf(args)
  const runId = await findRunId(root, args.run)
  const { manifest, report } = await replayedReport(root, runId)
  const options: RunOptions = {
    root,
    runtime: manifest.options['runtime'] === 'container' ? 'container' : 'process',
    hostCommands: manifest.options['hostCommands'] === true,
  }
  if (!isEdited(args)) {
    if (report.state === 'SUCCEEDED') throw succeeded(runId)
    if (args['dry-run']) return tellPlan(args.json, await foreseeResume(runId, options))
    return await runHere(args.json, (hooks) => resumeRun(runId, { ...options, ...hooks }))
  }
  const document = args.file === undefined ? manifest.document : await readPipelineFile(args.file, args.pipeline)
  const values = await readArguments(document, {
    params: args.param,
    paramsFile: args['params-file'],
    earlier: manifest.config.arguments,
    artifactsFrom: process.cwd(),
  })
  const source = args.file === undefined ? manifest.source : resolve(args.file)
  const next = { ...options, reuse: runId, ...(source === undefined ? {} : { source }) }
  if (args['dry-run']) return tellPlan(args.json, await foreseeRun(document, values, next))
  await runHere(args.json, (hooks) => startRun(document, values, { ...next, ...hooks }))
}

export function succeeded(name: string): InvalidInputError {
  return new InvalidInputError([
    usageIssue(
      'nothing-to-retry',
      `${name} succeeded`,
      'with --file or --param only what changed runs; run or submit it again to run it once more',
    ),
  ])
}
