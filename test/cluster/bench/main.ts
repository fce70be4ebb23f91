/** `make bench-cluster`: measures the operator on the cluster and prints one table. Goals are design.md's; nothing fails here. */
import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { KubeObject } from '../../../client/kube/resources.ts'
import { PIPELINE_RUNS, PODS } from '../../../client/kube/resources.ts'
import { buildPod } from '../../../operator/pod/build-pod.ts'
import {
  finished,
  installCrds,
  kube,
  makePlace,
  type OperatorProcess,
  type Place,
  ROOT,
  startOperatorProcess,
  submit,
  until,
} from '../support/cluster.ts'
import { manySchedules } from './schedules.ts'

const RUNS = Number(process.env['KFP_TS_BENCH_RUNS'] ?? 1000)
const ITERATIONS = Number(process.env['KFP_TS_BENCH_ITERATIONS'] ?? 10_000)
const REPEATS = 5

const lines: string[] = []
function tell(what: string, measured: string, goal = ''): void {
  lines.push(`${what.padEnd(58)}${measured.padEnd(26)}${goal}`)
  process.stdout.write(`${lines.at(-1)}\n`)
}
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!
const seconds = (millis: number): string => `${(millis / 1000).toFixed(2)} s`

async function main(): Promise<void> {
  await installCrds()
  const place = await makePlace('bench')
  try {
    tell('what', 'measured', 'goal')
    await threeSteps(place)
    await manySchedules({ tell, peakMemory, metricLines })
    spawnSync(join(ROOT, 'test/cluster/simulated-nodes.sh'), ['up', '5'], { stdio: 'inherit' })
    await manyRuns(place)
    await longLoop(place)
  } finally {
    spawnSync(join(ROOT, 'test/cluster/simulated-nodes.sh'), ['down'], { stdio: 'inherit' })
    await place.remove()
  }
}

