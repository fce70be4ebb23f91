/** Opens the stores and listens: what `kfp-ts serve` and the operator do first. */
import { mkdirSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { type Logger, pino } from 'pino'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { unfinishedRuns } from '../store/metadata/pipeline-runs.ts'
import { readBelow } from '../store/read-below.ts'
import { type Access, openAccess } from './access.ts'
import { createApp } from './app.ts'
import { ArtifactDirectory, type ArtifactFiles } from './artifact-files.ts'
import type { Services } from './context.ts'
import { handOver } from './kfp/start-run.ts'
import { type ModelDeployments, noModelDeployments } from './model-deployments.ts'
import type { RateLimit } from './rate-limit.ts'
import { RunEvents } from './run-events.ts'
import { noExecutor, type RunExecutor } from './run-executor.ts'
import { FORWARDED_AUTHORIZATION, openRunTokens, type RunTokens, withRunTokens } from './run-tokens.ts'
import { noSchedules, type Schedules } from './schedules.ts'
import { noWebhookSecrets, webhookSecretsIn } from './webhook-secrets.ts'

/** What an executor of pipeline runs may use. */
export interface ExecutorParts {
  readonly metadata: Metadata
  readonly events: RunEvents
  readonly logger: Logger
  readonly tokens: RunTokens
  /** Where steps on this machine reach the server; asked when a step starts. */
  readonly url: () => string
}

export interface ServeOptions {
  /** Folder of the database, unless `database` says otherwise, and of the artifacts. */
  readonly dataDirectory: string
  /** `postgres://…` or a file. @default `<dataDirectory>/metadata.db` */
  readonly database?: string | undefined
  /** An open database in place of `database`; it stays open. */
  readonly metadata?: Metadata | undefined
  /** @default 127.0.0.1 */
  readonly host?: string | undefined
  /** 0 takes a free port. */
  readonly port: number
  /** @default the directory `<dataDirectory>/artifacts` */
  readonly files?: ArtifactFiles | undefined
  /** Makes the executor once the stores are open. @default none: the server only tracks and registers */
  readonly executor?: ((parts: ExecutorParts) => RunExecutor) | undefined
  /** Runs the schedules. @default none: recurring runs only lie in the table */
  readonly schedules?: ((parts: { services: () => Services }) => Schedules) | undefined
  /** Folder with a file for each secret that signs calls of webhooks. @default none */
  readonly webhookSecrets?: string | undefined
  /** Puts models to work. @default none: deploy_model is refused */
  readonly modelDeployments?: ((parts: ExecutorParts) => ModelDeployments) | undefined
  /** Hosts that pipeline packages may be loaded from. @default none */
  readonly packageHosts?: readonly string[] | undefined
  /** Where runs keep their artifacts when they name no root. @default `<dataDirectory>/pipelines` */
  readonly pipelineRoot?: string | undefined
  /** Reads an artifact of a pipeline for previews. @default files below `pipelineRoot` on this machine */
  readonly readPipelineArtifact?: Services['readPipelineArtifact'] | undefined
  /** Required when `host` is not a loopback address. @default openAccess on loopback */
  readonly access?: Access | undefined
  /** Event streams look for changes that other processes made so often. @default never: all changes are made here */
  readonly lookAgainMillis?: number | undefined
  /** @default none */
  readonly rateLimit?: RateLimit | undefined
  readonly logger?: Logger | undefined
}

export interface RunningServer {
  /** `http://host:port` */
  readonly url: string
  readonly services: Services
  /** Stops taking requests, ends those that run, closes the database. */
  close(): Promise<void>
}

/** Never written to a log. */
export const SECRET_FIELDS = ['headers.authorization', `headers["${FORWARDED_AUTHORIZATION}"]`, 'headers.cookie']

export const LOOPBACK = ['127.0.0.1', 'localhost', '::1']

/** Starts a server. Rejects when the address is in use, or open to others without authentication. */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const host = options.host ?? '127.0.0.1'
  if (!options.access && !LOOPBACK.includes(host)) {
    throw new Error(`Without authentication the server listens on loopback only, not on ${host}`)
  }
  const directory = resolve(options.dataDirectory)
  const logger = options.logger ?? pino({ level: 'warn', redact: [...SECRET_FIELDS] })
  const metadata = options.metadata ?? (await openOwn(options, directory))
  const events = new RunEvents(options.lookAgainMillis)
  const tokens = await openRunTokens(metadata)
  let url = ''
  const pipelineRoot = options.pipelineRoot ?? join(directory, 'pipelines')
  const parts = { metadata, events, logger, tokens, url: () => url }
  const services: Services = {
    metadata,
    files: options.files ?? new ArtifactDirectory(join(directory, 'artifacts')),
    executor: options.executor?.(parts) ?? noExecutor,
    access: withRunTokens(options.access ?? openAccess, tokens),
    tokens,
    events,
    logger,
    pipelineRoot,
    packageHosts: options.packageHosts ?? [],
    webhookSecrets: options.webhookSecrets === undefined ? noWebhookSecrets : webhookSecretsIn(options.webhookSecrets),
    readPipelineArtifact: options.readPipelineArtifact ?? ((uri) => readBelow(pipelineRoot, uri)),
    schedules: options.schedules?.({ services: () => services }) ?? noSchedules,
    modelDeployments: options.modelDeployments?.(parts) ?? noModelDeployments,
  }
  const app = await createApp(services, {
    hostNames: options.access ? undefined : [...LOOPBACK, '[::1]'],
    rateLimit: options.rateLimit,
  })
  await app.listen({ host, port: options.port })
  url = `http://${host.includes(':') ? `[${host}]` : host}:${(app.server.address() as AddressInfo).port}`
  const resumed = resumeRuns(services)
  return {
    url,
    services,
    close: async () => {
      await app.close()
      await resumed
      if (!options.metadata) await metadata.close()
    },
  }
}

async function openOwn(options: ServeOptions, directory: string): Promise<Metadata> {
  mkdirSync(directory, { recursive: true })
  return await openMetadata({ url: options.database ?? join(directory, 'metadata.db') })
}

/** Runs that an earlier process left unfinished go to the executor again; those that ought to stop are told again. */
async function resumeRuns(services: Services): Promise<void> {
  if (services.executor === noExecutor) return
  for (const run of await unfinishedRuns(services.metadata.db)) {
    try {
      await handOver(services, run, 'start')
      if (run.state === 'CANCELING') await services.executor.cancel(run.run_id)
    } catch (error) {
      // Recorded as FAILED by handOver; the other runs go on.
      services.logger.error({ err: error, runId: run.run_id }, 'a run could not be resumed')
    }
  }
}
