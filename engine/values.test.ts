/** One row a rule of values: what a step is given, and how its command line looks (kfp-ir.md 2.1, 2.2, 2.6, 2.7, 2.9). */
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../api/json.ts'
import type { ComponentSpec, PipelineTaskSpec } from '../api/pipeline-spec.ts'
import type { PipelineDocument } from '../api/platform-spec.ts'
import { type AttemptAction, failWith, simulate, succeed } from './testing/simulate.ts'
import { leafOf, pipelineOf, taskOf } from './testing/small-pipeline.ts'
import type { Launch } from './types.ts'

/** Launches by path without `root/`. */
function launchesOf(document: PipelineDocument, options: Parameters<typeof simulate>[1] = {}): Record<string, Launch> {
  const { actions, report } = simulate(document, options)
  const started = actions.flatMap((action) =>
    action.kind === 'start-attempt' ? [[action.task.slice(5), action.launch] as const] : [],
  )
  if (started.length === 0) throw new Error(report.error?.message ?? 'nothing was started')
  return Object.fromEntries(started)
}

function inputsOfLeaf(component: ComponentSpec, task: PipelineTaskSpec): unknown {
  const document = pipelineOf({ root: { dag: { tasks: { t: task } } }, components: { c: component } })
  return launchesOf(document)['t']!.executorInput.inputs.parameterValues
}

