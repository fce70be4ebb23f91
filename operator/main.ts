/** One operator process: connects, waits to lead, works, hands over. Before: cli/commands/operator.ts. */
import { mkdir } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { createKubeClient, type KubeClient } from '../client/kube/client.ts'
import { createHttpsTransport } from '../client/kube/https-transport.ts'
import { type KubeAccess, loadKubeAccess } from '../client/kube/kubeconfig.ts'
import { throttle } from '../client/kube/throttle.ts'
import type { KubeTransport } from '../client/kube/transport.ts'
import type { ArtifactStore } from '../store/artifact-store.ts'
import { type Metadata, openMetadata } from '../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../store/metadata/experiments.ts'
import { recordedTaskState } from '../store/metadata/past-tasks.ts'
import { lookUpRun } from '../waiting/look-database.ts'
import { startHealthServer } from './http.ts'
import { keeperOf } from './keeper.ts'
import { campaign, type Leadership } from './leader.ts'
import { createMetrics, type OperatorMetrics } from './metrics.ts'
import { createObjectStore } from './object-store.ts'
import { type Operator, type OperatorOptions, startOperator } from './operator.ts'
import { createSqlRecords, type RunRecords } from './run-records.ts'
import type { RunStore } from './run-store.ts'
import { type ScheduleController, startScheduleController } from './schedule/schedule-controller.ts'
import { type ModelFiles, modelFilesInStore, modelFilesOnVolume, modelFinder } from './serving/find-model.ts'
import { type ServingController, startServingController } from './serving/serving-controller.ts'
import type { OperatorSettings } from './settings.ts'
import { createStepTracking, type StepTrackingOptions } from './step-tracking.ts'
import { createVolumeStore } from './volume-store.ts'
import { operatorWaitSources } from './wait-sources.ts'

export interface OperatorProcessOptions {
  readonly kubeconfig?: string | undefined
  readonly settings: OperatorSettings
  /** The store as this process sees it. */
  readonly storeFolder: string
  /** Artifacts and logs go there instead; `storeFolder` then holds only a SQLite database, if that is used. */
  readonly objectStore?: { readonly root: string } | undefined
  /** S3 server of the object store and, with a volume, of importers that copy to a workspace. */
  readonly s3?: { readonly endpoint?: string | undefined; readonly region?: string | undefined } | undefined
  /** Where the server keeps the files of its clients: a directory, or `s3://BUCKET/PREFIX`. @default mlflow in the store */
  readonly clientFiles?: string | undefined
  /** SQLite path or Postgres URL. */
  readonly databaseUrl: string
  readonly health?: { readonly host: string; readonly port: number } | undefined
  /** Absent: this process leads without asking. */
  readonly lease?: { readonly namespace?: string | undefined; readonly name: string } | undefined
  readonly log: OperatorOptions['log']
  /** Starts the server beside the operator, over the same database. */
  readonly serve?: ((parts: ServerParts) => Promise<ServerBeside>) | undefined
  /** Ends the operator; it hands over before it resolves. */
  readonly signal: AbortSignal
  /** Wraps the connection to the API server, for tests of its faults. */
  readonly wrapTransport?: (transport: KubeTransport) => KubeTransport
  readonly onReady?: (ports: { readonly health?: number | undefined }) => void
}

/** What a server beside the operator stands on. */
export interface ServerParts {
  readonly metadata: Metadata
  /** A connection of its own: a client's question must not wait behind a thousand pods. */
  readonly kube: KubeClient
  readonly store: RunStore
  readonly log: OperatorOptions['log']
}

/** The server in the operator's process. */
export interface ServerBeside {
  /** Each namespace has experiments of its own. */
  readonly separateNamespaces: boolean
  /** What steps need to log to it; absent when pods can't reach it. */
  readonly tracking?: Pick<StepTrackingOptions, 'url' | 'issueToken'> | undefined
  /** The record of a run changed. */
  changed(runId: string): void
  /** This replica leads from now on, until the process ends. */
  lead(): void
  stop(): Promise<void>
}

/** The parts of a process that leads. */
interface Work {
  operator?: Operator
  schedules?: ScheduleController
  serving?: ServingController
  server?: ServerBeside | undefined
}

