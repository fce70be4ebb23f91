/** `make bench-cluster`: measures the operator on the cluster and prints one table. Goals are design.md's; nothing fails here. */
import { spawnSync } from 'node:child_process'
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { LABELS, type PipelineRunSpec } from '../../../api/pipeline-run.ts'
import type { KubeObject } from '../../../client/kube/resources.ts'
import { PIPELINE_RUNS, PODS } from '../../../client/kube/resources.ts'
import type { PipelineRun } from '../../../client/runs.ts'
import { buildPod } from '../../../operator/pod/build-pod.ts'
import {
  finished,
  installCrds,
  kube,
  makePlace,
  type OperatorProcess,
  type Place,
  ROOT,
  submit,
  until,
} from '../support/cluster.ts'
import { build, startInstalledOperator } from './installed.ts'
import { decisions, memory, metricLines, total } from './measure.ts'
import { chain, loop } from './pipelines.ts'
import { manySchedules } from './schedules.ts'

const RUNS = Number(process.env['KFP_TS_BENCH_RUNS'] ?? 1000)
const ITERATIONS = Number(process.env['KFP_TS_BENCH_ITERATIONS'] ?? 10_000)
const QUEUED = Number(process.env['KFP_TS_BENCH_QUEUED'] ?? 10_000)
/** Some of it: `KFP_TS_BENCH_PARTS=steps,loop`. */
const PARTS = (process.env['KFP_TS_BENCH_PARTS'] ?? 'steps,schedules,chains,runs,active,loop,queue').split(',')
const REPEATS = 5
/** Three-step runs for the latency of decisions: two decisions each. */
const CHAINS = 100

