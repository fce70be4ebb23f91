/** The line of runs in virtual time. */
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { PipelineRunStatus } from '../api/pipeline-run.ts'
import { createRunQueue, type RunQueueOptions } from './run-queue.ts'
import type { RunView } from './run-view.ts'
import { DEFAULT_LIMITS, type Limits } from './settings.ts'

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
})
afterEach(() => {
  vi.useRealTimers()
})

const view = (name: string, change: Partial<RunView> = {}): RunView => ({
  key: `team/${name}`,
  namespace: 'team',
  name,
  uid: name,
  runId: name,
  displayName: name,
  generation: 1,
  createdAt: 0,
  deleting: false,
  finalizers: [],
  retriesDone: 0,
  retryCount: 0,
  suspend: false,
  cancel: false,
  priority: 0,
  deletesArtifacts: false,
  ...change,
})

/** @param refusals of the first statuses */
function make(limits: Partial<Limits>, refusals = 0) {
  const widths = new Map<string, number>()
  const semaphores: RunQueueOptions['semaphores'] = {
    limitOf: (namespace, key) => {
      const width = widths.get(`${namespace}/${key}`)
      return width === undefined ? `no limit of "${key}"` : { width, name: `the semaphore "${key}"` }
    },
    onChange: () => {},
  }
  const setSemaphore = (namespace: string, key: string, width: number): void => {
    widths.set(`${namespace}/${key}`, width)
    semaphores.onChange(namespace)
  }
  const started: string[] = []
  const written: { run: string; status: PipelineRunStatus }[] = []
  const queue = createRunQueue({
    limits: { ...DEFAULT_LIMITS, ...limits },
    semaphores,
    now: Date.now,
    start: ({ name }) => started.push(name),
    write: async ({ name }, status) => {
      if (refusals-- > 0) throw new Error('the API server refuses it')
      written.push({ run: name, status })
    },
    onTrouble: () => {},
  })
  queue.open()
  const messageOf = (run: string) => written.findLast((one) => one.run === run)?.status.message
  return { queue, started, written, messageOf, setSemaphore }
}
const pass = (millis: number) => vi.advanceTimersByTimeAsync(millis)

test('starts runs of the same second in the order in which they came', async () => {
  const { queue, started } = make({ activeRuns: 1 })
  for (const name of ['first', 'second', 'at-last']) queue.offer(view(name))
  for (const name of ['first', 'second']) {
    await pass(100)
    queue.leave(name)
  }
  await pass(100)
  expect(started).toEqual(['first', 'second', 'at-last'])
})

test('starts higher priorities first, then older runs', async () => {
  const { queue, started } = make({ activeRuns: 2 })
  queue.offer(view('late', { createdAt: 2 }))
  queue.offer(view('early', { createdAt: 1 }))
  queue.offer(view('urgent', { createdAt: 3, priority: 5 }))
  await pass(100)
  expect(started).toEqual(['urgent', 'early'])
  queue.leave('early')
  await pass(100)
  expect(started).toEqual(['urgent', 'early', 'late'])
})

test.each([
  ['cluster', { activeRuns: 1 }, {}, /limit of 1 active runs \(--max-active-runs\) is reached/],
  ['namespace', { activeRunsPerNamespace: 1 }, {}, /limit of 1 active runs in namespace "team" is reached/],
  ['pipeline', { activeRunsPerPipeline: 1 }, { pipeline: 'p' }, /limit of 1 active runs of pipeline "p" is reached/],
  [
    'pool',
    { pools: { gpu: 3 } },
    { pool: 'gpu', poolWeight: 2 },
    /pool "gpu" is full: 2 of 3 are taken, and it takes 2/,
  ],
  ['missing pool', { pools: { cpu: 1 } }, { pool: 'gpu' }, /no pool "gpu": it has "cpu"/],
])('says in its status which limit holds a run: %s', async (_name, limits, change, reason) => {
  const { queue, started, messageOf } = make(limits)
  queue.offer(view('first', change))
  queue.offer(view('second', change))
  await pass(10_000)
  expect(started).not.toContain('second')
  expect(messageOf('second')).toMatch(reason)
})

