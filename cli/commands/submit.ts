/** `kfp-ts submit`: starts a pipeline on a cluster, and with --wait follows it to its end. */

import { start } from '../cluster/start.ts'
import { type ClusterArgs, withClusterOptions, withRuns } from '../cluster.ts'
import { pipelineText, readPipelineFile } from '../pipeline-file.ts'
import { readArguments, withParameterOptions } from '../run-arguments.ts'
import type { Command } from './index.ts'

interface SubmitArgs extends ClusterArgs {
  readonly file: string
  readonly param: readonly string[]
  readonly 'params-file': string | undefined
  readonly pipeline: string | undefined
  readonly name: string | undefined
  readonly wait: boolean
  readonly follow: boolean
  readonly 'dry-run': boolean
  readonly timeout: string | undefined
  readonly json: boolean
  readonly 'no-cache': boolean
  readonly 'service-account': string | undefined
  readonly 'pipeline-root': string | undefined
}

export const command: Command<SubmitArgs> = {
  command: 'submit <file>',
  describe:
    'Start a pipeline on a cluster that has the operator. FILE is a TypeScript module or compiled IR (YAML, JSON).',
  builder: (yargs) =>
    withClusterOptions(
      withParameterOptions(yargs)
        .positional('file', { type: 'string', demandOption: true, describe: 'Pipeline to run' })
        .option('name', { type: 'string', describe: 'Name of the run; made from the pipeline by default' })
        .option('wait', {
          type: 'boolean',
          default: false,
          describe: 'Wait for the end and show progress; exit status 1 when the run failed',
        })
        .option('follow', {
          alias: 'f',
          type: 'boolean',
          default: false,
          describe: 'Wait for the end and print the logs of all steps meanwhile',
        })
        .option('timeout', { type: 'string', describe: 'Give up waiting after this time, such as 10m' })
        .option('dry-run', {
          type: 'boolean',
          default: false,
          describe: 'Start nothing: check pipeline, arguments and resource, and say which tasks would run, and why',
        })
        .option('json', { type: 'boolean', default: false, describe: 'Print the resource (and the plan) as JSON' })
        .option('no-cache', { type: 'boolean', default: false, describe: 'Run every step, use no earlier result' })
        .option('service-account', { type: 'string', describe: 'Service account of the pods' })
        .option('pipeline-root', { type: 'string', describe: 'Where artifacts go, below the store' }),
    )
      .example('$0 submit pipeline.ts --param epochs=3 --wait', 'run it on the cluster and look on')
      .example('$0 submit pipeline.yaml -n ml --dry-run', 'what would run, and what the cache has'),
  handler: async (args) => {
    const document = await readPipelineFile(args.file, args.pipeline)
    const values = await readArguments(document, { params: args.param, paramsFile: args['params-file'] })
    const run = {
      pipelineText: await pipelineText(args.file, document),
      pipelineName: document.spec.pipelineInfo.name,
      name: args.name,
      arguments: values,
      spec: specOf(args),
    }
    await withRuns(args, (cluster) => start(args, cluster, run))
  },
}

function specOf(args: SubmitArgs) {
  return {
    ...(args['no-cache'] ? { cache: false } : {}),
    ...(args['service-account'] === undefined ? {} : { serviceAccountName: args['service-account'] }),
    ...(args['pipeline-root'] === undefined ? {} : { pipelineRoot: args['pipeline-root'] }),
  }
}
