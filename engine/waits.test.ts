/** Tasks that wait without a pod: what starts and ends them, in virtual time; and what of a sight is enough. */
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../api/json.ts'
import type { PipelineTaskSpec } from '../api/pipeline-spec.ts'
import type { Sight, WaitKind } from '../api/wait.ts'
import { advance, begin, judgeWait, pendingActions, prepare, report, waitingReasons } from './index.ts'
import { type SimulationOptions, simulate, TEST_CONFIG } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { Action, RunEvent, Wait } from './types.ts'

const HOUR = 3_600_000
const TYPES = { string: 'STRING', number: 'NUMBER_DOUBLE', boolean: 'BOOLEAN' } as const

function typesOf(values: Readonly<Record<string, JsonValue>>) {
  const entries = Object.entries(values).map(([name, value]) => {
    const type = Array.isArray(value) ? 'LIST' : (TYPES[typeof value as keyof typeof TYPES] ?? 'STRUCT')
    return [name, type] as const
  })
  return Object.fromEntries(entries)
}

/** `wait`, and a step `next` after it. */
function waiting(kind: WaitKind, values: Readonly<Record<string, JsonValue>>, more: Partial<PipelineTaskSpec> = {}) {
  const outputs = { time: { time: 'STRING' }, http: { status: 'NUMBER_INTEGER' } }[kind as string] ?? {}
  return pipelineOf({
    executors: { w: { container: { image: 'kfp-ts/wait', args: [kind] } } },
    components: { w: leafOf(typesOf(values), outputs as never, 'w'), c: leafOf() },
    root: { dag: { tasks: { wait: taskOf('w', values, more), next: taskOf('c', {}, { dependentTasks: ['wait'] }) } } },
  })
}

const run = (
  kind: WaitKind,
  values: Readonly<Record<string, JsonValue>>,
  options: SimulationOptions = {},
  more: Partial<PipelineTaskSpec> = {},
) => simulate(waiting(kind, values, more), options)
const taskIn = ({ report }: { report: ReturnType<typeof simulate>['report'] }, key: string) =>
  report.tasks.find(({ path }) => path === `root/${key}`)!
const never = { behave: (action: { kind: string }) => (action.kind === 'wait-for' ? lateEnd : soonEnd) }
const lateEnd = {
  durationMillis: 1000 * HOUR,
  result: { outcome: 'succeeded', outputs: { parameters: {}, artifacts: {} } },
} as const
const soonEnd = { ...lateEnd, durationMillis: 1000 }
const waitFailure = (message: string) =>
  ({ result: { outcome: 'failed', failure: { cause: 'application', message } } }) as const

describe('a wait for a time', () => {
  test('ends by the clock: no executor hears of it, and what comes after starts then', () => {
    const { actions, now, report } = run('time', { at: '1970-01-01T02:00:00Z', after_seconds: 1800 })
    expect(actions.filter(({ kind }) => kind !== 'wake-at').map(({ kind }) => kind)).toEqual(['start-attempt'])
    expect(taskIn({ report }, 'wait')).toMatchObject({
      state: 'SUCCEEDED',
      attempts: 1,
      outputs: { parameters: { time: '1970-01-01T02:30:00.000Z' } },
    })
    expect(now).toBe(2.5 * HOUR + 1000)
  })

  test('that is past is over at once', () => {
    expect(run('time', { at: '1969-12-31' }).now).toBe(1000)
  })

  test('counts from its own start, also in a loop, and iterations wait side by side', () => {
    const values = { after_seconds: 60 }
    const loop = pipelineOf({
      executors: { w: { container: { image: 'kfp-ts/wait', args: ['time'] } } },
      components: {
        w: leafOf(typesOf(values), {}, 'w'),
        body: { dag: { tasks: { wait: taskOf('w', values) } } },
      },
      root: {
        dag: {
          tasks: { loop: taskOf('body', {}, { parameterIterator: { itemInput: 'i', items: { raw: '[1,2,3]' } } }) },
        },
      },
    })
    const { now, report } = simulate(loop, { config: { parallelism: 1 } })
    expect([report.state, now]).toEqual(['SUCCEEDED', 60_000])
  })

  test.each([
    ['fail', 'FAILED', 'FAILED', 'timeout'],
    ['skip', 'SUCCEEDED', 'SKIPPED', 'timeout'],
  ])('that may not wait so long: %s', (onTimeout, runState, taskState, code) => {
    const simulation = run('time', { after_seconds: 3600, timeout_seconds: 60, on_timeout: onTimeout })
    expect([simulation.report.state, simulation.now]).toEqual([runState, 60_000])
    const { state, error } = taskIn(simulation, 'wait')
    expect([state, error?.code]).toEqual([taskState, code])
    expect(error?.message).toMatch(/^it waited longer than 60 s; last seen: it is to wait until 1970-01-01T01/)
    expect(taskIn(simulation, 'next').state).toBe('SKIPPED')
  })

  test('is canceled with its run', () => {
    const cancel = { at: HOUR, event: { kind: 'cancel-requested', reason: 'enough' } as const }
    const { report, now } = run('time', { after_seconds: 7200 }, { interventions: [cancel] })
    expect([report.state, now]).toEqual(['CANCELED', HOUR])
  })
})

