/** Random pipelines with everything in them: graphs, conditions, OneOf, loops, exit handlers, retries. For property tests. */
import type { JsonValue } from '../../api/json.ts'
import type { ComponentSpec, ParameterType, PipelineTaskSpec, TaskInputParameterSpec } from '../../api/pipeline-spec.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import { WAIT_IMAGE } from '../../api/wait.ts'

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Numbers in [0, 1) from a seed: the same for the same seed, everywhere. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

export interface RandomPipelineOptions {
  /** Tasks in one graph, at most. @default 4 */
  readonly maxTasks?: number
  /** Graphs inside graphs. @default 3 */
  readonly maxDepth?: number
  /** Also tasks that wait without a pod: for a time, and for an HTTP answer. @default false */
  readonly waits?: boolean
}

/** A value that a task of a graph can read: an output of a sibling, or an input of the graph. */
interface Source {
  readonly wire: TaskInputParameterSpec
  readonly type: ParameterType
  readonly producer?: string
}

/** A valid pipeline without parameters. Leaf components have one output, `Output`, an integer; their inputs are integers and lists. */
export function randomPipeline(random: () => number, options: RandomPipelineOptions = {}): PipelineDocument {
  const maker = new Maker(random, options.maxTasks ?? 4, options.waits === true)
  const dag = maker.graph(options.maxDepth ?? 3, [], true)
  return {
    spec: {
      pipelineInfo: { name: 'random' },
      schemaVersion: '2.1.0',
      deploymentSpec: {
        executors: {
          step: { container: { image: 'step', command: ['step', '{{$}}'] } },
          ...(options.waits ? { time: waitExecutor('time'), http: waitExecutor('http') } : {}),
        },
      },
      components: maker.components,
      root: { dag: { tasks: dag.tasks } },
    },
  }
}

class Maker {
  readonly components: Record<string, ComponentSpec> = {}
  private readonly random: () => number
  private readonly maxTasks: number
  private readonly waits: boolean
  private count = 0

  constructor(random: () => number, maxTasks: number, waits: boolean) {
    this.random = random
    this.maxTasks = maxTasks
    this.waits = waits
  }

  private chance(probability: number): boolean {
    return this.random() < probability
  }

