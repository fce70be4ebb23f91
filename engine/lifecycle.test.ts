/** Attempts over time: retries, back-off, timeouts, cancel, retry of a run, cache, imports, claims, Kubernetes configuration. */
import { describe, expect, test } from 'vitest'
import type { PipelineTaskSpec } from '../api/pipeline-spec.ts'
import type { KubernetesExecutorConfig } from '../api/platform-spec.ts'
import { advance, begin, collectOutputs, pendingActions, prepare, waitingReasons } from './index.ts'
import { type AttemptAction, failWith, simulate, succeed, TEST_CONFIG } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { Launch, RunConfig } from './types.ts'

const one = (more: Partial<PipelineTaskSpec> = {}) =>
  pipelineOf({ root: { dag: { tasks: { t: taskOf('c', {}, more) } } }, components: { c: leafOf() } })

type Cause = Parameters<typeof failWith>[0]
/** Fails with these causes, one an attempt, and then succeeds. */
const failing = (causes: readonly Cause[]) => (action: AttemptAction) =>
  causes[action.attempt - 1] ? failWith(causes[action.attempt - 1]!) : succeed(action)

describe('retries', () => {
  const policy = (maxRetryCount: number, backoffDuration = '0s') => ({
    retryPolicy: { maxRetryCount, backoffDuration, backoffFactor: 2, backoffMaxDuration: '15s' },
  })
  const budget = { maxRetries: 1, backoffMillis: 0 }
  const rows: readonly (readonly [string, Partial<PipelineTaskSpec>, Partial<RunConfig>, readonly Cause[], string])[] =
    [
      ['without a policy there is one attempt', {}, {}, ['application'], 'FAILED after 1'],
      ['the policy of the task counts', policy(2), {}, ['application', 'application'], 'SUCCEEDED after 3'],
      ['and ends', policy(1), {}, ['application', 'application'], 'FAILED after 2'],
      [
        'causes have their own budgets',
        policy(1),
        { retries: { preempted: budget } },
        ['application', 'preempted'],
        'SUCCEEDED after 3',
      ],
      ['a policy does not cover what happens around the step', policy(5), {}, ['infrastructure'], 'FAILED after 1'],
      [
        'the policy of the task beats the one of the run',
        policy(0),
        { retries: { application: budget } },
        ['application'],
        'FAILED after 1',
      ],
      [
        'the one of the run counts for the others',
        {},
        { retries: { application: budget } },
        ['application'],
        'SUCCEEDED after 2',
      ],
    ]
  test.each(rows)('%s', (_rule, more, config, causes, expected) => {
    const { report } = simulate(one(more), { config, behave: failing(causes) })
    expect(`${report.state} after ${report.tasks[0]!.attempts}`).toBe(expected)
  })

  test('a policy is inherited from the graph', () => {
    const components = { c: leafOf(), g: { dag: { tasks: { t: taskOf('c') } } } }
    const document = pipelineOf({
      root: { dag: { tasks: { g: { componentRef: { name: 'g' }, ...policy(1) } } } },
      components,
    })
    expect(simulate(document, { behave: failing(['application']) }).report.state).toBe('SUCCEEDED')
  })

  test('waits grow and have an upper bound', () => {
    const causes: Cause[] = ['application', 'application', 'application']
    // Four attempts of 1 s, and waits of 5, 10 and (not 20 but) 15 s.
    expect(simulate(one(policy(3, '5s')), { behave: failing(causes) }).now).toBe(4000 + 5000 + 10_000 + 15_000)
  })
})

