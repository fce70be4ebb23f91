/** The whole operator over a cluster and a database in memory, for tests of what becomes of runs. Tests are the user and the kubelet. */
import { Writable } from 'node:stream'
import { stringify } from 'yaml'
import type { PipelineRunSpec } from '../../api/pipeline-run.ts'
import type { KubeClient } from '../../client/kube/client.ts'
import { type KubeObject, PIPELINE_RUNS, PODS } from '../../client/kube/resources.ts'
import { leafOf, pipelineOf, taskOf } from '../../engine/testing/small-pipeline.ts'
import { type Metadata, openMetadata } from '../../store/metadata/database.ts'
import { ensureDefaultExperiment } from '../../store/metadata/experiments.ts'
import { recordedTaskState } from '../../store/metadata/past-tasks.ts'
import { getPipelineRun } from '../../store/metadata/pipeline-runs.ts'
import { lookUpRun } from '../../waiting/look-database.ts'
import { FakeCluster } from '../fake-cluster.ts'
import { createMetrics } from '../metrics.ts'
import { type Operator, type OperatorOptions, startOperator } from '../operator.ts'
import type { Pod } from '../pod/pod-types.ts'
import { createSqlRecords, type RunRecords } from '../run-records.ts'
import type { RunStore } from '../run-store.ts'
import type { PipelineRun } from '../run-view.ts'
import { DEFAULT_LIMITS, DEFAULT_RETRIES, type Limits, type OperatorSettings } from '../settings.ts'

export interface WholeOperatorOptions {
  readonly cluster?: FakeCluster
  /** Of an operator before. @default a new database */
  readonly metadata?: Metadata
  readonly limits?: Partial<Limits>
  /** Instead of the cluster's. */
  readonly kube?: (client: KubeClient) => Partial<KubeClient>
  /** Instead of the database's. */
  readonly records?: (records: RunRecords) => Partial<RunRecords>
}

export interface WholeOperator {
  readonly cluster: FakeCluster
  readonly metadata: Metadata
  readonly operator: Operator
  /** Makes a run of one step. */
  apply(name: string, spec?: PipelineRunSpec, metadata?: Partial<KubeObject['metadata']>): void
  edit(name: string, spec: PipelineRunSpec): void
  get(name: string): PipelineRun
  /** State of a run's record. */
  recorded(name: string): Promise<string>
  /** Of all runs, oldest first. */
  pods(): Pod[]
  setPod(pod: Pod, status: Pod['status']): void
}

export const ENDED = {
  well: { phase: 'Succeeded', containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 0 } } }] },
  badly: { phase: 'Failed', containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 1 } } }] },
} as const satisfies Record<string, Pod['status']>

/** The text of a pipeline of so many steps beside each other. */
export function stepsText(...names: string[]): string {
  const tasks = Object.fromEntries(names.map((name) => [name, taskOf('step')]))
  return stringify(pipelineOf({ root: { dag: { tasks } }, components: { step: leafOf() } }).spec)
}

/** Resolves when the operator knows the cluster. */
export async function startWholeOperator(options: WholeOperatorOptions = {}): Promise<WholeOperator> {
  const { cluster = new FakeCluster() } = options
  const metadata = options.metadata ?? (await openMetadata({ url: ':memory:' }))
  if (!options.metadata) await ensureDefaultExperiment(metadata.db, 0)
  const records = createSqlRecords(metadata, { served: { separateNamespaces: false, changed: () => {} } })
  const operator = startOperator({
    kube: { ...cluster.client, log: emptyLog, ...options.kube?.(cluster.client) },
    records: { ...records, ...options.records?.(records) },
    store: STORE as RunStore,
    settings: { ...SETTINGS, limits: { ...DEFAULT_LIMITS, ...options.limits } },
    waits: {} as OperatorOptions['waits'],
    recordedRun: (wait, namespace) => lookUpRun(metadata.db, wait, namespace),
    recordedTask: (runId, task) => recordedTaskState(metadata.db, runId, task),
    metrics: createMetrics(),
    log: () => {},
  })
  await operator.synced
  const get = (name: string) => cluster.find(PIPELINE_RUNS, name) as unknown as PipelineRun
  const put = (run: object) => cluster.apply(PIPELINE_RUNS, run as Parameters<FakeCluster['apply']>[1])
  return {
    cluster,
    metadata,
    operator,
    get,
    apply: (name, spec, more) =>
      put({
        metadata: {
          name,
          namespace: 'team',
          uid: name,
          generation: 1,
          creationTimestamp: '2026-01-01T00:00:00Z',
          ...more,
        },
        spec: { pipelineText: stepsText('a'), cache: false, ...spec },
      }),
    edit(name, spec) {
      const run = get(name)
      const generation = (run.metadata.generation ?? 0) + 1
      put({ ...run, metadata: { ...run.metadata, generation }, spec: { ...run.spec, ...spec } })
    },
    recorded: async (name) => (await getPipelineRun(metadata.db, name)).state,
    pods: () => cluster.list(PODS) as Pod[],
    setPod: (pod, status) => cluster.apply(PODS, { ...pod, status } as never),
  }
}

const emptyLog: KubeClient['log'] = async () => ({ chunks: (async function* () {})(), close() {} })

const STORE: Partial<RunStore> = {
  pathsOf: (runId) => ({ artifacts: '/store/artifacts', scratch: `/store/scratch/${runId}`, workspaceSubPath: runId }),
  rootOf: () => '/store/artifacts',
  prepare: async () => {},
  readOutputs: async () => ({ parameterFiles: {} }),
  withDigests: async (outputs) => outputs,
  keptLog: async () => undefined,
  openLog: async () => new Writable({ write: (_chunk, _encoding, done) => done() }),
  deleteRun: async () => {},
}

const GRACE_MILLIS = 60_000
const SETTINGS: OperatorSettings = {
  identity: 'test',
  pods: { store: { claimName: 'store' }, mountPath: '/store' },
  servingImage: 'kfp-ts',
  limits: DEFAULT_LIMITS,
  waits: { allowHosts: [], allowNamespaces: [] },
  retries: DEFAULT_RETRIES,
  imageGraceMillis: GRACE_MILLIS,
  configurationGraceMillis: GRACE_MILLIS,
  statusIntervalMillis: 10,
}