/** The same three pods, made one after the other by nobody but this program, and by the operator. */
async function threeSteps(place: Place): Promise<void> {
  const operator = await startOperatorProcess(place)
  const text = noOutputs('three', ['one', 'two', 'three'])
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
    tell('three bare pods, one after the other (median of 5)', seconds(median(bare)))
    tell('three-step run (median of 5)', seconds(median(ours)))
    tell('ratio', (median(ours) / median(bare)).toFixed(3), 'at most 1.15')
    const decision = await quantile(operator, 'kfp_ts_operator_decision_seconds', 0.99)
    tell('decision latency p99, real pods', `<= ${(decision * 1000).toFixed(0)} ms`, 'below 50 ms')
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

async function manyRuns(place: Place): Promise<void> {
  const operator = await startOperatorProcess(place, [
    '--max-pods',
    '2000',
    '--max-active-runs',
    '2000',
    '--max-active-runs-per-namespace',
    '2000',
  ])
  try {
    const text = noOutputs('single', ['only'])
    const startedAt = performance.now()
    const before = await countPhases(place)
    await inParallel(RUNS, 32, (index) => submit(place, text, { name: `many-${index}`, spec: SIMULATED }))
    tell(`${RUNS} one-step runs: all applied after`, seconds(performance.now() - startedAt))
    await until('all runs ended', async () => (await countPhases(place)).ended >= before.ended + RUNS, 600)
    const took = performance.now() - startedAt
    tell(`${RUNS} one-step runs on simulated nodes`, seconds(took), `${((RUNS / took) * 1000).toFixed(1)} runs/s`)
    const writes = await total(operator, 'kfp_ts_operator_api_writes_total')
    tell('API writes per run (pods, status, events)', (writes / RUNS).toFixed(2))
    tell('peak memory of the operator', await peakMemory(operator), 'at most 200 MB')
    const failed = (await countPhases(place)).failed - before.failed
    tell('runs that failed', String(failed), '0')
    await kube.deleteCollection(PIPELINE_RUNS, { namespace: place.namespace })
  } finally {
    await operator.kill()
  }
}

async function longLoop(place: Place): Promise<void> {
  const operator = await startOperatorProcess(place, ['--max-pods', '500', '--max-pods-per-run', '500'])
  try {
    const startedAt = performance.now()
    const run = await submit(place, loop(ITERATIONS), { name: 'loop', spec: { ...SIMULATED, podCleanup: 'AfterTask' } })
    const ended = await finished(place, run, 1800)
    tell(
      `one run with a loop of ${ITERATIONS} iterations: ${ended.status?.phase}`,
      seconds(performance.now() - startedAt),
    )
    tell('size of its resource', `${(JSON.stringify(ended).length / 1024).toFixed(1)} KB`, 'status below 64 KB')
    tell('peak memory of the operator', await peakMemory(operator))
    const decision = await quantile(operator, 'kfp_ts_operator_decision_seconds', 0.99)
    tell('decision latency p99 in the loop', `<= ${(decision * 1000).toFixed(0)} ms`, 'below 50 ms')
  } finally {
    await operator.kill()
  }
}

async function countPhases(place: Place): Promise<{ ended: number; failed: number }> {
  const counts = { ended: 0, failed: 0 }
  for (const { status } of await place.runs.list()) {
    if (status?.phase === 'Succeeded' || status?.phase === 'Failed') counts.ended++
    if (status?.phase === 'Failed') counts.failed++
  }
  return counts
}

async function inParallel(count: number, width: number, work: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

async function metricLines(
  { metricsUrl }: Pick<OperatorProcess, 'metricsUrl'>,
  name: string,
): Promise<{ labels: string; value: number }[]> {
  const text = await (await fetch(metricsUrl)).text()
  return [...text.matchAll(new RegExp(`^${name}(\\{.*\\})? (\\S+)$`, 'gm'))].map(([, labels = '', value]) => ({
    labels,
    value: Number(value),
  }))
}
async function total(operator: OperatorProcess, name: string): Promise<number> {
  return (await metricLines(operator, name)).reduce((sum, { value }) => sum + value, 0)
}
/** Upper bound of the bucket that holds the quantile, in seconds. */
async function quantile(operator: OperatorProcess, name: string, share: number): Promise<number> {
  const buckets = (await metricLines(operator, `${name}_bucket`)).map(({ labels, value }) => ({
    upTo: Number(/le="([^"]+)"/.exec(labels)?.[1]?.replace('+Inf', 'Infinity')),
    value,
  }))
  const all = buckets.at(-1)?.value ?? 0
  return buckets.find(({ value }) => value >= all * share)?.upTo ?? Number.NaN
}

async function peakMemory({ pid }: Pick<OperatorProcess, 'pid'>): Promise<string> {
  const kilobytes = Number(/VmHWM:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1])
  return `${(kilobytes / 1024).toFixed(0)} MB`
}

/** Steps one after the other, without outputs: a simulated kubelet writes none. */
function noOutputs(name: string, keys: readonly string[]): string {
  const tasks = keys.map((key, index) => {
    const dependentTasks = index > 0 ? { dependentTasks: [keys[index - 1]] } : {}
    return [
      key,
      { taskInfo: { name: key }, componentRef: { name: 'comp-step' }, cachingOptions: {}, ...dependentTasks },
    ]
  })
  return stringify({
    pipelineInfo: { name },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { 'exec-step': { container: { image: 'busybox:latest', command: ['true'] } } } },
    components: { 'comp-step': { executorLabel: 'exec-step' } },
    root: { dag: { tasks: Object.fromEntries(tasks) } },
  })
}

function loop(iterations: number): string {
  const item = 'pipelinechannel--loop-item-param-1'
  return stringify({
    pipelineInfo: { name: 'loop' },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: { 'exec-step': { container: { image: 'busybox:latest', command: ['true'] } } } },
    components: {
      'comp-step': { executorLabel: 'exec-step' },
      'comp-for-loop-2': {
        inputDefinitions: { parameters: { [item]: { parameterType: 'NUMBER_INTEGER' } } },
        dag: {
          tasks: { step: { taskInfo: { name: 'step' }, componentRef: { name: 'comp-step' }, cachingOptions: {} } },
        },
      },
    },
    root: {
      dag: {
        tasks: {
          'for-loop-2': {
            taskInfo: { name: 'for-loop-2' },
            componentRef: { name: 'comp-for-loop-2' },
            parameterIterator: {
              itemInput: item,
              items: { raw: JSON.stringify(Array.from({ length: iterations }, (_, index) => index)) },
            },
          },
        },
      },
    },
  })
}

await main()