describe('other waits', () => {
  const url = 'http://example.test/x?token=1'

  test('are one action with a request that is read and complete', () => {
    const { actions } = run('http', { url, status: [200, 204], until: 'json.a > 1', every_seconds: 5 })
    const [action] = actions.filter(({ kind }) => kind === 'wait-for')
    expect(action).toMatchObject({
      task: 'root/wait',
      attempt: 1,
      wait: {
        request: {
          kind: 'http',
          url,
          method: 'GET',
          headers: {},
          statuses: [200, 204],
          until: 'json.a > 1',
          everyMillis: 5000,
        },
        outputs: { parameters: ['status'] },
      },
    })
  })

  test('take no place among the attempts in flight, not even when they are tried again', () => {
    const again = { retryPolicy: { maxRetryCount: 1 } }
    const document = pipelineOf({
      executors: { w: { container: { image: 'kfp-ts/wait', args: ['http'] } } },
      components: { w: leafOf({ url: 'STRING' }, {}, 'w'), c: leafOf() },
      root: { dag: { tasks: { wait: taskOf('w', { url }, again), step: taskOf('c') } } },
    })
    const { report, now } = simulate(document, {
      config: { parallelism: 1 },
      behave: (action) => {
        if (action.kind !== 'wait-for') return { ...soonEnd, durationMillis: HOUR }
        return action.attempt === 1 ? waitFailure('no') : soonEnd
      },
    })
    expect([report.state, now, taskIn({ report }, 'wait').attempts]).toEqual(['SUCCEEDED', HOUR, 2])
  })

  test('that wait too long say what was last seen, and are not tried again', () => {
    const events = [{ at: 1000, event: seen('GET http://example.test/x answered 503') }]
    const values = { url, timeout_seconds: 60 }
    const policy = { retryPolicy: { maxRetryCount: 3 } }
    const simulation = run('http', values, { ...never, interventions: events }, policy)
    expect(simulation.now).toBe(60_000)
    expect(taskIn(simulation, 'wait')).toMatchObject({
      state: 'FAILED',
      attempts: 1,
      error: {
        code: 'timeout',
        message: 'it waited longer than 60 s; last seen: GET http://example.test/x answered 503',
      },
    })
  })

  test('a limit for all tasks of the run counts where a wait has none; its own counts over all attempts', () => {
    expect(run('http', { url }, { ...never, config: { taskTimeoutMillis: 5000 } }).now).toBe(5000)
    const failing = (action: Action) => (action.kind === 'wait-for' && action.attempt < 3 ? waitFailure('no') : lateEnd)
    const policy = { retryPolicy: { maxRetryCount: 5, backoffDuration: '20s', backoffFactor: 1 } }
    const { now } = run('http', { url, timeout_seconds: 90 }, { behave: failing as never }, policy)
    expect(now).toBe(90_000)
  })

  test('an exit task runs after a wait in vain; what runs always runs after a skipped one', () => {
    const document = pipelineOf({
      executors: { w: { container: { image: 'kfp-ts/wait', args: ['http'] } } },
      components: {
        w: leafOf(typesOf({ url, timeout_seconds: 1, on_timeout: '' }), {}, 'w'),
        c: leafOf(),
        exit: leafOf({ status: 'TASK_FINAL_STATUS' }),
        body: { dag: { tasks: { wait: taskOf('w', { url, timeout_seconds: 9, on_timeout: 'skip' }) } } },
      },
      root: {
        dag: {
          tasks: {
            body: taskOf('body'),
            exit: taskOf(
              'exit',
              { status: '<- status of body' },
              { dependentTasks: ['body'], triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' } },
            ),
          },
        },
      },
    })
    const { report } = simulate(document, never)
    expect([report.state, taskIn({ report }, 'exit').state]).toEqual(['SUCCEEDED', 'SUCCEEDED'])
  })

  test('everything that is wrong with them is told at once, before anybody looks', () => {
    const { report, actions } = run('http', {
      url: 'ftp://x',
      method: 'PUT',
      headers: { Host: 'x' },
      status: [42],
      until: 'json.',
      every_seconds: 0,
      on_timeout: 'wait',
    })
    expect(actions.some(({ kind }) => kind === 'wait-for')).toBe(false)
    const { code, message } = report.error!
    expect(code).toBe('bad-wait')
    for (const name of ['url', 'method', 'Host', 'status', 'until', 'every_seconds', 'on_timeout'])
      expect(message).toContain(`"${name}"`)
  })

  test.each([
    ['json.all(x, x > 1) && json.exists(x, x > 2)', undefined],
    ['has(json.a) && json.b.map(x, x + 1).filter(x, x > 2).size() > 0', undefined],
    ['json.all(x, json.all(y, x == y))', /inside of another loop/],
    ['json.a.map(x, [x].map(y, y)).size() > 0', /inside of another loop/],
    ['text.matches("(a+)+$")', /matches/],
    ['[1].all(x, matches(text, "a"))', /matches/],
  ])('an expression costs no more than what it is applied to: %s', (until, problem) => {
    const { error } = run('http', { url, until }).report
    if (problem) expect(error?.message).toMatch(problem)
    else expect(error).toBeUndefined()
  })

  test('after a restart the same request is asked again; people are told what it waits for and what was seen', () => {
    const program = prepare(waiting('http', { url }))
    let { state, actions } = advance(program, begin(program, TEST_CONFIG), { kind: 'started' }, 0)
    expect(pendingActions(program, state, 0)).toEqual(actions)
    const reason = () => waitingReasons(program, state, 0).find(({ task }) => task === 'root/wait')
    expect(reason()).toMatchObject({ code: 'waiting', message: 'it waits for GET http://example.test/x' })
    expect(taskIn({ report: report(program, state) }, 'wait').waitingFor).toBe('an HTTP answer')
    ;({ state, actions } = advance(program, state, seen('it answered 503'), 1))
    expect(actions).toEqual([])
    expect(reason()?.message).toBe('it answered 503')
    expect(taskIn({ report: report(program, state) }, 'wait').waitingFor).toBe('it answered 503')
  })

  function seen(message: string): RunEvent {
    return { kind: 'wait-seen', task: 'root/wait', attempt: 1, message }
  }
})

describe('what is enough', () => {
  const limits = { everyMillis: 1000 }
  const http = { ...limits, kind: 'http', url: 'http://h/p?q=1', method: 'GET', headers: {}, statuses: [] } as const
  const object = { ...limits, kind: 'object', uri: 's3://b/k', minBytes: 10, stableMillis: 5000 } as const
  const job = { ...limits, kind: 'resource', apiVersion: 'batch/v1', resourceKind: 'Job', name: 'j' } as const
  const other = { ...limits, kind: 'run', run: 'r1', states: ['SUCCEEDED'] } as const
  const alias = { ...limits, kind: 'alias', model: 'm', alias: 'a' } as const
  const answer = (status: number, text = '') => ({ kind: 'http', status, headers: { a: 'b' }, text }) as const
  const found = (bytes: number, modifiedAt = 0) =>
    ({ kind: 'object', found: { bytes, etag: 'e', modifiedAt } }) as const
  const status = (value: string) => ({ status: { conditions: [{ type: 'Complete', status: value, message: 'why' }] } })
  const runIn = (state: string) => ({ kind: 'run', run: { id: 'i', state, outputs: { a: 1 }, error: 'oh' } }) as const
  const ALL = ['status', 'body', 'json', 'size', 'etag', 'object', 'id', 'state', 'outputs', 'version']

  const rows: readonly (readonly [Wait['request'], Sight, unknown])[] = [
    [http, answer(204), { status: 204, body: '', json: {} }],
    [http, answer(200, '{"a":1}'), { status: 200, body: '{"a":1}', json: { a: 1 } }],
    [http, answer(503), 'GET http://h/p answered 503'],
    [{ ...http, statuses: [404] }, answer(404), { status: 404, body: '', json: {} }],
    [{ ...http, statuses: [404] }, answer(200), 'GET http://h/p answered 200'],
    [{ ...http, until: 'json.n > 2' }, answer(200, '{"n": 3}'), { status: 200, body: '{"n": 3}', json: { n: 3 } }],
    [{ ...http, until: 'json.n > 2.5' }, answer(200, '{"n": 2}'), /answered 200, and json.n > 2.5 does not hold/],
    [{ ...http, until: 'json.n > 2' }, answer(200, 'text'), /answered 200, and json.n > 2 can't be applied to it/],
    [{ ...http, until: 'text.contains("up")' }, answer(200, 'is up'), { status: 200, body: 'is up', json: {} }],
    [{ ...http, until: 'headers["a"] == "b" && status == 200' }, answer(200), { status: 200, body: '', json: {} }],
    [{ ...http, until: '1 + 1' }, answer(200), /it gives 2, neither true nor false/],
    [http, { kind: 'trouble', message: 'refused' }, "GET http://h/p can't be seen: refused"],
    [
      http,
      { kind: 'refused', message: 'not allowed' },
      { cause: 'configuration', message: 'GET http://h/p: not allowed' },
    ],
    [object, { kind: 'object' }, 's3://b/k does not exist'],
    [object, found(9), 's3://b/k has 9 of at least 10 bytes'],
    [object, found(10, 96_000), 's3://b/k has 10 bytes and was written to less than 5 s ago'],
    [object, found(10, 95_000), { size: 10, etag: 'e' }],
    [job, { kind: 'resource' }, 'Job j does not exist'],
    [job, { kind: 'resource', object: { a: 1 } }, { object: { a: 1 } }],
    [
      { ...job, condition: 'Complete' },
      { kind: 'resource', object: {} },
      'Job j exists, and has no condition Complete',
    ],
    [
      { ...job, condition: 'Complete' },
      { kind: 'resource', object: status('False') },
      'Job j exists, and its condition Complete is False (why)',
    ],
    [
      { ...job, condition: 'complete=false' },
      { kind: 'resource', object: status('False') },
      { object: status('False') },
    ],
    [
      { ...job, until: 'object.data.ready == "yes"' },
      { kind: 'resource', object: { data: { ready: 'no' } } },
      'Job j exists, and object.data.ready == "yes" does not hold',
    ],
    [other, { kind: 'run' }, 'run r1 does not exist'],
    [other, runIn('RUNNING'), 'run r1 is RUNNING'],
    [other, runIn('SUCCEEDED'), { id: 'i', state: 'SUCCEEDED', outputs: { a: 1 } }],
    [other, runIn('FAILED'), { cause: 'application', message: 'run r1 ended FAILED, not SUCCEEDED: oh' }],
    [{ ...other, states: ['FAILED', 'CANCELED'] }, runIn('FAILED'), { id: 'i', state: 'FAILED', outputs: { a: 1 } }],
    [alias, { kind: 'alias' }, 'alias m@a does not exist'],
    [{ ...alias, atLeast: 3 }, { kind: 'alias', version: 2 }, 'alias m@a is version 2, and at least 3 is wanted'],
    [{ ...alias, changedFrom: 2 }, { kind: 'alias', version: 2 }, 'alias m@a is still version 2'],
    [{ ...alias, atLeast: 2, changedFrom: 2 }, { kind: 'alias', version: 3 }, { version: 3 }],
  ]
  test.each(rows)('%j %j', (request, sight, expected) => {
    const verdict = judgeWait({ request, outputs: { parameters: ALL } }, sight, 100_000)
    const told =
      verdict.verdict === 'met'
        ? verdict.outputs.parameters
        : verdict.verdict === 'failed'
          ? verdict.failure
          : verdict.message
    if (expected instanceof RegExp) expect(told).toMatch(expected)
    else expect(told).toEqual(expected)
  })

  test('only declared outputs are given; an object is an artifact of the declared type', () => {
    const artifact = { name: 'day', type: { schemaTitle: 'system.Dataset' }, metadata: { a: 'b' } }
    expect(judgeWait({ request: object, outputs: { parameters: ['size'], artifact } }, found(10), 100_000)).toEqual({
      verdict: 'met',
      outputs: {
        parameters: { size: 10 },
        artifacts: {
          day: [{ name: 'day', type: artifact.type, uri: 's3://b/k', metadata: { a: 'b', size: 10, etag: 'e' } }],
        },
      },
    })
  })
})