describe('time', () => {
  const slow = (action: AttemptAction) => ({ ...succeed(action), durationMillis: 60_000 })

  test('an attempt that takes too long fails of it', () => {
    const { report, now } = simulate(one(), { behave: slow, config: { taskTimeoutMillis: 5000 } })
    expect(report.error).toMatchObject({ code: 'timeout', task: 'root/t' })
    expect(now).toBe(5000)
  })

  test('a run that takes too long fails, its tasks are canceled', () => {
    const { report, now } = simulate(one(), { behave: slow, config: { timeoutMillis: 7000 } })
    expect(report).toMatchObject({ state: 'FAILED', error: { code: 'timeout' }, tasks: [{ state: 'CANCELED' }] })
    expect(now).toBe(7000)
  })

  test('a canceled run starts nothing more', () => {
    const components = { c: leafOf() }
    const tasks = { a: taskOf('c'), b: taskOf('c', {}, { dependentTasks: ['a'] }) }
    const cancel = { at: 500, event: { kind: 'cancel-requested', reason: 'enough' } as const }
    const { report } = simulate(pipelineOf({ root: { dag: { tasks } }, components }), { interventions: [cancel] })
    expect(report).toMatchObject({ state: 'CANCELED', error: { code: 'canceled', message: 'enough' } })
    expect(report.tasks.map(({ state }) => state)).toEqual(['CANCELED', 'CANCELED'])
  })

  test('a retried run keeps what is finished and counts attempts on', () => {
    const tasks = {
      a: taskOf('c'),
      b: taskOf('c', {}, { dependentTasks: ['a'] }),
      z: taskOf('c', {}, { dependentTasks: ['b'] }),
    }
    const document = pipelineOf({ root: { dag: { tasks } }, components: { c: leafOf() } })
    const behave = (action: AttemptAction) =>
      action.task === 'root/b' && action.attempt === 1 ? failWith('oom') : succeed(action)
    const retry = { at: 10_000, event: { kind: 'retry-requested' } as const }
    const { report } = simulate(document, { behave, interventions: [retry] })
    expect(report.state).toBe('SUCCEEDED')
    expect(report.tasks.map(({ attempts }) => attempts)).toEqual([1, 2, 1])
  })

  test('a loop that begins anew leaves nothing of the round before, even if it does not come to its end', () => {
    const item = { parameterType: 'STRING' } as const
    const v = { parameterType: 'STRING', isOptional: true } as const
    const work = taskOf('b', { v: '<- v' })
    const outputs = { parameters: { out: { valueFromParameter: { producerSubtask: 'b', outputParameterKey: 'out' } } } }
    const components = {
      a: leafOf({}, { out: 'STRING' }),
      b: leafOf({ v: 'STRING?' }, { out: 'STRING' }),
      each: { inputDefinitions: { parameters: { item, v } }, dag: { tasks: { b: work }, outputs } },
    }
    const loop = taskOf(
      'each',
      { v: '<- a.out' },
      {
        triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' },
        parameterIterator: { itemInput: 'item', items: { raw: '["x", "y"]' } },
        iteratorPolicy: { parallelismLimit: 1 },
      },
    )
    const behave = (action: AttemptAction) => {
      if (action.kind !== 'start-attempt') return succeed(action)
      const fails = (action.task === 'root/a' ? 1 : action.task === 'root/loop[0]/b' ? 2 : 0) === action.attempt
      const { v: given = 'none' } = action.launch.executorInput.inputs.parameterValues ?? {}
      const parameters = { out: action.task === 'root/a' ? 'A' : given }
      return fails
        ? failWith('application')
        : { result: { outcome: 'succeeded' as const, outputs: { parameters, artifacts: {} } } }
    }
    const retry = (at: number) => ({ at, event: { kind: 'retry-requested' } as const })
    const run = (...times: number[]) =>
      simulate(pipelineOf({ root: { dag: { tasks: { a: taskOf('a'), loop } } }, components }), {
        behave,
        interventions: times.map(retry),
      })
    const tasksOf = ({ report }: ReturnType<typeof run>) =>
      report.tasks.map(({ path, state, attempts }) => `${path} ${state} ${attempts}`)
    expect(tasksOf(run(100_000))).toEqual(['root/a SUCCEEDED 2', 'root/loop FAILED 0', 'root/loop[0]/b FAILED 2'])
    const last = run(100_000, 200_000)
    expect(last.state.tasks['root/loop']!.outputs!.parameters).toEqual({ out: ['A', 'A'] })
    expect(tasksOf(last).slice(2)).toEqual(['root/loop[0]/b SUCCEEDED 3', 'root/loop[1]/b SUCCEEDED 2'])
  })
})