test('a changed place is told, seldom, and not at every step for those far behind', async () => {
  const { queue, started, written, messageOf } = make({ activeRuns: 1 })
  for (let index = 0; index < 150; index++) queue.offer(view(`r${index}`, { createdAt: index }))
  await pass(5_000)
  expect(messageOf('r1')).toMatch(/it is the next one$/)
  expect(messageOf('r140')).toMatch(/at least 100 runs are before it$/)
  expect(written).toHaveLength(149)
  for (const run of ['r0', 'r1', 'r2', 'r3']) {
    queue.leave(run)
    await pass(3_000)
  }
  expect(started).toEqual(['r0', 'r1', 'r2', 'r3', 'r4'])
  await pass(10_000)
  expect(messageOf('r6')).toMatch(/1 run is before it$/)
  expect(written.filter(({ run }) => run === 'r140')).toHaveLength(1)
})

test('ten thousand runs are told of a few at a time, the front first', async () => {
  const { queue, written } = make({ activeRuns: 1 })
  for (let index = 0; index < 10_000; index++) queue.offer(view(`r${index}`, { createdAt: index }))
  await pass(4_000)
  expect(written.length).toBeGreaterThan(100)
  expect(written.length).toBeLessThan(500)
  expect(written[0]?.run).toBe('r1')
  queue.stop()
})

test('news of its own status leaves a run where it is', async () => {
  const { queue, written } = make({ activeRuns: 0 })
  queue.offer(view('x', { suspend: true }))
  for (let echo = 0; echo < 5; echo++) queue.offer(view('x', { suspend: true, phase: 'Paused' }))
  await pass(20_000)
  expect(written).toHaveLength(1)
  expect(written[0]?.status).toMatchObject({ phase: 'Paused', reason: 'Suspended' })
})

test('a status that was refused is sent again, unless the run went on meanwhile', async () => {
  const { queue, started, written } = make({}, 3)
  queue.offer(view('canceled', { cancel: true }))
  queue.offer(view('paused', { suspend: true }))
  queue.offer(view('resumed', { suspend: true }))
  await pass(1_000)
  expect(written).toEqual([])
  queue.offer(view('resumed', { generation: 2 }))
  await pass(20_000)
  expect(started).toEqual(['resumed'])
  expect(written.map(({ run, status }) => `${run} ${status.phase}`)).toEqual(['canceled Canceled', 'paused Paused'])
})

test('a run that waits too long ends, and one that is canceled too', async () => {
  const { queue, started, written } = make({ activeRuns: 0 })
  queue.offer(view('late', { createdAt: Date.now(), queueSeconds: 30 }))
  queue.offer(view('canceled', { cancel: true }))
  await pass(31_000)
  expect(started).toEqual([])
  const last = (run: string) => written.findLast((one) => one.run === run)?.status
  expect(last('late')).toMatchObject({ phase: 'Failed', reason: 'QueueTimeout' })
  expect(last('canceled')).toMatchObject({ phase: 'Canceled', reason: 'Canceled' })
  expect(queue.size).toBe(0)
})

test('who ended in line and is tried again waits its time once more', async () => {
  const { queue, written } = make({ activeRuns: 0 })
  const late = { createdAt: 0, completedAt: 30_000, queueSeconds: 30, retryCount: 1 }
  queue.offer(view('late', { ...late, phase: 'Failed' }))
  await pass(29_000)
  expect(written.at(-1)?.status).toMatchObject({ phase: 'Queued' })
  expect(written.at(-1)?.status.retryCount).toBeUndefined()
  await pass(2_000)
  expect(written.at(-1)?.status).toMatchObject({ phase: 'Failed', reason: 'QueueTimeout', retryCount: 1 })
})

test('a limit of a month is a month', async () => {
  const { queue, written } = make({ activeRuns: 0 })
  const [days, day] = [30, 86_400]
  await pass(100)
  queue.offer(view('patient', { createdAt: Date.now(), queueSeconds: days * day, suspend: true }))
  await pass((days * day - 1) * 1000)
  expect(written.at(-1)?.status).toMatchObject({ phase: 'Paused' })
  await pass(1000)
  expect(written.at(-1)?.status).toMatchObject({ phase: 'Failed', reason: 'QueueTimeout' })
})

