/** `kfp-ts serve`: pipelines, schedules, tracking and registry on this machine. The composition root of server/. */
import { join, resolve } from 'node:path'
import { pino } from 'pino'
import { InvalidInputError } from '../../api/issue.ts'
import { connect } from '../../client/connect.ts'
import { kubernetesAccess } from '../../server/access-kubernetes.ts'
import { kubernetesModelDeployments } from '../../server/model-deployments-kubernetes.ts'
import { LOOPBACK, type RunningServer, SECRET_FIELDS, serve } from '../../server/start.ts'
import { DEFAULT_ROOT } from '../../store/run-folder.ts'
import { usageIssue } from '../errors.ts'
import { startScheduleRunner } from '../schedules/schedule-runner.ts'
import { artifactPlace } from '../serve/artifact-place.ts'
import { type LocalDeployments, localDeployments } from '../serve/local-deployments.ts'
import { localExecutor, type StoppableExecutor } from '../serve/local-executor.ts'
import { limitsOf, type ServerArgs, serverOptions } from '../serve/server-options.ts'
import type { Command } from './index.ts'

interface Args extends ServerArgs {
  readonly port: number
  readonly host: string
  readonly root: string
  readonly database: string | undefined
  readonly 'host-commands': boolean
  readonly runtime: 'process' | 'container'
  readonly auth: 'none' | 'kubernetes'
  readonly artifacts: string | undefined
  readonly 's3-endpoint': string | undefined
  readonly 's3-region': string | undefined
}

export const command: Command<Args> = {
  command: 'serve',
  describe: 'Serve pipelines, schedules, tracking and the model registry to kfp, mlflow and browser.',
  builder: (yargs) =>
    serverOptions(yargs)
      .option('port', { type: 'number', default: 5000, describe: 'TCP port; 0 takes a free one' })
      .option('host', { type: 'string', default: '127.0.0.1', describe: 'Address to listen on' })
      .option('root', {
        type: 'string',
        default: DEFAULT_ROOT,
        describe: 'Folder for database, artifacts, runs, cache',
      })
      .option('database', { type: 'string', describe: 'SQLite file or postgres:// URL; ROOT/metadata.db by default' })
      .option('host-commands', {
        type: 'boolean',
        default: false,
        describe: 'Run commands of container components on this host, without their image',
      })
      .option('runtime', {
        choices: ['process', 'container'] as const,
        default: 'process' as const,
        describe: 'Steps as processes, or in docker or podman',
      })
      .option('auth', {
        choices: ['none', 'kubernetes'] as const,
        default: 'none' as const,
        describe: 'Who may call: anyone on this machine, or who the cluster knows (TokenReview)',
      })
      .option('artifacts', {
        type: 'string',
        describe: "Directory or s3://BUCKET/PREFIX of clients' files; ROOT/artifacts by default",
      })
      .option('s3-endpoint', { type: 'string', describe: "Endpoint of an S3 server that is not Amazon's" })
      .option('s3-region', { type: 'string', describe: 'Region of the bucket' })
      .example('$0 serve', 'then MLFLOW_TRACKING_URI=http://127.0.0.1:5000 and kfp.Client("http://127.0.0.1:5000")')
      .example('$0 serve --database postgres://kfp@db/kfp', 'records in Postgres')
      .example(
        '$0 serve --artifacts s3://models/mlflow',
        "clients' files in a bucket; credentials as the AWS SDK finds them",
      ),
  handler: async (args) => {
    const { server, stop } = await start(args)
    process.stdout.write(`kfp-ts serves at ${server.url}\n`)
    await new Promise<void>((done) => {
      for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => done())
    })
    await stop()
  },
}

async function start(args: Args): Promise<{ server: RunningServer; stop: () => Promise<void> }> {
  const root = resolve(args.root)
  if (args.auth === 'none' && !LOOPBACK.includes(args.host)) {
    const message = `without authentication the server listens on loopback only, not on ${args.host}`
    throw new InvalidInputError([usageIssue('open-server', message, 'give --auth kubernetes, or leave --host out')])
  }
  let executor: StoppableExecutor | undefined
  let runner: ReturnType<typeof startScheduleRunner> | undefined
  let models: LocalDeployments | undefined
  const server = await serve({
    dataDirectory: root,
    database: args.database,
    host: args.host,
    port: args.port,
    pipelineRoot: join(root, 'pipelines'),
    access: args.auth === 'kubernetes' ? kubernetesAccess(connect().kube) : undefined,
    ...limitsOf(args),
    files: await artifactPlace(args.artifacts ?? join(root, 'artifacts'), {
      endpoint: args['s3-endpoint'],
      region: args['s3-region'],
    }),
    logger: pino(
      { level: process.env['KFP_TS_LOG_LEVEL'] ?? 'warn', redact: [...SECRET_FIELDS] },
      pino.destination({ dest: 2, sync: true }),
    ),
    executor: (parts) => {
      executor = localExecutor(parts, { root, hostCommands: args['host-commands'], runtime: args.runtime })
      return executor
    },
    modelDeployments: (parts) => {
      if (args.auth === 'kubernetes') return kubernetesModelDeployments(connect().kube)
      models = localDeployments(parts)
      return models
    },
    schedules: ({ services }) => {
      runner = startScheduleRunner(services)
      return runner
    },
  })
  await models?.resume()
  return {
    server,
    stop: async () => {
      await models?.stop()
      await runner?.stop()
      await executor?.stop()
      await server.close()
    },
  }
}
