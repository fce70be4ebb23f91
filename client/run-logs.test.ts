/** Logs that follow a run: new tasks and attempts as they start, steps that are not ready, pods that go, and the end. */
import { expect, test } from 'vitest'
import { KubeError } from './kube/transport.ts'
import { type LogSources, readRunLogs } from './run-logs.ts'
import type { PipelineRun, RunsClient } from './runs.ts'
import type { ServerApi } from './server-api.ts'
import type { TaskPod } from './task-pod.ts'

const refusal = (status: number) => new KubeError({ method: 'GET', path: '/log' }, { status, text: '{}' })

/** A run whose pods and end the test decides. */
function makeRun(phase: 'Running' | 'Failed' = 'Running') {
  const pods: TaskPod[] = []
  const texts = new Map<string, readonly (string | KubeError)[]>()
  let run: PipelineRun = { metadata: { name: 'r', namespace: 'ml', uid: 'u' }, spec: {}, status: { phase } }
  let tell: (pod: TaskPod) => void = () => {}
  let end: () => void = () => {}
  const ended = new Promise<void>((resolve) => (end = resolve))
  const runs = {
    namespace: 'ml',
    pods: async () => [...pods],
    followPods: async (_run: PipelineRun, onPod: (pod: TaskPod, gone: boolean) => void, signal: AbortSignal) => {
      tell = (pod) => onPod(pod, false)
      for (const pod of pods) tell(pod)
      await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
    },
    async *watch() {
      yield run
      await ended
      yield run
    },
    async *log(_run: PipelineRun, pod: string) {
      const [first, ...rest] = texts.get(pod) ?? []
      if (first instanceof KubeError) {
        texts.set(pod, rest)
        throw first
      }
      for (const text of texts.get(pod) ?? []) yield Buffer.from(String(text))
    },
  } as unknown as RunsClient
  return {
    runs,
    get run() {
      return run
    },
    start(path: string, attempt: number, state: string, ...written: (string | KubeError)[]) {
      const pod = {
        pod: `${path}-${attempt}`,
        path: `root/${path}`,
        attempt,
        phase: state,
        startTime: `t${pods.length}`,
      }
      pods.push(pod)
      texts.set(pod.pod, written)
      tell(pod)
    },
    made(count: number) {
      run = { ...run, status: { ...run.status, podsCreated: count } }
    },
    end(last: 'Succeeded' | 'Failed') {
      run = { ...run, status: { ...run.status, phase: last } }
      end()
    },
  }
}

const line = ({ task, attempt, text }: { task: string; attempt: number; text: string }) => `${task}#${attempt} ${text}`
async function read(sources: LogSources, run: PipelineRun, options: Parameters<typeof readRunLogs>[2] = {}) {
  const lines: string[] = []
  for await (const piece of readRunLogs(sources, run, options)) lines.push(line(piece))
  return lines
}

test('a run that is over is read once, in the order in which attempts started', async () => {
  const world = makeRun('Failed')
  world.start('a', 1, 'Succeeded', 'one', 'two')
  world.start('b', 1, 'Failed', 'no')
  world.start('b', 2, 'Failed', refusal(400))
  expect(await read(world, world.run, { follow: true })).toEqual(['root/a#1 one', 'root/a#1 two', 'root/b#1 no'])
  expect(await read(world, world.run, { task: 'b', attempt: 1 })).toEqual(['root/b#1 no'])
})

test('followed, new attempts come as they start, and it ends with the run', async () => {
  const world = makeRun()
  world.start('a', 1, 'Succeeded', 'done before')
  world.start('b', 1, 'Pending')
  const lines = read(world, world.run, { follow: true })
  await new Promise((resolve) => setImmediate(resolve))
  world.start('c', 1, 'Running', refusal(400), 'was not ready')
  world.start('c', 2, 'Running', 'again')
  world.end('Succeeded')
  expect(await lines).toEqual(expect.arrayContaining(['root/a#1 done before', 'root/c#2 again']))
})

test('a signal ends it', async () => {
  const world = makeRun()
  const control = new AbortController()
  const lines = read(world, world.run, { follow: true, signal: control.signal })
  setTimeout(() => control.abort(), 20)
  expect(await lines).toEqual([])
})

test('what no pod has is asked of the server, in its place in the order', async () => {
  const world = makeRun('Failed')
  world.start('b', 2, 'Failed', 'from the pod')
  world.made(3)
  const asked: string[] = []
  const task = { name: '', state: 'FAILED', cached: false } as const
  const server = {
    place: 'here',
    run: async () => ({
      runId: 'u',
      pipeline: 'p',
      state: 'FAILED',
      tasks: [
        { ...task, path: 'root/a', attempts: 1, startTime: 's' },
        { ...task, path: 'root/b', attempts: 2, startTime: 's' },
      ],
    }),
    log: async (_run: string, path: string, attempt?: number) => {
      asked.push(`${path}#${attempt}`)
      return (async function* () {
        yield Buffer.from('kept')
      })()
    },
  } as unknown as ServerApi
  expect(await read({ ...world, server }, world.run)).toEqual([
    'root/a#1 kept',
    'root/b#1 kept',
    'root/b#2 from the pod',
  ])
  expect(asked).toEqual(['root/a#1', 'root/b#1'])
})

test('a letter that is cut between two pieces stays whole', async () => {
  const world = makeRun('Failed')
  const [first, second] = [Buffer.from('ü').subarray(0, 1), Buffer.from('ü').subarray(1)]
  const runs = {
    ...world.runs,
    async *log() {
      yield first
      yield second
    },
  } as unknown as RunsClient
  world.start('a', 1, 'Succeeded', '')
  expect(await read({ runs }, world.run)).toEqual(['root/a#1 ü'])
})

test('without a server it is told how many are missing, and why', async () => {
  const world = makeRun('Failed')
  world.made(2)
  const missing: unknown[] = []
  await read({ runs: world.runs, onMissing: (one) => missing.push(one) }, world.run)
  expect(missing).toEqual([{ attempts: 2, reason: 'no server was named' }])
})
