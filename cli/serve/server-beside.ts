/** The server in the operator's process: the same as `kfp-ts serve`, over the operator's database, store and cluster. Before: commands/operator.ts. */
import { type Logger, pino } from 'pino'
import type { ServerBeside, ServerParts } from '../../operator/main.ts'
import { kubernetesAccess } from '../../server/access-kubernetes.ts'
import type { ArtifactFiles } from '../../server/artifact-files.ts'
import { kubernetesModelDeployments } from '../../server/model-deployments-kubernetes.ts'
import { SECRET_FIELDS, type ServeOptions, serve } from '../../server/start.ts'
import { calledSchedule } from '../schedules/called-schedule.ts'
import { calledScheduledRun } from '../schedules/called-scheduled-run.ts'
import { checkSchedule, startScheduleRunner } from '../schedules/schedule-runner.ts'
import { checkRequest } from '../schedules/start-planned-run.ts'
import { type ClusterExecutor, clusterExecutor, FALLBACK_NAMESPACE } from './cluster-executor.ts'
import { clusterSchedules } from './cluster-schedules.ts'

export interface ServerBesideOptions extends Pick<ServeOptions, 'packageHosts' | 'rateLimit' | 'webhookSecrets'> {
  readonly host: string
  readonly port: number
  /** Where pods reach the server; absent: steps do not log to it. */
  readonly url?: string | undefined
  /** Whether the cluster proves who calls; otherwise the server listens on loopback only. */
  readonly authenticated: boolean
  /** The only namespace of the operator. */
  readonly namespace?: string | undefined
  readonly files: ArtifactFiles
  /** A replica that does not lead hears of changes by looking. */
  readonly replicas: boolean
}

const LOOK_AGAIN_MILLIS = 2_000

export async function serveBeside(parts: ServerParts, options: ServerBesideOptions): Promise<ServerBeside> {
  const { metadata, kube, store, log } = parts
  let executor: ClusterExecutor | undefined
  let leads = false
  let runner: ReturnType<typeof startScheduleRunner> | undefined
  const server = await serve({
    dataDirectory: '.',
    metadata,
    host: options.host,
    port: options.port,
    files: options.files,
    pipelineRoot: store.rootOf(undefined),
    readPipelineArtifact: (uri) => store.readArtifact(uri),
    access: options.authenticated ? kubernetesAccess(kube) : undefined,
    packageHosts: options.packageHosts,
    rateLimit: options.rateLimit,
    webhookSecrets: options.webhookSecrets,
    lookAgainMillis: options.replicas ? LOOK_AGAIN_MILLIS : undefined,
    logger: operatorLogger(),
    executor: (inner) => {
      executor = clusterExecutor(inner, { kube, store, namespace: options.namespace })
      return executor
    },
    schedules: ({ services }) => ({
      check: checkSchedule,
      checkRequest: (row, asked) => checkRequest(services(), row, asked),
      resources: clusterSchedules(metadata, kube, { namespace: options.namespace, fallback: FALLBACK_NAMESPACE }),
      changed: () => runner?.changed(),
      called: async (namespace, name) =>
        (await calledScheduledRun(kube, namespace, name)) ?? (await calledSchedule(services(), namespace, name)),
    }),
    modelDeployments: () => kubernetesModelDeployments(kube, options.namespace),
  })
  const { services } = server
  log('info', 'serving', { server: server.url })
  return {
    separateNamespaces: options.authenticated,
    tracking: options.url ? { url: options.url, issueToken: (...token) => services.tokens.issue(...token) } : undefined,
    changed: (runId) => services.events.changed(runId),
    lead: () => {
      if (leads) return
      leads = true
      runner = startScheduleRunner(() => services)
    },
    stop: async () => {
      await runner?.stop()
      await server.close()
      await executor?.stop()
    },
  }
}

/** Lines as the operator writes them, so that one collector reads both. */
function operatorLogger(): Logger {
  return pino(
    {
      level: process.env['KFP_TS_LOG_LEVEL'] ?? 'warn',
      redact: [...SECRET_FIELDS],
      messageKey: 'message',
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (level) => ({ level }) },
    },
    pino.destination({ dest: 2, sync: true }),
  )
}
