/** A whole operator over a cluster and a database in memory, for tests: runs of one step, and a test that plays the kubelet. */
import { Writable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { stringify } from 'yaml'
import { API_GROUP, API_VERSION, type PipelineRunSpec, type RunPhase } from '../../api/pipeline-run.ts'
import { PIPELINE_RUNS, PODS } from '../../client/kube/resources.ts'
import { leafOf, pipelineOf, taskOf } from '../../engine/testing/small-pipeline.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { createMetrics } from '../metrics.ts'
import { type OperatorOptions, startOperator } from '../operator.ts'
import type { Pod } from '../pod/pod-types.ts'
import { createSqlRecords } from '../run-records.ts'
import type { RunStore } from '../run-store.ts'
import type { PipelineRun } from '../run-view.ts'
import { DEFAULT_LIMITS, DEFAULT_RETRIES, type OperatorSettings } from '../settings.ts'
import { FakeCluster } from './fake-cluster.ts'

/** The text of a pipeline of such steps beside each other. */
export function stepsText(...names: readonly string[]): string {
  const tasks = Object.fromEntries(names.map((name) => [name, taskOf('step')]))
  return stringify(pipelineOf({ root: { dag: { tasks } }, components: { step: leafOf() } }).spec)
}

const ONE_STEP = stepsText('step')

const SETTINGS: OperatorSettings = {
  identity: 'test',
  pods: { store: { claimName: 'store' }, mountPath: '/kfp-store' } as OperatorSettings['pods'],
  servingImage: 'kfp-ts',
  limits: DEFAULT_LIMITS,
  waits: { allowHosts: [], allowNamespaces: [] } as unknown as OperatorSettings['waits'],
  retries: DEFAULT_RETRIES,
  imageGraceMillis: 60_000,
  configurationGraceMillis: 60_000,
  statusIntervalMillis: 10,
}

/** Every method that a run of plain steps needs; what was deleted is in `removed`. */
function emptyStore(removed: string[]): RunStore {
  return {
    pathsOf: (runId: string) => ({ artifacts: '/artifacts', scratch: `/scratch/${runId}`, workspaceSubPath: 'work' }),
    rootOf: () => '/artifacts',
    prepare: async () => {},
    readOutputs: async () => ({ parameterFiles: {} }),
    withDigests: async (outputs: unknown) => outputs,
    keptLog: async () => undefined,
    openLog: async () => new Writable({ write: (_chunk, _encoding, written) => written() }),
    deleteRun: async (runId: string) => void removed.push(runId),
  } as unknown as RunStore
}

export interface SmallOperatorOptions {
  readonly settings?: Partial<OperatorSettings>
  readonly limits?: Partial<OperatorSettings['limits']>
  /** Changes the parts before the operator starts, such as records that fail. */
  readonly wrap?: (options: OperatorOptions) => OperatorOptions
}

export async function startSmallOperator({ settings, limits, wrap = (options) => options }: SmallOperatorOptions = {}) {
  const cluster = new FakeCluster()
  const metadata: Metadata = await openMetadata({ url: ':memory:' })
  await ensureDefaultExperiment(metadata.db, 0)
  const removed: string[] = []
  const told: string[] = []
  const never = () => () => {}
  const kube = { ...cluster.client, log: async () => ({ chunks: (async function* () {})(), close() {} }) }
  const records = createSqlRecords(metadata, { keeper: 'test' })
  const operator = startOperator(
    wrap({
      kube,
      records,
      store: emptyStore(removed),
      settings: { ...SETTINGS, ...settings, limits: { ...DEFAULT_LIMITS, ...limits } },
      waits: { http: never, object: never, alias: never, resource: never },
      recordedRun: async () => ({ kind: 'run' }),
      recordedTask: async () => undefined,
      metrics: createMetrics(),
      log: (_level, message) => void told.push(message),
    }),
  )
  await operator.synced
  const find = (name: string) => cluster.find(PIPELINE_RUNS, name) as PipelineRun | undefined
  const pods = (run?: string) =>
    (cluster.list(PODS) as Pod[]).filter(({ metadata }) => !run || metadata.name.startsWith(run))
  const setPod = (pod: Pod, status: object) => cluster.apply(PODS, { ...pod, status } as never)
  return {
    cluster,
    kube,
    metadata,
    records,
    operator,
    /** Ids of runs whose files were removed. */
    removed,
    /** What the operator logged. */
    told,
    find,
    pods,
    run(name: string, spec: Partial<PipelineRunSpec> = {}, more: object = {}): void {
      const object = {
        apiVersion: `${API_GROUP}/${API_VERSION}`,
        kind: 'PipelineRun',
        metadata: { name, namespace: 'team', uid: `uid-${name}`, generation: 1, ...more },
        spec: { pipelineText: ONE_STEP, cache: false, ...spec },
      }
      cluster.apply(PIPELINE_RUNS, object)
    },
    /** What a user changes in the spec. */
    edit(name: string, spec: Partial<PipelineRunSpec>): void {
      const run = find(name)!
      const metadata = { ...run.metadata, generation: (run.metadata.generation ?? 0) + 1 }
      cluster.apply(PIPELINE_RUNS, { ...run, metadata, spec: { ...run.spec, ...spec } })
    },
    phase: (name: string): RunPhase | undefined => find(name)?.status?.phase,
    running: (pod: Pod) =>
      setPod(pod, { phase: 'Running', containerStatuses: [{ name: 'main', state: { running: {} } }] }),
    finished: (pod: Pod, exitCode = 0) =>
      setPod(pod, {
        phase: exitCode === 0 ? 'Succeeded' : 'Failed',
        containerStatuses: [{ name: 'main', state: { terminated: { exitCode } } }],
      }),
    async stop() {
      await operator.stop()
      // What was on its way to the database when the operator stopped.
      await delay(20)
      await metadata.close()
    },
  }
}
