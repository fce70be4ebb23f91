/** A run that reuses what an earlier run finished: which steps run again and why; for random pipelines, that results stay what they are. */
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ExecutorSpec } from '../api/pipeline-spec.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { digestOf } from './digest.ts'
import { reusableResults, waitingReasons } from './index.ts'
import { randomFrom, randomPipeline } from './testing/random-pipeline.ts'
import { type AttemptAction, failWith, type Simulation, type StepEnd, simulate, succeed } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'

const resultsOf = ({ program, state }: Simulation) => reusableResults(program, state)
const started = ({ actions }: Simulation) =>
  actions.flatMap((action) => (action.kind === 'start-attempt' ? [action.task] : []))
const misses = ({ journal }: Simulation) =>
  journal.flatMap(({ event }) =>
    event.kind === 'reuse-answered' && !event.answer.hit ? [`${event.task}: ${event.answer.reason}`] : [],
  )

describe('a chain of steps', () => {
  const chain = (image = 'step', more: Partial<NonNullable<ExecutorSpec['container']>> = {}) =>
    pipelineOf({
      root: {
        inputDefinitions: { parameters: { x: { parameterType: 'NUMBER_INTEGER' } } },
        dag: {
          tasks: {
            load: taskOf('load', { x: '<- x' }),
            train: taskOf('train', { data: '<- load.out' }),
            test: taskOf('train', { data: '<- train.out' }, { retryPolicy: { maxRetryCount: 0 } }),
          },
        },
      },
      components: {
        load: leafOf({ x: 'NUMBER_INTEGER' }, { out: 'STRING' }),
        train: leafOf({ data: 'STRING' }, { out: 'STRING' }, 'train'),
      },
      executors: { train: { container: { image, ...more } } },
    })
  const failsIn = (name: string) => (action: AttemptAction) =>
    action.task === `root/${name}` ? failWith('application') : byContent(action)
  const failed = simulate(chain(), { arguments: { x: 1 }, behave: failsIn('test') })
  const again = (document: PipelineDocument, x = 1) =>
    simulate(document, { arguments: { x }, behave: byContent, reuse: resultsOf(failed) })

  test('only what failed runs', () => {
    const run = again(chain())
    expect(run.report.state).toBe('SUCCEEDED')
    expect(started(run)).toEqual(['root/test'])
    expect(run.report.tasks.map(({ state }) => state)).toEqual(['CACHED', 'CACHED', 'SUCCEEDED'])
    expect(misses(run)).toEqual(['root/test: it did not finish in run run one (FAILED)'])
  })

  test('a changed image runs the steps that have it, and says so', () => {
    const run = again(chain('step:2'))
    expect(started(run)).toEqual(['root/train', 'root/test'])
    expect(misses(run)[0]).toBe('root/train: changed since run run one: image')
    const [answer] = run.journal.flatMap(({ event }) =>
      event.kind === 'reuse-answered' && !event.answer.hit ? [event.answer] : [],
    )
    expect(answer!.changes).toEqual([{ part: 'image', before: 'step', now: 'step:2' }])
  })

  test('so does a changed environment or command', () => {
    expect(misses(again(chain('step', { env: [{ name: 'A', value: '1' }] })))[0]).toContain(': env')
    expect(misses(again(chain('step', { command: ['other'] })))[0]).toContain(': command')
  })

  test('an upstream step that runs again and gives the same lets the ones after it be reused', () => {
    const constant = (action: AttemptAction) => (action.task === 'root/load' ? succeed(action) : byContent(action))
    const first = simulate(chain(), { arguments: { x: 1 }, behave: constant })
    const second = simulate(chain(), { arguments: { x: 2 }, behave: constant, reuse: resultsOf(first) })
    expect(started(second)).toEqual(['root/load'])
    expect(misses(second)).toEqual(['root/load: changed since run run one: inputs.parameters.x'])
  })

  test('resources and retries are no content', () => {
    const bigger = chain('step', { resources: { resourceMemoryLimit: '8Gi' } })
    expect(started(again(bigger))).toEqual(['root/test'])
  })

  test('what was reused can be reused again', () => {
    const second = again(chain())
    const third = simulate(chain(), { arguments: { x: 1 }, behave: byContent, reuse: resultsOf(second) })
    expect(started(third)).toEqual([])
  })

  test('while the answer is owed, the run says what it waits for', () => {
    const { program, state } = failed
    const config = { ...state.config, reuse: { runId: 'a', runName: 'a' } }
    const node = { plan: 1, state: 'PENDING', phase: 'reuse' } as const
    const root = { plan: 0, state: 'RUNNING', open: 1, inputs: { parameters: { x: 1 }, artifacts: {} } } as const
    const asking = { ...state, config, state: 'RUNNING', tasks: { root, 'root/load': node } } as typeof state
    expect(waitingReasons(program, asking, 0)[0]).toMatchObject({ code: 'cache' })
  })
})