describe('a mutex', () => {
  const locks = { mutexName: 'model' }

  test('lets one run at a time go, and names the one that holds it', async () => {
    const { queue, started, messageOf } = make({})
    const [a, b] = [view('a', { createdAt: 1 }), view('b', { createdAt: 2 })]
    queue.offer(a)
    queue.offer(b)
    await pass(100)
    // Their pipelines are read once they have a place; then each goes back in line for the mutex.
    expect([queue.lock(a, locks), queue.lock(b, locks)]).toEqual([false, false])
    await pass(100)
    expect(started).toEqual(['a', 'b', 'a'])
    expect(queue.lock(a, locks)).toBe(true)
    await pass(5_000)
    expect(messageOf('b')).toBe('run "a" holds the mutex "model"; it is the next one')
    queue.leave('a')
    await pass(100)
    expect(started.at(-1)).toBe('b')
    expect(queue.lock(b, locks)).toBe(true)
  })

  test('is held by a run that goes on after a restart before anybody else may ask', async () => {
    const { queue, started } = make({})
    const [old, fresh] = [view('old', { phase: 'Running', startedAt: 1 }), view('fresh')]
    queue.resume(old)
    queue.offer(fresh)
    await pass(100)
    expect(queue.lock(fresh, locks)).toBe(false)
    await pass(1_000)
    expect(started).toEqual(['old', 'fresh'])
    queue.relock(old, locks)
    await pass(1_000)
    expect(started).toEqual(['old', 'fresh'])
    queue.leave('old')
    await pass(1_000)
    expect(started).toEqual(['old', 'fresh', 'fresh'])
  })
})

describe('a semaphore', () => {
  const locks = { semaphoreKey: 'gpu' }
  /** Runs whose pipelines were read and ask for the semaphore. */
  async function ask(queue: ReturnType<typeof make>['queue'], views: readonly RunView[]): Promise<void> {
    for (const one of views) queue.offer(one)
    await pass(100)
    for (const one of views) expect(queue.lock(one, locks)).toBe(false)
    await pass(3_000)
  }

  test('is held until its limit is known, says why, and follows the limit', async () => {
    const { queue, started, messageOf, setSemaphore } = make({})
    await ask(
      queue,
      ['a', 'b', 'c'].map((name, createdAt) => view(name, { createdAt })),
    )
    expect(started).toEqual(['a', 'b', 'c'])
    expect(messageOf('a')).toBe('no limit of "gpu"; it is the next one')
    setSemaphore('another', 'gpu', 3)
    setSemaphore('team', 'gpu', 1)
    await pass(100)
    expect(started.slice(3)).toEqual(['a'])
    await pass(15_000)
    expect(messageOf('b')).toBe('the semaphore "gpu" is full: 1 of 1 are taken; it is the next one')
    setSemaphore('team', 'gpu', 2)
    await pass(100)
    expect(started.slice(3)).toEqual(['a', 'b'])
    queue.leave('a')
    await pass(100)
    expect(started.slice(3)).toEqual(['a', 'b', 'c'])
  })

  test('is given in the order of the runs, whichever pipeline was read first', async () => {
    const { queue, started, setSemaphore } = make({})
    const [a, b] = [view('a'), view('b')]
    for (const one of [a, b]) queue.offer(one)
    await pass(100)
    for (const one of [b, a]) expect(queue.lock(one, locks)).toBe(false)
    setSemaphore('team', 'gpu', 1)
    await pass(100)
    expect(started).toEqual(['a', 'b', 'a'])
  })

  test('that is a pool of the operator is that, whatever a ConfigMap says', async () => {
    const { queue, started, messageOf, setSemaphore } = make({ pools: { gpu: 1 } })
    setSemaphore('team', 'gpu', 9)
    await ask(queue, [view('a', { createdAt: 1 }), view('b', { createdAt: 2 })])
    expect(started).toEqual(['a', 'b', 'a'])
    await pass(3_000)
    expect(messageOf('b')).toBe('the pool "gpu" is full: 1 of 1 are taken; it is the next one')
  })
})
