/** A task as the author holds it: outputs to wire, and settings to chain. Writes into its TaskNode; reads nothing back. */

import { InvalidInputError, type Issue } from '../api/issue.ts'
import { isConstant } from './constant.ts'
import { addExitTaskGuard } from './control/exit-guard.ts'
import type { GroupNode, TaskNode } from './graph.ts'
import type { SingleOutput } from './infer.ts'
import { here } from './location.ts'
import { ParameterRef, piecesOf } from './refs.ts'
import { currentScope, isInScope, makeIssue, report } from './scope.ts'
import { brandOf, hasBrand } from './shared.ts'
import { suggestion } from './suggest.ts'

/** A setting's value, or a parameter that holds it. */
export type Setting<T extends string | number = string> = T | ParameterRef<string> | ParameterRef<T>

export interface RetryOptions {
  /** Attempts after the first. */
  readonly maxRetries: number
  /** Wait before the first retry. @default 0 */
  readonly backoffSeconds?: number
  /** Each wait is this many times the one before. @default 2 */
  readonly backoffFactor?: number
  /** @default 3600 */
  readonly maxBackoffSeconds?: number
}

/** Something that `after` can wait for. */
export interface Waitable {
  readonly node: TaskNode | GroupNode
}

/** A task of any component; the type of `output` differs too much for `Task<object>` to hold them all. */
export interface AnyTask {
  readonly node: TaskNode
}

const TASK = brandOf('task')

/**
 * One use of a component in a pipeline. `R` holds its outputs by name.
 *
 * @example train({ data: split.outputs.train }).setMemoryLimit('2G').setRetry({ maxRetries: 2 })
 */
export class Task<R = Readonly<Record<string, unknown>>> implements Waitable {
  static [Symbol.hasInstance](value: unknown): boolean {
    return hasBrand(value, TASK)
  }

  readonly [TASK] = true
  readonly node: TaskNode
  /** The outputs by name. */
  readonly outputs: R

  constructor(node: TaskNode, outputs: R) {
    this.node = node
    this.outputs = checkedOutputs(node, outputs)
    Object.freeze(this)
  }

  /** Name of the task inside its pipeline, such as `train-2`. */
  get key(): string {
    return this.node.key
  }

  /** The output of a component that has exactly one. */
  get output(): SingleOutput<R> {
    const names = Object.keys(this.node.component.outputs)
    const [name] = names
    if (names.length === 1 && name !== undefined) return this.outputs[name as keyof R] as SingleOutput<R>
    return wrongOutput(this.node, '', {
      code: 'no-single-output',
      message: `component "${this.node.component.name}" has ${names.length === 0 ? 'no outputs' : `${names.length} outputs`}, so task.output means nothing`,
      hint:
        names.length === 0 ? 'give the component an output' : `use task.outputs.<name>; it has: ${names.join(', ')}`,
    }) as SingleOutput<R>
  }

  /** Starts only when the others have succeeded. */
  after(...others: readonly Waitable[]): this {
    const site = here()
    for (const other of others) this.node.after.push({ node: other.node, site })
    return this
  }

  /** Name to show; may have any characters. */
  setDisplayName(name: string): this {
    if (isConstant(name, 'the name to show', 'use a constant text')) this.node.settings.displayName = name
    return this
  }

  /**
   * Whether a result of an earlier run with the same inputs may be used.
   *
   * @param options.key takes the place of everything that the cache compares
   * @default true
   */
  setCaching(enabled: boolean, options: { readonly key?: string } = {}): this {
    const { key } = options
    const hint = 'use a constant; without a key the cache compares the values of the inputs anyway'
    if (!isConstant(key, 'the key of setCaching', hint)) return this
    this.node.settings.caching = { enabled, ...(key === undefined ? {} : { key }) }
    return this
  }

  /** Tries again when an attempt fails; waits longer each time. */
  setRetry(options: RetryOptions): this {
    const { maxRetries, backoffSeconds = 0, backoffFactor = 2, maxBackoffSeconds = 3600 } = options
    this.node.settings.retry = { maxRetries, backoffSeconds, backoffFactor, maxBackoffSeconds }
    return this
  }

  /** Runs also when what it waits for has failed; values of failed tasks are missing then. The run fails all the same. */
  ignoreUpstreamFailure(): this {
    addExitTaskGuard(this.node, 'ignoreUpstreamFailure')
    this.node.settings.ignoreUpstreamFailure = true
    return this
  }

  setEnv(name: string, value: string | ParameterRef<string>): this {
    const hint = 'use a constant name; its value may hold references'
    if (!isConstant(name, 'the name of an environment variable', hint)) return this
    this.node.settings.env = { ...this.node.settings.env, [name]: settingText(value) }
    return this
  }

  /** Container image; replaces the component's. */
  setContainerImage(image: Setting): this {
    this.node.settings.image = settingText(image)
    return this
  }

  /** Cores, such as `2`, `'500m'` or a parameter. */
  setCpuLimit(cpu: Setting<string | number>): this {
    this.node.settings.cpuLimit = settingText(cpu)
    return this
  }
  setCpuRequest(cpu: Setting<string | number>): this {
    this.node.settings.cpuRequest = settingText(cpu)
    return this
  }
  /** Bytes with a unit, such as `'512Mi'` or `'2G'`, or a parameter. */
  setMemoryLimit(memory: Setting): this {
    this.node.settings.memoryLimit = settingText(memory)
    return this
  }
  setMemoryRequest(memory: Setting): this {
    this.node.settings.memoryRequest = settingText(memory)
    return this
  }
  /** Kind of accelerator: the resource's name, such as `nvidia.com/gpu`. */
  setAcceleratorType(type: Setting): this {
    this.node.settings.acceleratorType = settingText(type)
    return this
  }
  /** How many accelerators. */
  setAcceleratorLimit(count: Setting<string | number>): this {
    this.node.settings.acceleratorCount = settingText(count)
    return this
  }
}

function settingText(value: string | number | ParameterRef): readonly (string | ParameterRef)[] {
  return value instanceof ParameterRef ? [value] : piecesOf(String(value))
}

/** Outputs that name the mistake when a missing one is read: `any` and plain JavaScript come here. */
function checkedOutputs<R>(node: TaskNode, outputs: R): R {
  return new Proxy(Object.freeze(outputs as object), {
    get(target, name, receiver) {
      if (typeof name !== 'string' || name in target || name === 'then' || name === 'toJSON')
        return Reflect.get(target, name, receiver)
      const known = Object.keys(target)
      return wrongOutput(node, name, {
        code: 'unknown-output',
        message: `component "${node.component.name}" has no output "${name}"`,
        hint: suggestion(name, known) ?? (known.length ? `it has: ${known.join(', ')}` : 'it has no outputs'),
      })
    },
  }) as R
}

/** Reports a wrong reading and gives a reference that fits everywhere, so that the body goes on to its other mistakes. */
function wrongOutput(node: TaskNode, output: string, issue: Pick<Issue, 'code' | 'message' | 'hint'>): ParameterRef {
  const site = here()
  if (!isInScope()) throw new InvalidInputError([makeIssue({ ...issue, site })])
  report(currentScope('an output'), { ...issue, site })
  return new ParameterRef({ from: 'task', task: node, output }, { parameterType: 'STRING' }, site)
}