  private pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.random() * list.length)]!
  }

  private name(kind: string): string {
    this.count++
    return `${kind}-${this.count}`
  }

  /** @returns the tasks, and what of their outputs a surrounding graph could offer */
  graph(depth: number, given: readonly Source[], isRoot = false) {
    const tasks: Record<string, PipelineTaskSpec> = {}
    const sources: Source[] = [...given]
    const size = 1 + Math.floor(this.random() * this.maxTasks)
    for (let index = 0; index < size; index++) {
      const made = this.task(depth, sources)
      this.addDependencies(made.spec, Object.keys(tasks))
      tasks[made.key] = made.spec
      if (made.type) sources.push(outputOf(made.key, made.type))
    }
    if (this.chance(isRoot ? 0.4 : 0.15)) this.addExitTask(tasks)
    return { tasks, offered: sources.filter(({ producer }) => producer !== undefined) }
  }

  private addDependencies(spec: Mutable<PipelineTaskSpec>, earlier: readonly string[]): void {
    const chosen = earlier.filter(() => this.chance(0.25))
    if (chosen.length > 0) spec.dependentTasks = chosen
  }

  private addExitTask(tasks: Record<string, PipelineTaskSpec>): void {
    const body = this.pick(Object.keys(tasks))
    const { key, spec } = this.leaf([])
    const component = this.components[spec.componentRef.name]!
    const inputs = {
      ...component.inputDefinitions?.parameters,
      status: { parameterType: 'TASK_FINAL_STATUS', isOptional: true } as const,
    }
    this.components[spec.componentRef.name] = { ...component, inputDefinitions: { parameters: inputs } }
    tasks[key] = {
      ...spec,
      dependentTasks: [body],
      triggerPolicy: { strategy: 'ALL_UPSTREAM_TASKS_COMPLETED' },
      inputs: { parameters: { ...spec.inputs?.parameters, status: { taskFinalStatus: { producerTask: body } } } },
    }
  }

  private task(depth: number, sources: readonly Source[]) {
    if (this.waits && this.chance(0.2)) return this.wait()
    const roll = depth > 0 ? this.random() : 0
    if (roll < 0.5) return this.leaf(sources)
    if (roll < 0.62) return this.group(depth, 'nested', sources, {})
    if (roll < 0.74) return this.conditional(depth, sources)
    if (roll < 0.84) return this.branches(depth, sources)
    return this.loop(depth, sources)
  }

  private leaf(sources: readonly Source[]): { key: string; spec: Mutable<PipelineTaskSpec>; type: ParameterType } {
    const key = this.name('step')
    const chosen = sources.filter(() => this.chance(0.3))
    const entries = chosen.map(({ wire, type }, index) => [`x${index}`, wire, type] as const)
    this.components[`comp-${key}`] = {
      executorLabel: 'step',
      inputDefinitions: {
        parameters: Object.fromEntries(
          entries.map(([name, , parameterType]) => [name, { parameterType, ...this.optionality(parameterType) }]),
        ),
      },
      outputDefinitions: { parameters: { Output: { parameterType: 'NUMBER_INTEGER' } } },
    }
    const spec: Mutable<PipelineTaskSpec> = {
      componentRef: { name: `comp-${key}` },
      inputs: { parameters: Object.fromEntries(entries.map(([name, wire]) => [name, wire])) },
      cachingOptions: this.chance(0.3) ? { enableCache: true } : {},
    }
    if (this.chance(0.3)) spec.retryPolicy = this.retryPolicy()
    return { key, spec, type: 'NUMBER_INTEGER' }
  }

  /** Gives nothing that others could read: what it gives depends on what it waits for. */
  private wait(): { key: string; spec: Mutable<PipelineTaskSpec>; type: undefined } {
    const key = this.name('wait')
    const kind = this.pick(['time', 'http'])
    const input = kind === 'time' ? 'after_seconds' : 'url'
    const value = kind === 'time' ? Math.floor(this.random() * 5) : `http://${key}/`
    this.components[`comp-${key}`] = {
      executorLabel: kind,
      inputDefinitions: { parameters: { [input]: { parameterType: kind === 'time' ? 'NUMBER_DOUBLE' : 'STRING' } } },
    }
    const inputs = { parameters: { [input]: { runtimeValue: { constant: value } } } }
    return { key, spec: { componentRef: { name: `comp-${key}` }, inputs }, type: undefined }
  }

  private optionality(type: ParameterType) {
    const roll = this.random()
    if (roll < 0.2) return {}
    const defaultValue: JsonValue = type === 'LIST' ? [7] : 7
    return roll < 0.5 ? { isOptional: true, defaultValue } : { isOptional: true }
  }

  private retryPolicy() {
    return {
      maxRetryCount: 1 + Math.floor(this.random() * 3),
      backoffDuration: this.pick(['0s', '1s', '30s']),
      backoffFactor: 2,
    }
  }

  /** A graph as a task; every value around it is passed in, and one of the values inside it is passed out. */
  private group(
    depth: number,
    kind: string,
    sources: readonly Source[],
    extra: Partial<PipelineTaskSpec>,
    item?: Source,
  ) {
    const key = this.name(kind)
    const passed = sources.map((source, index) => ({ ...source, name: `${key}-in${index}` }))
    const inside: Source[] = passed.map(({ name, type }) => ({ wire: { componentInputParameter: name }, type }))
    const made = this.graph(depth - 1, item ? [...inside, item] : inside)
    const types = [...passed.map(({ name, type }) => [name, type] as const)]
    if (item) types.push([item.wire.componentInputParameter!, item.type])
    const result = made.offered.length > 0 ? this.pick(made.offered) : undefined
    this.components[`comp-${key}`] = {
      inputDefinitions: {
        parameters: Object.fromEntries(
          types.map(([name, parameterType]) => [name, { parameterType, isOptional: true }]),
        ),
      },
      dag: {
        tasks: made.tasks,
        ...(result
          ? {
              outputs: {
                parameters: {
                  out: {
                    valueFromParameter: { producerSubtask: result.producer!, outputParameterKey: outputName(result) },
                  },
                },
              },
            }
          : {}),
      },
    }
    const spec: Mutable<PipelineTaskSpec> = {
      componentRef: { name: `comp-${key}` },
      ...extra,
      inputs: {
        parameters: {
          ...extra.inputs?.parameters,
          ...Object.fromEntries(passed.map(({ name, wire }) => [name, wire])),
        },
      },
    }
    if (this.chance(0.15)) spec.retryPolicy = this.retryPolicy()
    return { key, spec, type: result?.type }
  }

  private condition(sources: readonly Source[]): { text: string; inputs: Record<string, TaskInputParameterSpec> } {
    const numbers = sources.filter(({ type }) => type === 'NUMBER_INTEGER')
    if (numbers.length === 0) return { text: this.chance(0.7) ? '1 < 2' : '2 < 1', inputs: {} }
    const operator = this.pick(['==', '!=', '<', '<=', '>', '>='])
    const text = `int(inputs.parameter_values['probe']) ${operator} ${Math.floor(this.random() * 7)}`
    return { text, inputs: { probe: this.pick(numbers).wire } }
  }

  private conditional(depth: number, sources: readonly Source[]) {
    const { text, inputs } = this.condition(sources)
    return this.group(depth, 'condition', sources, {
      triggerPolicy: { condition: text },
      inputs: { parameters: inputs },
    })
  }

  /** If and Else around one leaf each, and OneOf of their outputs. */
  private branches(_depth: number, sources: readonly Source[]) {
    const key = this.name('condition-branches')
    const numbers = sources.filter(({ type }) => type === 'NUMBER_INTEGER')
    const { text, inputs } = this.condition(
      numbers.map((_, index) => ({ wire: { componentInputParameter: `in${index}` }, type: 'NUMBER_INTEGER' as const })),
    )
    const tasks: Record<string, PipelineTaskSpec> = {}
    for (const condition of [text, `!(${text})`]) {
      const branch = this.leaf([])
      tasks[branch.key] = { ...branch.spec, triggerPolicy: { condition }, inputs: { parameters: inputs } }
    }
    const selectors = Object.keys(tasks).map((producerSubtask) => ({ producerSubtask, outputParameterKey: 'Output' }))
    const wires = numbers.map(({ wire }, index) => [`in${index}`, wire] as const)
    this.components[`comp-${key}`] = {
      inputDefinitions: {
        parameters: Object.fromEntries(
          wires.map(([name]) => [name, { parameterType: 'NUMBER_INTEGER' as const, isOptional: true }]),
        ),
      },
      dag: { tasks, outputs: { parameters: { out: { valueFromOneof: { parameterSelectors: selectors } } } } },
    }
    const spec: Mutable<PipelineTaskSpec> = {
      componentRef: { name: `comp-${key}` },
      inputs: { parameters: Object.fromEntries(wires) },
    }
    return { key, spec, type: 'NUMBER_INTEGER' as const }
  }

  private loop(depth: number, sources: readonly Source[]) {
    const lists = sources.filter(({ type }) => type === 'LIST')
    const itemInput = this.name('item')
    const item: Source = { wire: { componentInputParameter: itemInput }, type: 'NUMBER_INTEGER' }
    const length = Math.floor(this.random() * 4)
    const raw = JSON.stringify(Array.from({ length }, () => Math.floor(this.random() * 7)))
    const reads = lists.length > 0 && this.chance(0.5)
    const extra: Partial<PipelineTaskSpec> = {
      parameterIterator: { itemInput, items: reads ? { inputParameter: 'items' } : { raw } },
      ...(reads ? { inputs: { parameters: { items: this.pick(lists).wire } } } : {}),
      ...(this.chance(0.4) ? { iteratorPolicy: { parallelismLimit: 1 + Math.floor(this.random() * 2) } } : {}),
    }
    const made = this.group(depth, 'for-loop', sources, extra, item)
    // Lists of lists are no items of integer type.
    return { ...made, type: made.type === 'NUMBER_INTEGER' ? ('LIST' as const) : undefined }
  }
}

const waitExecutor = (kind: string) => ({ container: { image: WAIT_IMAGE, args: [kind] } })

function outputOf(producer: string, type: ParameterType): Source {
  const outputParameterKey = producer.startsWith('step-') ? 'Output' : 'out'
  return { wire: { taskOutputParameter: { producerTask: producer, outputParameterKey } }, type, producer }
}

function outputName({ wire }: Source): string {
  return wire.taskOutputParameter!.outputParameterKey
}
