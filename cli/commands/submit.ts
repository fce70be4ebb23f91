/** `kfp-ts submit`: starts a pipeline on a cluster, and with --wait follows it to its end. */
import { readFile } from 'node:fs/promises'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { PipelineRun, RunsClient } from '../../client/runs.ts'
import { printPipelineYaml } from '../../compiler/index.ts'
import { type ClusterArgs, withClusterOptions, withRuns } from '../cluster.ts'
import { parseDurationMillis } from '../duration.ts'
import { EXIT } from '../errors.ts'
import { isSourceFile, readPipelineFile } from '../pipeline-file.ts'
import { readArguments, withParameterOptions } from '../run-arguments.ts'
import type { Command } from './index.ts'

interface SubmitArgs extends ClusterArgs {
  readonly file: string
  readonly param: readonly string[]
  readonly 'params-file': string | undefined
  readonly pipeline: string | undefined
  readonly name: string | undefined
  readonly wait: boolean
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
          describe: 'Wait for the end; exit status 1 when the run failed',
        })
        .option('timeout', { type: 'string', describe: 'With --wait: give up waiting after this time, such as 10m' })
        .option('json', { type: 'boolean', default: false, describe: 'Print the resource as JSON' })
        .option('no-cache', { type: 'boolean', default: false, describe: 'Run every step, use no earlier result' })
        .option('service-account', { type: 'string', describe: 'Service account of the pods' })
        .option('pipeline-root', { type: 'string', describe: 'Where artifacts go, below the store' }),
    ).example('$0 submit pipeline.ts --param epochs=3 --wait', 'run it on the cluster'),
  handler: async (args) => {
    const document = await readPipelineFile(args.file, args.pipeline)
    const values = await readArguments(document, { params: args.param, paramsFile: args['params-file'] })
    await withRuns(args, async ({ runs }) => {
      const run = await runs.create({
        pipelineText: await pipelineText(args.file, document),
        pipelineName: document.spec.pipelineInfo.name,
        name: args.name,
        arguments: values,
        spec: specOf(args),
      })
      tellStarted(args, run)
      if (args.wait) await follow(args, runs, run)
      else if (args.json) process.stdout.write(`${JSON.stringify(run)}\n`)
    })
  },
}

/** A compiled file is sent as it is, so that its text (and digest) stays the author's. */
async function pipelineText(file: string, document: PipelineDocument): Promise<string> {
  if (isSourceFile(file)) return printPipelineYaml(document)
  const text = await readFile(file, 'utf8')
  return text.includes('\0') || text.startsWith('PK') ? printPipelineYaml(document) : text
}

function specOf(args: SubmitArgs) {
  return {
    ...(args['no-cache'] ? { cache: false } : {}),
    ...(args['service-account'] === undefined ? {} : { serviceAccountName: args['service-account'] }),
    ...(args['pipeline-root'] === undefined ? {} : { pipelineRoot: args['pipeline-root'] }),
  }
}

function tellStarted({ json }: SubmitArgs, { metadata }: PipelineRun): void {
  const text = `pipelinerun/${metadata.name} in namespace ${metadata.namespace}\n`
  if (json) process.stderr.write(text)
  else process.stdout.write(text)
}

async function follow(args: SubmitArgs, runs: RunsClient, { metadata }: PipelineRun): Promise<void> {
  const interrupt = new AbortController()
  const stop = () => interrupt.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  const ended = await waitTelling(args, runs, metadata.name, metadata.namespace, interrupt.signal)
  if (!ended) return
  if (args.json) process.stdout.write(`${JSON.stringify(ended)}\n`)
  else process.stdout.write(summary(ended))
  if (ended.status?.phase !== 'Succeeded') process.exitCode = EXIT.failed
}

/** Undefined when waiting was given up; the run goes on. */
async function waitTelling(
  args: SubmitArgs,
  runs: RunsClient,
  name: string,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<PipelineRun | undefined> {
  const limit = args.timeout === undefined ? [] : [AbortSignal.timeout(parseDurationMillis(args.timeout, '--timeout'))]
  const either = AbortSignal.any([signal, ...limit])
  let last: PipelineRun | undefined
  let told = ''
  for await (const run of runs.watch(name, { ...(namespace ? { namespace } : {}), signal: either })) {
    last = run
    const line = `${run.status?.phase ?? 'Pending'} ${run.status?.progress ?? ''} ${run.status?.message ?? ''}`.trim()
    if (line !== told) process.stderr.write(`${line}\n`)
    told = line
  }
  if (last && !either.aborted) return last
  process.stderr.write(`stopped waiting; the run goes on: kfp-ts describe ${name}\n`)
  process.exitCode = EXIT.interrupted
  return undefined
}

function summary({ metadata, status }: PipelineRun): string {
  const outputs = Object.entries(status?.outputs ?? {}).map(([name, value]) => `  ${name} = ${JSON.stringify(value)}\n`)
  return `${metadata.name} ${status?.phase}: ${status?.message ?? ''}\n${outputs.join('')}`
}