describe('parameters', () => {
  const rows: readonly (readonly [string, Parameters<typeof leafOf>[0], Record<string, JsonValue>, unknown])[] = [
    ['a default fills in', { x: ['NUMBER_INTEGER', 5] }, {}, { x: 5 }],
    ['null is absent, so the default counts', { x: ['NUMBER_INTEGER', 5] }, { x: null }, { x: 5 }],
    ['an optional input without default is left out', { x: 'STRING?' }, { x: null }, {}],
    ['numbers become text without exponent', { x: 'STRING' }, { x: 1e21 }, { x: '1000000000000000000000' }],
    ['small numbers too', { x: 'STRING' }, { x: 2.5e-7 }, { x: '0.00000025' }],
    ['booleans become text', { x: 'STRING' }, { x: true }, { x: 'true' }],
    ['lists and objects become compact JSON', { x: 'STRING' }, { x: { a: [1, 'b'] } }, { x: '{"a":[1,"b"]}' }],
    ['text that holds an object becomes one', { x: 'STRUCT' }, { x: '{"a":1}' }, { x: { a: 1 } }],
    ['text that holds a list becomes one', { x: 'LIST' }, { x: '[1,2]' }, { x: [1, 2] }],
    ['text that holds a number becomes one', { x: 'NUMBER_DOUBLE' }, { x: '2.5' }, { x: 2.5 }],
    ['undeclared inputs are kept', {}, { 'pipelinechannel--x': 'a' }, { 'pipelinechannel--x': 'a' }],
    ['texts mention other inputs', { x: 'STRING' }, { x: "<{{$.inputs.parameters['y']}}>", y: 4 }, { x: '<4>', y: 4 }],
    [
      'one placeholder alone keeps its kind',
      { x: 'NUMBER_INTEGER' },
      { x: "{{$.inputs.parameters['y']}}", y: 4 },
      { x: 4, y: 4 },
    ],
    ['run constants', { x: 'STRING' }, { x: '{{$.pipeline_job_name}}/{{$.pipeline_task_name}}' }, { x: 'run one/t' }],
  ]
  test.each(rows)('%s', (_rule, declared, given, expected) => {
    expect(inputsOfLeaf(leafOf(declared), taskOf('c', given))).toEqual(expected)
  })

  const failures: readonly (readonly [string, Parameters<typeof leafOf>[0], Record<string, JsonValue>, string])[] = [
    ['a required input is missing', { x: 'STRING' }, {}, 'missing-input'],
    ['a value has the wrong type', { x: 'NUMBER_INTEGER' }, { x: 'five' }, 'wrong-type'],
    ['true is no number', { x: 'NUMBER_INTEGER' }, { x: true }, 'wrong-type'],
    ['inputs mention each other', { x: 'STRING' }, { x: "{{$.inputs.parameters['x']}}!" }, 'cycle'],
  ]
  test.each(failures)('%s: the task fails before it starts', (_rule, declared, given, code) => {
    const root = { dag: { tasks: { t: taskOf('c', given) } } }
    const { report } = simulate(pipelineOf({ root, components: { c: leafOf(declared) } }))
    expect(report).toMatchObject({ state: 'FAILED', error: { code, task: 'root/t' }, tasks: [{ attempts: 0 }] })
  })

  test('an absent value passes through graphs until something has a default', () => {
    const declared = { x: { parameterType: 'STRING', isOptional: true } } as const
    const components = {
      leaf: leafOf({ x: ['STRING', 'leaf'] }),
      bare: leafOf({ x: 'STRING?' }),
      inner: {
        inputDefinitions: { parameters: declared },
        dag: { tasks: { a: taskOf('leaf', { x: '<- x' }), b: taskOf('bare', { x: '<- x' }) } },
      },
    }
    const root = { inputDefinitions: { parameters: declared }, dag: { tasks: { g: taskOf('inner', { x: '<- x' }) } } }
    const launches = launchesOf(pipelineOf({ root, components }))
    expect(launches['g/a']!.executorInput.inputs.parameterValues).toEqual({ x: 'leaf' })
    expect(launches['g/b']!.executorInput.inputs.parameterValues).toEqual({})
  })

  test('a task that ignores failures gets its default, and the run has failed', () => {
    const components = { bad: leafOf({}, { out: 'STRING' }), print: leafOf({ m: ['STRING', 'default'] }) }
    const always = { triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' } } as const
    const tasks = { bad: taskOf('bad'), print: taskOf('print', { m: '<- bad.out' }, always) }
    const behave = (action: AttemptAction) => (action.task === 'root/bad' ? failWith('application') : succeed(action))
    const document = pipelineOf({ root: { dag: { tasks } }, components })
    expect(launchesOf(document, { behave })['print']!.executorInput.inputs.parameterValues).toEqual({ m: 'default' })
    expect(simulate(document, { behave }).report.state).toBe('FAILED')
  })

  test('exit tasks are told how the body ended', () => {
    const components = { body: leafOf(), exit: leafOf({ status: 'TASK_FINAL_STATUS?' }) }
    const always = { triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' } } as const
    const tasks = { body: taskOf('body'), exit: taskOf('exit', { status: '<- status of body' }, always) }
    const document = pipelineOf({ root: { dag: { tasks } }, components })
    const status = { pipelineJobResourceName: 'pipeline-run-1', pipelineTaskName: 'body' }
    const told = (options: Parameters<typeof simulate>[1]) =>
      launchesOf(document, options)['exit']!.executorInput.inputs.parameterValues
    const behave = (action: AttemptAction) =>
      action.task === 'root/body' ? failWith('application', 'oh') : succeed(action)
    expect(told({})).toEqual({ status: { ...status, state: 'COMPLETE', error: {} } })
    expect(told({ behave })).toEqual({ status: { ...status, state: 'FAILED', error: { code: 1, message: 'oh' } } })
    expect(told({ config: { succeededWord: 'SUCCEEDED' } })).toMatchObject({ status: { state: 'SUCCEEDED' } })
  })
})

describe('loops', () => {
  /** Doubles each item that is above a threshold, and collects. */
  function collecting(raw: string, condition: string): PipelineDocument {
    const item = { parameterType: 'STRING' } as const
    const output = (producerSubtask: string) => ({
      parameters: {
        out: {
          valueFromParameter: { producerSubtask, outputParameterKey: producerSubtask === 'double' ? 'Output' : 'out' },
        },
      },
    })
    const components = {
      double: leafOf({ n: 'NUMBER_INTEGER' }, { Output: 'NUMBER_INTEGER' }),
      add: leafOf({ nums: 'LIST' }),
      cond: {
        inputDefinitions: { parameters: { i: item } },
        dag: { tasks: { double: taskOf('double', { n: '<- i' }) }, outputs: output('double') },
      },
      body: {
        inputDefinitions: { parameters: { i: item } },
        dag: {
          tasks: { cond: taskOf('cond', { i: '<- i' }, { triggerPolicy: { condition } }) },
          outputs: output('cond'),
        },
      },
    }
    const loop = { componentRef: { name: 'body' }, parameterIterator: { itemInput: 'i', items: { raw } } }
    return pipelineOf({ root: { dag: { tasks: { loop, add: taskOf('add', { nums: '<- loop.out' }) } } }, components })
  }
  const behave = (action: AttemptAction) => {
    if (action.kind !== 'start-attempt' || action.launch.taskKey !== 'double') return succeed(action)
    const n = Number(action.launch.executorInput.inputs.parameterValues?.['n'])
    const outputs = { parameters: { Output: 2 * n }, artifacts: {} }
    // Later items end earlier.
    return { durationMillis: 1000 - n, result: { outcome: 'succeeded' as const, outputs } }
  }
  test.each([
    ['in the order of the items', '[1, 2, 3]', 'true', [2, 4, 6]],
    ['skipped iterations contribute nothing', '[1, 2, 3]', "int(inputs.parameter_values['i']) >= 2", [4, 6]],
    ['no items, an empty list', '[]', 'true', []],
  ])('collected: %s', (_rule, raw, condition, expected) => {
    expect(launchesOf(collecting(raw, condition), { behave })['add']!.executorInput.inputs.parameterValues).toEqual({
      nums: expected,
    })
  })

  test('items are picked from objects, also when those travel as text', () => {
    const components = {
      leaf: leafOf({ x: 'STRING' }),
      body: {
        inputDefinitions: { parameters: { i: { parameterType: 'STRING' } } },
        dag: { tasks: { t: taskOf('leaf') } },
      },
    } as const
    const pick = { componentInputParameter: 'i', parameterExpressionSelector: 'parseJson(string_value)["a"]' }
    const body: ComponentSpec = {
      ...components.body,
      dag: { tasks: { t: { componentRef: { name: 'leaf' }, inputs: { parameters: { x: pick } } } } },
    }
    const loop = {
      componentRef: { name: 'body' },
      parameterIterator: { itemInput: 'i', items: { raw: '[{"a": "x"}, {"a": 2}]' } },
    }
    const launches = launchesOf(pipelineOf({ root: { dag: { tasks: { loop } } }, components: { ...components, body } }))
    expect(launches['loop[0]/t']!.executorInput.inputs.parameterValues).toEqual({ x: 'x' })
    expect(launches['loop[1]/t']!.executorInput.inputs.parameterValues).toEqual({ x: '2' })
  })
})

describe('command lines', () => {
  const rows: readonly (readonly [string, readonly string[], Record<string, JsonValue>, readonly string[]])[] = [
    ['values stand raw', ["-{{$.inputs.parameters['x']}}-"], { x: "a 'b'" }, ["-a 'b'-"]],
    ['keys may be quoted twice', ["{{$.inputs.parameters[''x'']}}"], { x: 1 }, ['1']],
    ['values are never read as placeholders', ["{{$.inputs.parameters['x']}}"], { x: '{{$}}' }, ['{{$}}']],
    ['lists stand as JSON', ["{{$.inputs.parameters['x']}}"], { x: [1, 'a'] }, ['[1,"a"]']],
    ['Concat makes one text', [`{"Concat": ["a-", "{{$.inputs.parameters['x']}}"]}`], { x: 'b' }, ['a-b']],
    [
      'IfPresent with a value',
      [`{"IfPresent": {"InputName": "x", "Then": ["--x", "{{$.inputs.parameters['x']}}"], "Else": "none"}}`],
      { x: 'b' },
      ['--x', 'b'],
    ],
    ['IfPresent without', ['{"IfPresent": {"InputName": "q", "Then": "yes", "Else": ["no", "no"]}}'], {}, ['no', 'no']],
    ['IfPresent without Else vanishes', ['a', '{"IfPresent": {"InputName": "q", "Then": "yes"}}'], { q: null }, ['a']],
    ['IfPresent in Concat', ['{"Concat": ["a", {"IfPresent": {"InputName": "q", "Then": "-q"}}, "z"]}'], {}, ['az']],
    ['what is no placeholder stays', ['{{$.what}} {"a": 1}'], {}, ['{{$.what}} {"a": 1}']],
  ]
  test.each(rows)('%s', (_rule, args, given, expected) => {
    const executors = { shell: { container: { image: 'sh', args } } }
    const document = pipelineOf({
      root: { dag: { tasks: { t: taskOf('c', given) } } },
      components: { c: leafOf({}, {}, 'shell') },
      executors,
    })
    expect(launchesOf(document)['t']!.args).toEqual(expected)
  })

  test('{{$}} keeps whole numbers of float inputs floats, and those of other inputs whole', () => {
    const executors = { shell: { container: { image: 'sh', args: ['{{$}}'] } } }
    const document = pipelineOf({
      root: { dag: { tasks: { t: taskOf('c', { x: 2, y: 2.5, n: 2 }) } } },
      components: { c: leafOf({ x: 'NUMBER_DOUBLE', y: 'NUMBER_DOUBLE', n: 'NUMBER_INTEGER' }, {}, 'shell') },
      executors,
    })
    const [text] = launchesOf(document)['t']!.args
    expect(text).toContain('"parameterValues":{"x":2.0,"y":2.5,"n":2}')
    expect(JSON.parse(text!)).toEqual(launchesOf(document)['t']!.executorInput)
  })

  test('{{$}} is JSON whatever the values hold', () => {
    const executors = { shell: { container: { image: 'sh', args: ['{{$}}'] } } }
    const document = pipelineOf({
      root: { dag: { tasks: { t: taskOf('c', { x: 'a"b\n{{$}}\\' }) } } },
      components: { c: leafOf({}, {}, 'shell') },
      executors,
    })
    const { args, executorInput } = launchesOf(document)['t']!
    expect(JSON.parse(args[0]!)).toEqual(executorInput)
    expect(executorInput.inputs.parameterValues).toEqual({ x: 'a"b\n{{$}}\\' })
  })

  test('an input that was not given is an error that names it', () => {
    const executors = { shell: { container: { image: 'sh', args: ["{{$.inputs.parameters['q']}}"] } } }
    const document = pipelineOf({
      root: { dag: { tasks: { t: taskOf('c') } } },
      components: { c: leafOf({}, {}, 'shell') },
      executors,
    })
    expect(simulate(document).report.error).toMatchObject({
      code: 'placeholder-error',
      message: expect.stringContaining("'q'"),
    })
  })

  test('image and resources follow inputs; quantities of absent inputs are left out', () => {
    const resources = {
      resourceCpuLimit: "{{$.inputs.parameters['cpu']}}",
      resourceMemoryLimit: "{{$.inputs.parameters['mem']}}",
      cpuRequest: 0.5,
    }
    const executors = { shell: { container: { image: "{{$.inputs.parameters['base']}}", resources } } }
    const task = taskOf('c', {
      base: "{{$.inputs.parameters['pipelinechannel--i']}}",
      'pipelinechannel--i': 'img:1',
      cpu: '2',
    })
    const launch = launchesOf(
      pipelineOf({ root: { dag: { tasks: { t: task } } }, components: { c: leafOf({}, {}, 'shell') }, executors }),
    )['t']!
    expect(launch.image).toBe('img:1')
    expect(launch.resources).toEqual({ cpuLimit: '2', cpuRequest: '0.5' })
  })
})
