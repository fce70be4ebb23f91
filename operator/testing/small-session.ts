/** The session of a run over a cluster in memory, for tests of what it does to pods. Tests play the kubelet. */
import type { PipelineRunSpec } from '../../api/pipeline-run.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { RunReport } from '../../api/run-report.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { PODS } from '../../client/kube/resources.ts'
import { prepare, report } from '../../engine/index.ts'
import { TEST_CONFIG } from '../../engine/testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from '../../engine/testing/small-pipeline.ts'
import type { JournalRecord, RunConfig } from '../../engine/types.ts'
import { createPodPlaces, type PodPlaces } from '../admission/pod-places.ts'
import type { LogKeeper } from '../log-keeper.ts'
import { createMetrics } from '../metrics.ts'
import { createPastTasks } from '../past-tasks.ts'
import type { Pod } from '../pod/pod-types.ts'
import { type RunSession, type SessionPorts, startSession } from '../run-session.ts'
import type { RunStore } from '../run-store.ts'
import { slimPod } from '../run-view.ts'
import { DEFAULT_LIMITS, DEFAULT_RETRIES, type OperatorSettings } from '../settings.ts'
import { FakeCluster } from './fake-cluster.ts'

export interface SmallSessionOptions {
  /** @default 'run'; in the cluster's namespace `team` */
  readonly name?: string
  readonly cluster?: FakeCluster
  /** @default one step `a` */
  readonly document?: PipelineDocument
  readonly spec?: PipelineRunSpec
  /** Instead of the cluster's. */
  readonly kube?: Partial<KubeClient>
  readonly store?: Partial<RunStore>
  readonly logs?: Partial<LogKeeper>
  /** Shared by sessions that stand in one line. @default without limits */
  readonly podPlaces?: PodPlaces
  readonly config?: Partial<RunConfig>
  /** Of the session before. @default none: a new run */
  readonly journal?: readonly JournalRecord[]
}

export interface SmallSession {
  readonly cluster: FakeCluster
  /** What was written to it. */
  readonly journal: readonly JournalRecord[]
  readonly session: RunSession
  readonly troubles: unknown[]
  report(): RunReport
  /** The run's pods, oldest first. */
  pods(): Pod[]
  /** What the kubelet tells of a pod, and what of its metadata others changed. */
  setPod(pod: Pod, status: Pod['status'], metadata?: Partial<Pod['metadata']>): void
  /** Names of the pods that were asked to go, each time. */
  deletes(): string[]
}

export const MAIN = {
  running: { phase: 'Running', containerStatuses: [{ name: 'main', state: { running: {} } }] },
  /** On an object store the launcher beside it goes on. */
  succeeded: { phase: 'Running', containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }] },
} as const

const ONE_STEP = pipelineOf({ root: { dag: { tasks: { a: taskOf('step') } } }, components: { step: leafOf() } })
const GRACE_MILLIS = 60_000
const metrics = createMetrics()

export function startSmallSession(options: SmallSessionOptions = {}): SmallSession {
  const { name = 'run', cluster = new FakeCluster(), document = ONE_STEP, spec = {} as PipelineRunSpec } = options
  const uid = `uid-${name}`
  const troubles: unknown[] = []
  const journal = [...(options.journal ?? [])]
  const append = async (_runId: string, _from: number, records: readonly JournalRecord[]) =>
    void journal.push(...records)
  const program = prepare(document)
  const podOf = (namespace: string, pod: string): Pod | undefined =>
    cluster.objects.get(`${PODS.plural} ${namespace}/${pod}`) as Pod | undefined
  const pods = () => (cluster.list(PODS) as Pod[]).filter((pod) => isOf(uid, pod))
  const ports: SessionPorts = {
    kube: { ...cluster.client, ...options.kube },
    records: { append, saveCache: async () => {} } as unknown as SessionPorts['records'],
    store: { ...SMALL_STORE, ...options.store } as RunStore,
    logs: { follow: () => {}, finish: async () => {}, forget: () => {}, stop: () => {}, ...options.logs },
    podPlaces: options.podPlaces ?? createPodPlaces(DEFAULT_LIMITS, Date.now),
    waitSources: {} as SessionPorts['waitSources'],
    pastTasks: createPastTasks({ stateOf: async () => undefined, onTrouble: (error) => troubles.push(error) }),
    metrics,
    openReuse: () => async () => ({ hit: false, reason: 'nothing is reused' }),
    settings: {
      pods: { store: { claimName: 'store' }, mountPath: '/store' },
      imageGraceMillis: GRACE_MILLIS,
      configurationGraceMillis: GRACE_MILLIS,
    } as OperatorSettings,
    now: Date.now,
    podOf,
    onTrouble: (_run, error) => troubles.push(error),
  }
  const session = startSession({
    ports,
    run: { namespace: 'team', name, uid, runId: uid, displayName: name },
    spec,
    pipeline: { text: '', digest: '', document, program },
    config: { ...TEST_CONFIG, runId: uid, cache: false, retries: DEFAULT_RETRIES, ...options.config },
    journal: [...journal],
    pods: pods(),
    onChange: () => {},
    onOvertaken: () => {},
  })
  void follow(cluster, uid, session)
  return {
    cluster,
    journal,
    session,
    troubles,
    report: () => report(program, session.state),
    pods,
    setPod(pod, status, metadata = {}) {
      cluster.apply(PODS, { ...pod, metadata: { ...pod.metadata, ...metadata }, status })
    },
    deletes: () => cluster.calls.filter((call) => call.startsWith('delete pods ')).map((call) => call.split(' ')[2]!),
  }
}

const SMALL_STORE: Partial<RunStore> = {
  pathsOf: (runId) => ({ artifacts: '/store/artifacts', scratch: `/store/scratch/${runId}`, workspaceSubPath: runId }),
  prepare: async () => {},
  readOutputs: async () => ({ parameterFiles: {} }),
  withDigests: async (outputs) => outputs,
}

const isOf = (uid: string, { metadata }: Pod): boolean => metadata.labels?.['pipelines.kfp-ts.dev/run'] === uid

async function follow(cluster: FakeCluster, uid: string, session: RunSession): Promise<void> {
  const news = cluster.client.watch<Pod>(PODS, {}, '', new AbortController().signal)
  for await (const { type, object } of news)
    if (isOf(uid, object)) session.podChanged(slimPod(object), type === 'DELETED')
}
