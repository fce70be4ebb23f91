/** One row a rule of order and failure: a graph, which steps fail, and how every task ends. */
import { describe, expect, test } from 'vitest'
import type { PipelineTaskSpec } from '../api/pipeline-spec.ts'
import { failWith, type Simulation, simulate, succeed } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'

const ALWAYS = { triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' } } as const
const step = (more: Partial<PipelineTaskSpec> = {}) => taskOf('leaf', {}, more)
const after = (...dependentTasks: string[]) => ({ dependentTasks })
const when = (condition: string) => ({ triggerPolicy: { condition } })
const components = {
  leaf: leafOf(),
  two: { dag: { tasks: { one: step(), two: step(after('one')) } } },
  maybe: { dag: { tasks: { inner: step(when('1 > 2')), next: step(after('inner')) } } },
  empty: { dag: { tasks: {} } },
  item: {
    inputDefinitions: { parameters: { i: { parameterType: 'NUMBER_INTEGER' } } },
    dag: { tasks: { work: step() } },
  },
} as const
const loop = (raw: string, limit?: number): PipelineTaskSpec => ({
  componentRef: { name: 'item' },
  parameterIterator: { itemInput: 'i', items: { raw } },
  ...(limit === undefined ? {} : { iteratorPolicy: { parallelismLimit: limit } }),
})
const nested = (name: string, more: Partial<PipelineTaskSpec> = {}) => ({ componentRef: { name }, ...more })

type Row = readonly [rule: string, tasks: Record<string, PipelineTaskSpec>, failing: readonly string[], ends: string]

const ROWS: readonly Row[] = [
  ['tasks in a row', { a: step(), b: step(after('a')) }, [], 'SUCCEEDED a=SUCCEEDED b=SUCCEEDED'],
  ['what depends on a failure is not run', { a: step(), b: step(after('a')) }, ['a'], 'FAILED a=FAILED b=SKIPPED'],
  ['a condition that is false skips', { a: step(when('1 > 2')) }, [], 'SUCCEEDED a=SKIPPED'],
  [
    'what follows a skip is skipped',
    { a: step(when('1 > 2')), b: step(after('a')), c: step(after('b')) },
    [],
    'SUCCEEDED a=SKIPPED b=SKIPPED c=SKIPPED',
  ],
  ['a condition that makes no sense fails', { a: step(when("1 > 'x'")) }, [], 'FAILED a=FAILED'],
  [
    'a condition that could hold up every other run fails',
    { a: step(when("'x'.matches('(x+)+')")) },
    [],
    'FAILED a=FAILED',
  ],
  ['a condition that is no boolean fails', { a: step(when('1 + 1')) }, [], 'FAILED a=FAILED'],
  [
    'running siblings of a failure finish, new ones do not start',
    { a: step(), slow: step(), z: step(after('slow')) },
    ['a'],
    'FAILED a=FAILED slow=SUCCEEDED z=SKIPPED',
  ],
  [
    'an exit task runs after success',
    { a: step(), exit: step({ ...after('a'), ...ALWAYS }) },
    [],
    'SUCCEEDED a=SUCCEEDED exit=SUCCEEDED',
  ],
  [
    'an exit task runs after failure, and the run has failed',
    { a: step(), exit: step({ ...after('a'), ...ALWAYS }) },
    ['a'],
    'FAILED a=FAILED exit=SUCCEEDED',
  ],
  [
    'an exit task runs after a skip',
    { a: step(when('false')), exit: step({ ...after('a'), ...ALWAYS }) },
    [],
    'SUCCEEDED a=SKIPPED exit=SUCCEEDED',
  ],
  [
    'an exit task waits for all',
    { a: step(), slow: step(), exit: step({ ...after('a', 'slow'), ...ALWAYS }) },
    ['a'],
    'FAILED a=FAILED slow=SUCCEEDED exit=SUCCEEDED',
  ],
  [
    'nothing new follows an exit task once something failed',
    { a: step(), exit: step({ ...after('a'), ...ALWAYS }), z: step(after('exit')) },
    ['a'],
    'FAILED a=FAILED exit=SUCCEEDED z=SKIPPED',
  ],
  [
    'a graph succeeds with its tasks',
    { g: nested('two') },
    [],
    'SUCCEEDED g=SUCCEEDED g/one=SUCCEEDED g/two=SUCCEEDED',
  ],
  [
    'a graph fails with a task',
    { g: nested('two'), z: step(after('g')) },
    ['g/one'],
    'FAILED g=FAILED g/one=FAILED g/two=SKIPPED z=SKIPPED',
  ],
  [
    'a graph of skipped tasks succeeds',
    { g: nested('maybe'), z: step(after('g')) },
    [],
    'SUCCEEDED g=SUCCEEDED g/inner=SKIPPED g/next=SKIPPED z=SUCCEEDED',
  ],
  ['an empty graph succeeds', { g: nested('empty'), z: step(after('g')) }, [], 'SUCCEEDED g=SUCCEEDED z=SUCCEEDED'],
  ['tasks of a skipped graph never exist', { g: nested('two', when('false')) }, [], 'SUCCEEDED g=SKIPPED'],
  [
    'a failure in one graph does not stop another that runs',
    { a: step(), g: nested('two') },
    ['a'],
    'FAILED a=FAILED g=SUCCEEDED g/one=SUCCEEDED g/two=SUCCEEDED',
  ],
  ['a loop runs each item', { l: loop('[1, 2]') }, [], 'SUCCEEDED l=SUCCEEDED l[0]/work=SUCCEEDED l[1]/work=SUCCEEDED'],
  ['a loop over nothing succeeds', { l: loop('[]'), z: step(after('l')) }, [], 'SUCCEEDED l=SUCCEEDED z=SUCCEEDED'],
  [
    'a failed iteration fails the loop; iterations that run finish',
    { l: loop('[1, 2]') },
    ['l[0]/work'],
    'FAILED l=FAILED l[0]/work=FAILED l[1]/work=SUCCEEDED',
  ],
  [
    'iterations that have not begun are not started after a failure',
    { l: loop('[1, 2, 3]', 1) },
    ['l[0]/work'],
    'FAILED l=FAILED l[0]/work=FAILED',
  ],
]

/** Short form of how everything ended. */
function ends({ report }: Simulation): string {
  const tasks = report.tasks.map(({ path, state }) => `${path.slice('root/'.length)}=${state}`)
  return [report.state, ...tasks].join(' ')
}

function failing(paths: readonly string[]) {
  return (action: Parameters<typeof succeed>[0]) =>
    paths.some((path) => action.task === `root/${path}`)
      ? { ...failWith('application'), durationMillis: 10 }
      : { ...succeed(action), durationMillis: action.task.includes('slow') ? 500 : 100 }
}

describe('order and failure', () => {
  test.each(ROWS)('%s', (_rule, tasks, paths, expected) => {
    expect(ends(simulate(pipelineOf({ root: { dag: { tasks } }, components }), { behave: failing(paths) }))).toBe(
      expected,
    )
  })

  test('with few places, iterations that no step began are not started after a failure', () => {
    const document = pipelineOf({ root: { dag: { tasks: { l: loop('[1, 2, 3]') } } }, components })
    const run = simulate(document, { behave: failing(['l[0]/work']), config: { parallelism: 1 } })
    expect(ends(run)).toBe('FAILED l=FAILED l[0]/work=FAILED l[1]/work=SKIPPED l[2]/work=SKIPPED')
    expect(run.actions.filter(({ kind }) => kind === 'start-attempt')).toHaveLength(1)
  })

  test('the limit of a loop and of the run bound what is in flight', () => {
    const document = pipelineOf({ root: { dag: { tasks: { l: loop('[1, 2, 3, 4, 5]', 2) } } }, components })
    expect(simulate(document).mostInFlight).toBe(2)
    const unlimited = pipelineOf({ root: { dag: { tasks: { l: loop('[1, 2, 3, 4, 5]') } } }, components })
    expect(simulate(unlimited).mostInFlight).toBe(5)
    expect(simulate(unlimited, { config: { parallelism: 3 } }).mostInFlight).toBe(3)
  })

  test('the error of a run names the task that it started with', () => {
    const document = pipelineOf({ root: { dag: { tasks: { g: nested('two') } } }, components })
    const { report } = simulate(document, { behave: failing(['g/one']) })
    expect(report.error).toEqual({ code: 'application', message: 'it failed', task: 'root/g/one' })
    expect(report.tasks.find(({ path }) => path === 'root/g')?.error?.task).toBe('root/g/one')
  })

  test('a long chain of nested pipelines needs no stack', () => {
    const depth = 1000
    const chain = Object.fromEntries(
      Array.from({ length: depth }, (_, index) => [
        `c${index}`,
        { dag: { tasks: { t: nested(index === depth - 1 ? 'leaf' : `c${index + 1}`) } } },
      ]),
    )
    const document = pipelineOf({
      root: { dag: { tasks: { t: nested('c0') } } },
      components: { ...components, ...chain },
    })
    expect(simulate(document).report.state).toBe('SUCCEEDED')
  })
})
