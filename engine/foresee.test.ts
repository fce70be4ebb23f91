/** What `--dry-run` says: for a retry, for an edited pipeline, for a new run with a cache; and that a dry run does not lie. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Ask, begin, findReusable, foresee, prepare, type ReusableResults, reusableResults } from './index.ts'
import { randomFrom, randomPipeline } from './testing/random-pipeline.ts'
import {
  type AttemptAction,
  failWith,
  replay,
  type Simulation,
  simulate,
  succeed,
  TEST_CONFIG,
} from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { CacheAnswer, RunConfig } from './types.ts'

const ask =
  (reuse?: ReusableResults, cache: (key: string) => CacheAnswer | undefined = () => undefined): Ask =>
  async (action) => {
    if (action.kind === 'find-reusable') {
      const { task, contentKey } = action
      return { kind: 'reuse-answered', task, answer: findReusable(reuse!, task, contentKey) }
    }
    const answer = action.kind === 'look-up-cache' ? cache(action.cacheKey.key) : undefined
    return answer && action.kind === 'look-up-cache' ? { kind: 'cache-answered', task: action.task, answer } : undefined
  }
const lines = (tasks: Awaited<ReturnType<typeof foresee>>) =>
  tasks.map(({ task, decision, reason }) => `${task.replace('root/', '')}: ${decision}, ${reason}`)

const failsIn = (name: string) => (action: AttemptAction) =>
  action.task === `root/${name}` ? failWith('application', 'no luck') : succeed(action)
const config: RunConfig = { ...TEST_CONFIG, arguments: {} }
const c = leafOf({ in: 'STRING?' }, { out: 'STRING' })

const document = (image = 'step') =>
  pipelineOf({
    root: {
      dag: {
        tasks: {
          a: taskOf('c'),
          b: taskOf('d', { in: '<- a.out' }),
          e: taskOf('c', { in: '<- b.out' }),
          group: { ...taskOf('g'), dependentTasks: ['e'] },
          exit: {
            ...taskOf('c'),
            dependentTasks: ['group'],
            triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' },
          },
        },
      },
    },
    components: {
      c,
      d: leafOf({ in: 'STRING?' }, { out: 'STRING' }, 'other'),
      g: {
        dag: {
          tasks: {
            inner: { ...taskOf('c'), parameterIterator: { items: { raw: '["1","2"]' }, itemInput: 'in' } },
          },
        },
      },
    },
    executors: { other: { container: { image } } },
  })

const retryOf = ({ program, state, now }: Simulation) =>
  foresee(program, state, { kind: 'retry-requested' }, ask(), now)

describe('a retry', () => {
  test('keeps what finished and runs what failed and what comes after it', async () => {
    const run = simulate(document(), { behave: failsIn('b') })
    expect(lines(await retryOf(run))).toEqual([
      'a: keep, it finished',
      'b: run, it failed (application): no luck',
      'e: run, it was never started; b runs first',
      'group/inner[*]: run, it was never started; e runs first',
      'exit: run, group runs again, and its output may change',
    ])
  })

  test('an interrupted run goes on with what it was at', async () => {
    const { program, journal } = simulate(document())
    const cut = journal.findIndex(({ event }) => event.kind === 'attempt-finished' && event.task === 'root/b')
    const state = replay(program, TEST_CONFIG, journal.slice(0, cut))
    expect(lines(await foresee(program, state, { kind: 'clock' }, ask(), 5000)).slice(0, 3)).toEqual([
      'a: keep, it finished',
      'b: run, it was running when the run stopped',
      'e: run, it was never started; b runs first',
    ])
  })
})

test('an edited pipeline: what changed runs, what comes after it depends', async () => {
  const { program, state } = simulate(document())
  const reuse = reusableResults(program, state)
  const edited = prepare(document('other:2'))
  const start = begin(edited, { ...config, reuse: { runId: reuse.runId, runName: 'first' } })
  const tasks = await foresee(edited, start, { kind: 'started' }, ask(reuse), 0)
  expect(lines(tasks)).toEqual([
    'a: reuse, nothing of it changed since run first',
    'b: run, changed since run run one: image',
    'e: depends, b runs first; it runs unless its inputs are those of an earlier result',
    'group/inner[*]: depends, e runs first; it runs unless its inputs are those of an earlier result',
    'exit: run, group runs first',
  ])
  expect(tasks[1]!.changes).toEqual([{ part: 'image', before: 'step', now: 'other:2' }])
})

test('a new run: what the cache has, what it has not, and what nobody can know', async () => {
  const cached = (raw: object) => ({ ...raw, cachingOptions: { enableCache: true } })
  const program = prepare(
    pipelineOf({
      root: {
        dag: { tasks: { a: cached(taskOf('c')), b: cached(taskOf('c', { in: '<- a.out' })), off: taskOf('c') } },
      } as never,
      components: { c },
    }),
  )
  const outputs = { parameters: { out: 'x' }, artifacts: {} }
  const hit: CacheAnswer = { hit: true, outputs, sourceRunId: 'r0', sourceTask: 'root/old' }
  let asked = 0
  const first = ask(undefined, () => (asked++ === 0 ? hit : { hit: false, reason: 'no earlier result has this key' }))
  expect(lines(await foresee(program, begin(program, config), { kind: 'started' }, first, 0))).toEqual([
    'a: cache, the same was done in run r0 (as old)',
    'b: run, no earlier result has this key',
    'off: run, the pipeline does not cache it',
  ])
  expect(lines(await foresee(program, begin(program, config), { kind: 'started' }, ask(), 0))[0]).toBe(
    'a: depends, it runs unless the cache has its result, which is not known here',
  )
})

describe('random pipelines', () => {
  test('what a dry run of a retry keeps is kept, and what it runs is run', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), fc.nat(15_000), async (seed, at) => {
        const pipeline = randomPipeline(randomFrom(seed), { maxTasks: 3 })
        const cancel = { at, event: { kind: 'cancel-requested', reason: 'test' } as const }
        const stopped = simulate(pipeline, { interventions: [cancel] })
        if (stopped.report.state === 'SUCCEEDED') return
        const retry = { at: 1_000_000, event: { kind: 'retry-requested' } as const }
        const retried = simulate(pipeline, { interventions: [cancel, retry] })
        const again = new Set(
          retried.journal.flatMap(({ at: when, event }) =>
            event.kind === 'attempt-finished' && when >= 1_000_000 ? [event.task] : [],
          ),
        )
        for (const { task, decision } of await retryOf(stopped)) {
          if (decision === 'keep') expect(again.has(task)).toBe(false)
          if (decision === 'run' && !task.includes('[*]') && retried.report.state === 'SUCCEEDED') {
            const { state } = retried.report.tasks.find(({ path }) => path === task) ?? { state: 'SKIPPED' }
            expect(again.has(task) || state === 'SKIPPED').toBe(true)
          }
        }
      }),
      { numRuns: 300 },
    )
  })
})