/** Resolves after a graceful end; rejects when leadership was lost, since nothing may be done then. */
export async function runOperator(options: OperatorProcessOptions): Promise<void> {
  const { settings, log, signal } = options
  const access = loadKubeAccess({ kubeconfig: options.kubeconfig })
  const metrics = createMetrics()
  const connect = connector(options, access, metrics)
  const metadata = await openMetadata({ url: options.databaseUrl })
  await ensureDefaultExperiment(metadata.db, Date.now())
  const store = await storeOf(options)
  const startServer = async () => await options.serve?.({ metadata, kube: connect(), store, log })
  const work: Work = {}
  let ready = false
  let lost: (error: Error) => void = () => {}
  const lostLead = new Promise<never>((_, reject) => {
    lost = reject
  })
  lostLead.catch(() => {})
  const leadership = options.lease && lead(options, access, lost)
  metrics.watchGauges(() => ({
    ...(work.operator?.counts() ?? { queued: 0, active: 0, podsInFlight: 0, podsWaiting: 0, pods: {} }),
    leader: work.operator !== undefined,
  }))
  const health =
    options.health &&
    (await startHealthServer({ ...options.health, isReady: () => ready, metrics: () => metrics.text() }))
  try {
    // On Postgres every replica serves; a SQLite file has one user at a time, who leads.
    if (metadata.kind === 'postgres') work.server = await startServer()
    // A replica that waits for its turn is ready to take over, and where it serves, to serve.
    ready = leadership !== undefined && (work.server !== undefined || !options.serve)
    options.onReady?.({ health: health?.port })
    await Promise.race([leadership?.acquired, aborted(signal)])
    if (signal.aborted) return
    log('info', 'this replica leads', { identity: settings.identity })
    work.server ??= await startServer()
    const kube = connect()
    const records = fenced(
      createSqlRecords(metadata, { served: work.server, keeper: keeperOf(access, settings.runSelector) }),
      leadership,
    )
    work.operator = startOperator({
      kube,
      records,
      store,
      settings,
      waits: operatorWaitSources({ kube, db: metadata.db, store, settings: settings.waits }),
      recordedRun: (wait, namespace) => lookUpRun(metadata.db, wait, namespace),
      recordedTask: (runId, task) => recordedTaskState(metadata.db, runId, task),
      metrics,
      onEnded: async (view) => await work.schedules?.runEnded(view),
      tracking: work.server?.tracking && createStepTracking({ ...work.server.tracking, kube, metadata }),
      log,
    })
    work.schedules = startScheduleController({
      kube,
      namespace: settings.namespace,
      identity: settings.identity,
      onWrite: (kind) => metrics.apiWrite(kind),
      triggers: {
        metadata,
        store,
        endedRuns: () => work.operator?.endedRuns() ?? [],
        synced: work.operator.synced,
      },
      log,
    })
    work.serving = startServingController({
      kube,
      finder: modelFinder(metadata, await modelFilesOf(options), work.server?.separateNamespaces ?? true),
      settings,
      log,
    })
    work.server?.lead()
    await Promise.race([work.operator.synced, aborted(signal), lostLead])
    ready = true
    log('info', 'the cluster was looked at', work.operator.counts())
    await Promise.race([aborted(signal), lostLead])
  } finally {
    ready = false
    await work.serving?.stop()
    await work.schedules?.stop()
    await work.server?.stop()
    await work.operator?.stop()
    await leadership?.release().catch((error) => log('warn', `the lease could not be given back: ${error}`))
    await health?.stop()
    await Promise.race([metadata.close(), delay(2000, undefined, { ref: false })])
  }
}

/** Makes clients that wait when the API server asks for it. */
function connector(options: OperatorProcessOptions, access: KubeAccess, metrics: OperatorMetrics): () => KubeClient {
  const wrap = options.wrapTransport ?? ((transport: KubeTransport) => transport)
  const onThrottled = (status: number) => metrics.throttled(status)
  return () => createKubeClient(throttle(wrap(createHttpsTransport(access)), { onThrottled }))
}

async function storeOf(options: OperatorProcessOptions): Promise<RunStore> {
  const { objectStore, storeFolder, settings } = options
  const { mountPath } = settings.pods
  if (objectStore) return createObjectStore({ store: await openS3(options), root: objectStore.root, mountPath })
  // A folder of the volume: whoever makes it owns it, and steps are to write in it.
  await mkdir(storeFolder, { recursive: true })
  const openStore = async (uri: string) => (/^(s3|minio):\/\//.test(uri) ? await openS3(options) : undefined)
  return createVolumeStore({ folder: storeFolder, mountPath, openStore })
}

async function modelFilesOf(options: OperatorProcessOptions): Promise<ModelFiles> {
  const { objectStore, storeFolder, clientFiles } = options
  if (!objectStore) return modelFilesOnVolume(storeFolder, clientFiles)
  return modelFilesInStore(await openS3(options), objectStore.root, clientFiles)
}

/** The operator's own credentials are those of its environment. */
async function openS3({ s3 = {} }: OperatorProcessOptions): Promise<ArtifactStore & { close(): void }> {
  // Large, and of little use to an operator on a volume.
  const { s3Store } = await import('../store/s3-store.ts')
  return s3Store({ ...(s3.endpoint ? { endpoint: s3.endpoint } : {}), ...(s3.region ? { region: s3.region } : {}) })
}

/** The lease has a connection of its own: it must not wait behind a thousand pods. */
function lead(options: OperatorProcessOptions, access: KubeAccess, lost: (error: Error) => void): Leadership {
  const { lease, settings, log } = options
  return campaign({
    kube: createKubeClient(createHttpsTransport(access, 3_000)),
    namespace: lease?.namespace ?? access.namespace,
    name: lease?.name ?? 'kfp-ts-operator',
    identity: settings.identity,
    onLost: () => lost(new Error('leadership was lost: the lease could not be renewed in time')),
    onError: (error) => log('warn', `lease: ${error instanceof Error ? error.message : error}`),
  })
}

/** Who no longer leads may not write the journal, so may not act. */
function fenced(records: RunRecords, leadership: Leadership | undefined): RunRecords {
  if (!leadership) return records
  return {
    ...records,
    append: async (runId, fromSequence, journal) => {
      if (!leadership.isHeld()) throw new Error('this replica does not lead any more')
      await records.append(runId, fromSequence, journal)
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