describe('equal steps', () => {
  const loop = (items: readonly string[]) =>
    pipelineOf({
      root: {
        dag: {
          tasks: {
            loop: {
              ...taskOf('c'),
              parameterIterator: { items: { raw: JSON.stringify(items) }, itemInput: 'item' },
            },
          },
        },
      },
      components: { c: leafOf({ item: 'STRING' }, { out: 'STRING' }) },
    })
  const reuse = (before: readonly string[], now: readonly string[]) =>
    simulate(loop(now), { behave: byContent, reuse: resultsOf(simulate(loop(before), { behave: byContent })) })

  test('a loop with another item in front runs that item', () => {
    expect(started(reuse(['a', 'b'], ['x', 'a', 'b']))).toEqual(['root/loop[0]'])
  })
  test('of several equal results at other places none is taken', () => {
    const run = reuse(['a', 'a'], ['a', 'a', 'a'])
    expect(started(run)).toEqual(['root/loop[2]'])
    expect(misses(run)[0]).toContain('2 results of this content')
  })
  test('a new iteration is compared with the first', () => {
    expect(misses(reuse(['a'], ['a', 'b']))).toEqual([
      'root/loop[1]: changed since run run one: inputs.parameters.item',
    ])
  })
})

test('exit tasks run always', () => {
  const document = pipelineOf({
    root: {
      dag: {
        tasks: {
          work: taskOf('c'),
          exit: taskOf(
            'c',
            {},
            {
              dependentTasks: ['work'],
              triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' },
            },
          ),
        },
      },
    },
    components: { c: leafOf() },
  })
  const first = simulate(document)
  expect(started(simulate(document, { reuse: resultsOf(first) }))).toEqual(['root/exit'])
})

test('a step on another claim is another step', () => {
  const on = (pvcName: string) =>
    pipelineOf({
      root: { dag: { tasks: { t: taskOf('c') } } },
      components: { c: leafOf() },
      platform: {
        platforms: {
          kubernetes: {
            deploymentSpec: { executors: { step: { pvcMount: [{ constant: pvcName, mountPath: '/d' }] } } },
          },
        },
      },
    })
  const first = simulate(on('one'))
  expect(started(simulate(on('one'), { reuse: resultsOf(first) }))).toEqual([])
  const other = simulate(on('two'), { reuse: resultsOf(first) })
  expect(misses(other)).toEqual(['root/t: changed since run run one: volumes'])
})