const lines: string[] = []
function tell(what: string, measured: string, goal = ''): void {
  lines.push(`${what.padEnd(58)}${measured.padEnd(26)}${goal}`)
  process.stdout.write(`${lines.at(-1)}\n`)
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const seconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`

async function main(): Promise<void> {
  build()
  await installCrds()
  const place = await makePlace('bench')
  try {
    tell('what', 'measured', 'goal')
    tell(`processors ${cpus().length}, load of the machine`, loadavg()[0]!.toFixed(1))
    if (PARTS.includes('steps')) await threeSteps(place)
    if (PARTS.includes('schedules')) await manySchedules({ tell, peakMemory, metricLines })
    simulatedNodes('up', '5')
    if (PARTS.includes('chains')) await manyChains(place)
    if (PARTS.includes('runs')) await manyRuns(place)
    if (PARTS.includes('active')) await activeRuns(place)
    if (PARTS.includes('loop')) await longLoop(place)
    if (PARTS.includes('queue')) await longQueue(place)
    tell('load of the machine at the end', loadavg()[0]!.toFixed(1))
  } finally {
    simulatedNodes('down')
    await place.remove()
  }
}

function simulatedNodes(...args: string[]): void {
  const { status } = spawnSync(join(ROOT, 'test/cluster/simulated-nodes.sh'), args, { stdio: 'inherit' })
  if (status !== 0) throw new Error(`simulated-nodes.sh ${args.join(' ')} failed`)
}

/** The same three pods, made one after the other by nobody but this program, and by the operator. */
async function threeSteps(place: Place): Promise<void> {
  const operator = await startInstalledOperator(place)
  const text = chain('three', ['one', 'two', 'three'])
  const bare: number[] = []
  const ours: number[] = []
  try {
    await finished(place, await submit(place, text))
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      bare.push(await barePods(place, `bare-${repeat}`))
      const startedAt = performance.now()
      await finished(place, await submit(place, text))
      ours.push(performance.now() - startedAt)
    }
    // They have no owner to go with, and later parts wait until nothing is left here.
    await kube.deleteCollection(PODS, { namespace: place.namespace, labelSelector: `${LABELS.pipeline}=bare` })
    tell('three bare pods, one after the other (median of 5)', seconds(median(bare)))
    tell('three-step run (median of 5)', seconds(median(ours)))
    tell('ratio', (median(ours) / median(bare)).toFixed(3), 'at most 1.15')
    await tellDecisions(operator, 'real pods')
  } finally {
    await operator.kill()
  }
}

async function barePods(place: Place, name: string): Promise<number> {
  const startedAt = performance.now()
  for (let index = 0; index < 3; index++) {
    const pod = barePod(place, `${name}-${index}`)
    const created = await kube.create(PODS, place.namespace, pod)
    const selection = { namespace: place.namespace, fieldSelector: `metadata.name=${pod.metadata.name}` }
    const stop = new AbortController()
    const version = created.metadata.resourceVersion ?? ''
    for await (const { object } of kube.watch<KubeObject & { status?: { phase?: string } }>(
      PODS,
      selection,
      version,
      stop.signal,
    )) {
      if (object.status?.phase === 'Succeeded') break
    }
    stop.abort()
  }
  return performance.now() - startedAt
}

/** Exactly the pod that the operator would make, without an owner. */
function barePod(place: Place, name: string): KubeObject {
  const pod = buildPod({
    run: { name, namespace: place.namespace, uid: name, runId: name, pipeline: 'bare' },
    task: 'root/bare',
    attempt: 1,
    launch: {
      taskKey: 'bare',
      displayName: 'bare',
      componentName: 'bare',
      executorLabel: 'bare',
      image: 'busybox:latest',
      command: ['true'],
      args: [],
      env: [],
      resources: {},
      executorInput: { inputs: {}, outputs: { outputFile: '/kfp-store/x' } },
      outputs: { parameters: {}, artifacts: {} },
      inputArtifacts: [],
      scratchDir: '/kfp-store/x',
      kubernetes: {},
      usesWorkspace: false,
    },
    defaults: {},
    settings: { store: { claimName: 'store' }, mountPath: '/kfp-store' },
  })
  return { ...pod, metadata: { ...pod.metadata, ownerReferences: [] } }
}

const SIMULATED = {
  cache: false,
  podDefaults: {
    nodeSelector: { type: 'kwok' },
    tolerations: [{ key: 'kwok.x-k8s.io/node', operator: 'Exists', effect: 'NoSchedule' }],
  },
} as const
/** Its pods end when the run is deleted: all runs are active at once. */
const LASTING = {
  ...SIMULATED,
  podDefaults: { ...SIMULATED.podDefaults, annotations: { 'kfp-ts.dev/lasts': '1h' } },
}
const wide = (count: number): string[] => [
  ...['--max-active-runs', String(count), '--max-active-runs-per-namespace', String(count)],
  ...['--max-active-runs-per-pipeline', String(count), '--max-pods', String(2 * count)],
  ...['--max-pods-per-namespace', String(2 * count), '--max-pods-per-pipeline', String(2 * count)],
]

/** Decisions while others are made, below what the machine can carry: a tenth of the runs may be active at once. */
async function manyChains(place: Place): Promise<void> {
  const operator = await startInstalledOperator(place, ['--max-active-runs', String(CHAINS / 10)])
  try {
    const text = chain('three', ['one', 'two', 'three'])
    await submitAll(place, CHAINS, 'chain', SIMULATED, text)
    await until('all runs ended', async () => (await phases(place)).ended >= CHAINS, 300)
    await tellDecisions(operator, `in ${CHAINS} runs, ${CHAINS / 10} at once`)
  } finally {
    await operator.kill()
    await removeRuns(place)
  }
}

async function manyRuns(place: Place): Promise<void> {
  const operator = await startInstalledOperator(place, wide(2 * RUNS))
  try {
    tell('memory of an idle operator', `${(await memory(operator)).now} MB`)
    const startedAt = performance.now()
    await submitAll(place, RUNS, 'many', SIMULATED)
    tell(`${RUNS} one-step runs: all applied after`, seconds(performance.now() - startedAt))
    await until('all runs ended', async () => (await phases(place)).ended >= RUNS, 900)
    const took = performance.now() - startedAt
    tell(`${RUNS} one-step runs on simulated nodes`, seconds(took), `${((RUNS / took) * 1000).toFixed(1)} runs/s`)
    const writes = await total(operator, 'api_writes_total')
    tell('API writes per run (pods, status, events)', (writes / RUNS).toFixed(2))
    tell('peak memory of the operator', `${(await memory(operator)).peak} MB`)
    tell('runs that failed', String((await phases(place)).failed), '0')
    await largest(place)
  } finally {
    await operator.kill()
    await removeRuns(place)
  }
}

async function activeRuns(place: Place): Promise<void> {
  const operator = await startInstalledOperator(place, wide(2 * RUNS))
  try {
    await submitAll(place, RUNS, 'active', LASTING)
    await until('all pods are there', async () => (await total(operator, 'pods_created_total')) >= RUNS, 900)
    await until('all runs say so', async () => (await phases(place)).running >= RUNS, 300)
    const active = await total(operator, 'active_runs')
    const { now, peak } = await memory(operator)
    tell(`memory at ${active} active runs (now, at most)`, `${now} MB, ${peak} MB`, 'at most 200 MB')
  } finally {
    await operator.kill()
    await removeRuns(place)
  }
}

/** A queue far longer than what may be active: what a waiting run costs, and that all say why they wait. */
async function longQueue(place: Place): Promise<void> {
  const active = 50
  const operator = await startInstalledOperator(place, ['--max-active-runs', String(active)])
  try {
    const idle = (await memory(operator)).now
    await submitAll(place, active, 'first', LASTING)
    await until('the first are active', async () => (await total(operator, 'active_runs')) >= active, 300)
    const before = (await memory(operator)).now
    const startedAt = performance.now()
    await submitAll(place, QUEUED, 'queued', SIMULATED)
    await until('all are in the queue', async () => (await total(operator, 'queue_depth')) >= QUEUED, 300)
    tell(`${QUEUED} more runs applied and in the queue after`, seconds(performance.now() - startedAt))
    const { now, peak } = await memory(operator)
    tell('memory before, with the queue, at most', `${before} MB, ${now} MB, ${peak} MB`, `idle: ${idle} MB`)
    await until('each says that it waits', async () => (await phases(place)).queued >= QUEUED, 900)
    tell('all of them say why they wait after', seconds(performance.now() - startedAt))
    const drainedAt = performance.now()
    const firsts = Array.from({ length: active }, (_, index) => `first-${index}`)
    await inParallel(active, 16, (index) => kube.delete(PIPELINE_RUNS, place.namespace, firsts[index]!))
    await until('all ended', async () => (await phases(place)).ended >= QUEUED, 3600)
    const took = performance.now() - drainedAt
    tell(`all of them ended, ${active} at a time`, seconds(took), `${((QUEUED / took) * 1000).toFixed(1)} runs/s`)
    tell('peak memory of the operator', `${(await memory(operator)).peak} MB`)
    tell('runs that failed', String((await phases(place)).failed), '0')
  } finally {
    await operator.kill()
    await removeRuns(place)
  }
}

async function longLoop(place: Place): Promise<void> {
  const operator = await startInstalledOperator(place, [...wide(500), '--max-pods-per-run', '500'])
  try {
    const startedAt = performance.now()
    const run = await submit(place, loop(ITERATIONS), { name: 'loop', spec: { ...SIMULATED, podCleanup: 'AfterTask' } })
    const ended = await finished(place, run, 3600)
    tell(
      `one run with a loop of ${ITERATIONS} iterations: ${ended.status?.phase}`,
      seconds(performance.now() - startedAt),
    )
    tell('size of its resource', kilobytes(ended), 'status below 64 KB')
    tell('peak memory of the operator', `${(await memory(operator)).peak} MB`)
    await tellDecisions(operator, 'in the loop, 500 pods at once')
  } finally {
    await operator.kill()
  }
}

const peakMemory = async (operator: Pick<OperatorProcess, 'pid'>): Promise<string> =>
  `${(await memory(operator)).peak} MB`

async function tellDecisions(operator: OperatorProcess, where: string): Promise<void> {
  const [half, most] = [await decisions(operator, 0.5), await decisions(operator, 0.99)]
  const measured = `${half.millis.toFixed(1)} ms, ${most.millis.toFixed(1)} ms`
  tell(`decision latency p50, p99, ${where} (${most.count})`, measured, 'p99 below 50 ms')
}

async function submitAll(
  place: Place,
  count: number,
  name: string,
  spec: Partial<PipelineRunSpec>,
  text = chain('single', ['only']),
): Promise<void> {
  await inParallel(count, 32, (index) => submit(place, text, { name: `${name}-${index}`, spec }))
}

async function phases(place: Place): Promise<{ ended: number; failed: number; running: number; queued: number }> {
  const counts = { ended: 0, failed: 0, running: 0, queued: 0 }
  for (const { status } of await allRuns(place)) {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') counts.ended++
    if (status?.phase === 'Failed') counts.failed++
    if (status?.phase === 'Running') counts.running++
    if (status?.phase === 'Queued') counts.queued++
  }
  // The API server has more to do than to list ten thousand runs ten times a second.
  await delay(1000)
  return counts
}

/** From the API server's memory: an answer a moment old will do. */
async function allRuns({ namespace }: Place): Promise<readonly PipelineRun[]> {
  return (await kube.list<PipelineRun>(PIPELINE_RUNS, { namespace }, { resourceVersion: '0' })).items
}

async function largest(place: Place): Promise<void> {
  const sizes = (await allRuns(place)).map((run) => JSON.stringify(run).length)
  tell('size of the largest resource', `${(Math.max(...sizes) / 1024).toFixed(1)} KB`, 'status below 64 KB')
}
const kilobytes = ({ status, ...rest }: PipelineRun): string =>
  `${(JSON.stringify({ status, ...rest }).length / 1024).toFixed(1)} KB, status ${(JSON.stringify(status).length / 1024).toFixed(1)} KB`

async function removeRuns({ namespace }: Place): Promise<void> {
  await kube.deleteCollection(PIPELINE_RUNS, { namespace })
  await until(
    'the pods are gone',
    async () => (await kube.list(PODS, { namespace }, { limit: 1 })).items.length === 0,
    900,
  )
}

async function inParallel(count: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

await main()