describe('cache', () => {
  const keyOf = (document: Parameters<typeof simulate>[0]) => {
    const asked = simulate(document).actions.find(({ kind }) => kind === 'look-up-cache')
    return asked?.kind === 'look-up-cache' ? asked.cacheKey : undefined
  }
  const cached = (image: string, x: number, more: object = {}) =>
    pipelineOf({
      root: { dag: { tasks: { t: taskOf('c', { x }, { cachingOptions: { enableCache: true } }) } } },
      components: { c: leafOf({ x: 'NUMBER_INTEGER' }, {}, 'e') },
      executors: { e: { container: { image, command: ['run'], ...more } } },
    })

  test('content makes the key; environment and resources do not', () => {
    const key = keyOf(cached('a', 1))!
    expect(key.parts).toMatchObject({ image: 'a', 'inputs.parameters.x': '1' })
    expect(keyOf(cached('a', 1, { env: [{ name: 'E', value: 'v' }], resources: { cpuLimit: 2 } }))!.key).toBe(key.key)
    expect(keyOf(cached('b', 1))!.key).not.toBe(key.key)
    expect(keyOf(cached('a', 2))!.key).not.toBe(key.key)
    expect(keyOf(cached('a', 1, { args: ['-v'] }))!.key).not.toBe(key.key)
  })

  test('a step on another claim is not looked up under the same key, as what lies there is other data', () => {
    const on = (pvcName: string, mountPath: string) => {
      const pvcMount = [{ pvcNameParameter: { runtimeValue: { constant: pvcName } }, mountPath }]
      const platform = { platforms: { kubernetes: { deploymentSpec: { executors: { e: { pvcMount } } } } } }
      return keyOf({ ...cached('a', 1), platform })!
    }
    expect(on('one', '/a').parts['volumes']).toBe('["one"]')
    expect(on('one', '/b').key).toBe(on('one', '/a').key)
    expect(on('two', '/a').key).not.toBe(on('one', '/a').key)
  })

  test('caching that is not turned on asks nobody', () => {
    expect(keyOf(one({ cachingOptions: {} }))).toBeUndefined()
  })

  test('a hit is no attempt; a miss is saved', () => {
    const outputs = { parameters: {}, artifacts: {} }
    const hit = simulate(cached('a', 1), {
      cache: () => ({ hit: true, outputs, sourceRunId: 'r0', sourceTask: 'root/t' }),
    })
    expect(hit.report).toMatchObject({ state: 'SUCCEEDED', tasks: [{ state: 'CACHED', cached: true, attempts: 0 }] })
    const miss = simulate(cached('a', 1))
    expect(miss.actions.map(({ kind }) => kind)).toEqual(['look-up-cache', 'start-attempt', 'save-cache'])
  })
})

describe('steps without a pod', () => {
  test('an importer reads its URI from anywhere and fills its metadata in', () => {
    const importer = {
      artifactUri: { runtimeParameter: 'uri' },
      typeSchema: { schemaTitle: 'system.Model' },
      metadata: { "k-{{$.inputs.parameters['metadata']}}": ["{{$.inputs.parameters['metadata']}}"] },
    }
    const executors = { i: { importer } }
    const components = {
      c: leafOf({}, { uri: 'STRING' }),
      i: leafOf({ uri: 'STRING', metadata: 'NUMBER_INTEGER' }, {}, 'i'),
    }
    const tasks = { c: taskOf('c'), i: taskOf('i', { uri: '<- c.uri', metadata: 5 }) }
    const { actions } = simulate(pipelineOf({ root: { dag: { tasks } }, components, executors }))
    const request = {
      uri: 'text',
      type: { schemaTitle: 'system.Model' },
      metadata: { 'k-5': [5] },
      reimport: false,
      downloadToWorkspace: false,
      outputName: 'artifact',
    }
    expect(actions.find(({ kind }) => kind === 'import-artifact')).toMatchObject({ request })
  })

  test('the magic images make and remove claims; mounts name what was made', () => {
    const executors = {
      make: { container: { image: 'argostub/createpvc' } },
      drop: { container: { image: 'argostub/deletepvc' } },
    }
    const kubernetes: KubernetesExecutorConfig = {
      pvcMount: [
        {
          mountPath: '/data',
          pvcNameParameter: { taskOutputParameter: { producerTask: 'make', outputParameterKey: 'name' } },
        },
      ],
      secretAsEnv: [
        {
          secretNameParameter: { runtimeValue: { constant: 's' } },
          secretName: 'old',
          keyToEnv: [{ secretKey: 'k', envVar: 'E' }],
        },
        { secretNameParameter: { componentInputParameter: 'absent' }, keyToEnv: [] },
      ],
      tolerations: [
        { tolerationJson: { runtimeValue: { constant: [{ key: 'a' }, {}] } } },
        { key: 'b', operator: 'Exists' },
      ],
      nodeSelector: { nodeSelectorJson: { runtimeValue: { constant: { zone: 'z' } } } },
    }
    const components = {
      make: leafOf({ pvc_name_suffix: 'STRING', access_modes: 'LIST', size: 'STRING' }, { name: 'STRING' }, 'make'),
      use: leafOf(),
      drop: leafOf({ pvc_name: 'STRING' }, {}, 'drop'),
    }
    const tasks = {
      make: taskOf('make', { pvc_name_suffix: '-x', access_modes: ['ReadWriteOnce'], size: '1Gi' }),
      use: taskOf('use', {}, { dependentTasks: ['make'] }),
      drop: taskOf('drop', { pvc_name: '<- make.name' }, { dependentTasks: ['use'] }),
    }
    const platform = { platforms: { kubernetes: { deploymentSpec: { executors: { step: kubernetes } } } } }
    const absent = { parameterType: 'STRING', isOptional: true } as const
    const root = { inputDefinitions: { parameters: { absent } }, dag: { tasks } }
    const { actions } = simulate(pipelineOf({ root, components, executors, platform }))
    expect(actions.flatMap((action) => (action.kind === 'change-volume' ? [action.request] : []))).toEqual([
      { operation: 'create', nameSuffix: '-x', accessModes: ['ReadWriteOnce'], size: '1Gi' },
      { operation: 'delete', name: 'claim' },
    ])
    const launch = actions.flatMap((action) => (action.kind === 'start-attempt' ? [action.launch] : []))[0]!
    expect(launch.kubernetes).toEqual({
      pvcMount: [{ pvcName: 'claim', mountPath: '/data' }],
      secretAsEnv: [{ secretName: 's', keyToEnv: [{ secretKey: 'k', envVar: 'E' }] }],
      tolerations: [{ key: 'a' }, { key: 'b', operator: 'Exists' }],
      nodeSelector: { labels: { zone: 'z' } },
    })
  })
})

