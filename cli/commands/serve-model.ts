/** `kfp-ts serve-model`: predictions over HTTP by a version of the registry; follows its alias. */
import type { AddressInfo } from 'node:net'
import { InvalidInputError } from '../../api/issue.ts'
import { usageIssue } from '../errors.ts'
import { modelSource } from '../serve-model/model-source.ts'
import { PredictionServer } from '../serve-model/prediction-server.ts'
import type { Command } from './index.ts'

interface Args {
  readonly model: string
  readonly url: string | undefined
  readonly host: string
  readonly port: number
  readonly refresh: number
  readonly name: string | undefined
  readonly 'model-version': string | undefined
  readonly drain: number
}

export const command: Command<Args> = {
  command: 'serve-model <model>',
  describe:
    'Serve predictions of models:/NAME@ALIAS, models:/NAME/VERSION, a file, a folder or s3://…; an alias is followed.',
  builder: (yargs) =>
    yargs
      .positional('model', { type: 'string', demandOption: true, describe: 'What to serve' })
      .option('url', { type: 'string', describe: 'Server of the registry; MLFLOW_TRACKING_URI by default' })
      .option('host', { type: 'string', default: '127.0.0.1', describe: 'Address to listen on' })
      .option('port', { type: 'number', default: 8080, describe: 'TCP port; 0 takes a free one' })
      .option('refresh', { type: 'number', default: 5, describe: 'Seconds between looks at the alias' })
      .option('name', {
        type: 'string',
        describe: "What requests call a model from a file; the file's name by default",
      })
      .option('model-version', { type: 'string', describe: 'Version of a model from a file, for metrics and answers' })
      .option('drain', { type: 'number', default: 0, describe: 'Seconds that it answers after it was told to end' })
      .example('$0 serve-model ./model.onnx', 'needs the package onnxruntime-node')
      .example('$0 serve-model models:/iris@champion', 'POST rows to /invocations'),
  handler: async (args) => {
    const server = new PredictionServer(
      modelSource(args.model, { ...(args.url && { url: args.url }), name: args.name, version: args['model-version'] }),
    )
    const { label } = await load(server, args.model)
    await server.app.listen({ host: args.host, port: args.port })
    const { port } = server.app.server.address() as AddressInfo
    process.stdout.write(`kfp-ts serves ${label} at http://${args.host}:${port}\n`)
    const timer = setInterval(() => void follow(server), args.refresh * 1000)
    await new Promise<void>((done) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
    })
    clearInterval(timer)
    await server.drain(args.drain)
  },
}

/** Nothing is served before the model is there: what is wrong with it is the caller's to mend. */
async function load(server: PredictionServer, place: string): Promise<{ label: string }> {
  try {
    return await server.refresh()
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    const hint = 'name a model file, a folder with one, or a version of a registry that answers (--url)'
    throw new InvalidInputError([usageIssue('model-not-loaded', `${place} can't be served: ${message}`, hint)])
  }
}

/** A registry that is away for a while, or a broken new version, leaves the old model at work. */
async function follow(server: PredictionServer): Promise<void> {
  try {
    const { label, changed } = await server.refresh()
    if (changed) process.stdout.write(`now ${label}\n`)
  } catch (error) {
    process.stderr.write(`the model stays as it is: ${error instanceof Error ? error.message : String(error)}\n`)
  }
}