/** What a step gives depends on its command and inputs only; an exit task does not care whether what it cleans up after was reused. */
function byContent(action: AttemptAction): StepEnd {
  if (action.kind !== 'start-attempt') return succeed(action)
  const { command, executorInput, outputs } = action.launch
  const content = JSON.stringify([command.slice(0, 1), executorInput.inputs.parameterValues]).replaceAll(
    'CACHED',
    'COMPLETE',
  )
  const number = Number.parseInt(digestOf(content).slice(0, 8), 16)
  const parameters = Object.fromEntries(
    Object.entries(outputs.parameters).map(([name, { parameterType }]) => [
      name,
      parameterType === 'NUMBER_INTEGER' ? number % 7 : `value ${number}`,
    ]),
  )
  return {
    durationMillis: 1 + (number % 5000),
    result: { outcome: 'succeeded', outputs: { parameters, artifacts: {} } },
  }
}

describe('random pipelines', () => {
  const seeds = fc.record({ pipeline: fc.nat(), edit: fc.nat(), trouble: fc.nat(), parallelism: fc.nat(3) })

  /** One leaf component gets another command. */
  function edited(document: PipelineDocument, seed: number): PipelineDocument {
    const { components = {}, deploymentSpec } = document.spec
    const leaves = Object.keys(components).filter((name) => components[name]!.executorLabel !== undefined)
    const name = leaves[seed % (leaves.length + 1)]
    if (name === undefined) return document
    const executors = { ...deploymentSpec!.executors, edited: { container: { image: 'step', command: ['edited'] } } }
    return {
      spec: {
        ...document.spec,
        deploymentSpec: { executors },
        components: { ...components, [name]: { ...components[name]!, executorLabel: 'edited' } },
      },
    }
  }

  const outcome = ({ report: { state, outputs, tasks } }: Simulation) => ({
    state,
    outputs,
    tasks: tasks.map(({ path, outputs: own, state: word }) => ({
      path,
      outputs: own,
      ended: word === 'CACHED' ? 'SUCCEEDED' : word,
    })),
  })

  test('edited and resumed from wherever it stopped, a run ends as one that starts anew', { timeout: 120_000 }, () => {
    let saved = 0
    fc.assert(
      fc.property(seeds, fc.nat(20_000), ({ pipeline, edit, trouble, parallelism }, at) => {
        const document = randomPipeline(randomFrom(pipeline), { maxTasks: 3 })
        const cancel = { at, event: { kind: 'cancel-requested', reason: 'test' } as const }
        const config = { parallelism }
        const stopped = simulate(document, { behave: byContent, config, interventions: [cancel] })
        const now = edited(document, edit)
        const anew = simulate(now, { behave: byContent, config })
        const resumed = simulate(now, { behave: byContent, config, reuse: resultsOf(stopped) })
        expect(resumed.report.state).toBe(anew.report.state)
        // A failure stops what has not begun, and that depends on the order.
        if (anew.report.state !== 'SUCCEEDED') return
        expect(outcome(resumed)).toEqual(outcome(anew))
        expect(started(resumed).length).toBeLessThanOrEqual(started(anew).length)
        saved += started(anew).length - started(resumed).length
        const random = randomFrom(trouble)
        const wild = simulate(now, {
          behave: byContent,
          config,
          reuse: resultsOf(stopped),
          trouble: { random, shuffles: true, duplicates: 0.2, losses: 0.1, crashes: 0.1 },
        })
        expect(outcome(wild)).toEqual(outcome(anew))
      }),
      { numRuns: 300 },
    )
    expect(saved).toBeGreaterThan(300)
  })

  test('unchanged and finished, only what is about the run itself runs again', { timeout: 120_000 }, () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const document = randomPipeline(randomFrom(seed), { maxTasks: 3 })
        const first = simulate(document, { behave: byContent })
        const second = simulate(document, { behave: byContent, reuse: resultsOf(first) })
        if (first.report.state !== 'SUCCEEDED') return
        expect(outcome(second)).toEqual(outcome(first))
        const alwaysRuns = new Set(second.program.tasks.filter(({ runsAlways }) => runsAlways).map(({ key }) => key))
        for (const task of started(second))
          expect(task.split('/').some((word) => alwaysRuns.has(word.replace(/\[\d+\]$/, '')))).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