describe('questions about a run', () => {
  test('after a restart, what is owed comes again to the letter', () => {
    const program = prepare(one())
    const { state, actions } = advance(program, begin(program, TEST_CONFIG), { kind: 'started' }, 0)
    expect(pendingActions(program, state, 0)).toEqual(actions)
    expect(waitingReasons(program, state, 0)).toMatchObject([{ task: 'root/t', code: 'starting' }])
  })

  test('outputs are read by their types; the executor output wins', () => {
    const parameter = (parameterType: 'STRING' | 'NUMBER_INTEGER' | 'BOOLEAN') => ({ parameterType, outputFile: '/f' })
    const declared = { text: parameter('STRING'), count: parameter('NUMBER_INTEGER'), flag: parameter('BOOLEAN') }
    const model = { type: { schemaTitle: 'system.Model' }, uri: '/m', path: '/m' }
    const launch = {
      outputs: { parameters: declared, artifacts: { model } },
      executorInput: {
        inputs: {},
        outputs: {
          outputFile: '/o',
          artifacts: { model: { artifacts: [{ name: 'model', type: model.type, uri: '/m', metadata: { a: 1 } }] } },
        },
      },
    } as unknown as Launch
    const executorOutput = JSON.stringify({
      parameterValues: { count: 3 },
      artifacts: { model: { artifacts: [{ metadata: { b: 2 }, custom_path: '/c' }] } },
    })
    expect(
      collectOutputs(launch, { executorOutput, parameterFiles: { text: 'a\n', count: '9', flag: 'True' } }),
    ).toEqual({
      outputs: {
        parameters: { text: 'a\n', count: 3, flag: true },
        artifacts: {
          model: [{ name: 'model', type: model.type, uri: '/m', metadata: { a: 1, b: 2 }, customPath: '/c' }],
        },
      },
    })
    const missing = collectOutputs(launch, { parameterFiles: { text: '', count: 'x' } })
    expect(missing).toMatchObject({
      failure: { cause: 'application', message: expect.stringMatching(/count.*no integer.*flag/) },
    })
  })

  test('components that contain each other, and tasks that wait for each other, are refused', () => {
    const self = { dag: { tasks: { t: { componentRef: { name: 'self' } } } } }
    const root = { dag: { tasks: { t: { componentRef: { name: 'self' } } } } }
    expect(() => prepare(pipelineOf({ root, components: { self } }))).toThrow('contain each other: self -> self')
    const tasks = { a: taskOf('c', {}, { dependentTasks: ['b'] }), b: taskOf('c', {}, { dependentTasks: ['a'] }) }
    expect(() => prepare(pipelineOf({ root: { dag: { tasks } }, components: { c: leafOf() } }))).toThrow(
      'wait for each other',
    )
  })
})
