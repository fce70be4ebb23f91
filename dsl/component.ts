/** defineComponent: a component whose work is a TypeScript function. Nothing happens until a pipeline that uses it is compiled. */
import { InvalidInputError } from '../api/issue.ts'
import type { TaskConfigPassthrough } from '../api/pipeline-spec.ts'
import { isConstant } from './constant.ts'
import { createTask } from './create-task.ts'
import type { ComponentModel, Implementation, TypeScriptImplementation } from './graph.ts'
import type { CallParameters, Refs, RunInputs, RunOutputs, RunResult } from './infer.ts'
import { here } from './location.ts'
import type { RunContext } from './run-artifacts.ts'
import { isInScope, makeIssue } from './scope.ts'
import type { Task } from './task.ts'
import type { InputTypes, OutputTypes } from './types/index.ts'

// biome-ignore lint/complexity/noBannedTypes: "no inputs" is exactly the empty object here.
type None = {}

/** A component: call it in a pipeline's body to get a task. */
export interface Component<I extends InputTypes = InputTypes, O extends OutputTypes = OutputTypes> {
  (...args: CallParameters<I>): Task<Refs<O>>
  readonly kind: 'component'
  readonly model: ComponentModel
  readonly inputs: I
  readonly outputs: O
}

/** A component whose `run` can also be called directly, in tests. */
export interface TypeScriptComponent<I extends InputTypes, O extends OutputTypes> extends Component<I, O> {
  readonly run: ComponentRun<I, O>
}

export type ComponentRun<I extends InputTypes, O extends OutputTypes> = (
  inputs: RunInputs<I>,
  outputs: RunOutputs<O>,
  context: RunContext,
) => RunResult<O> | Promise<RunResult<O>>

export interface ComponentOptions<I extends InputTypes, O extends OutputTypes> {
  /** Needed unless `run` is a named function. */
  readonly name?: string
  readonly description?: string
  readonly inputs?: I
  readonly outputs?: O
  /**
   * Image that has Node 20 or later on its path. With an image, the code still travels inside the pipeline.
   * @default a plain Node image
   */
  readonly image?: string
  readonly taskConfigPassthroughs?: readonly TaskConfigPassthrough[]
  /** The work. Runs in a process of its own, with everything that it imports from the file it stands in. */
  readonly run: ComponentRun<I, O>
}

/**
 * Defines a component in TypeScript.
 *
 * @example
 * const train = defineComponent({
 *   name: 'train',
 *   inputs: { data: t.dataset(), trees: t.integer({ default: 100 }) },
 *   outputs: { model: t.model(), accuracy: t.number() },
 *   async run({ data, trees }, { model }) {
 *     await writeFile(model.path, await fit(await readFile(data.path, 'utf8'), trees))
 *     return { accuracy: 0.97 }
 *   },
 * })
 */
export function defineComponent<const I extends InputTypes = None, const O extends OutputTypes = None>(
  options: ComponentOptions<I, O>,
): TypeScriptComponent<I, O> {
  const implementation: TypeScriptImplementation = {
    kind: 'typescript',
    run: options.run,
    ...(options.image === undefined ? {} : { image: options.image }),
  }
  const component = makeComponent<I, O>({ ...options, name: options.name ?? nameOfRun(options.run) }, implementation)
  return Object.assign(component, { run: options.run })
}

/** Names that functions get without being asked. */
const MEANINGLESS = new Set(['', 'run', 'default', 'anonymous'])

function nameOfRun(run: unknown): string {
  const name = typeof run === 'function' ? run.name : ''
  if (!MEANINGLESS.has(name)) return name
  throw new InvalidInputError([
    makeIssue({
      code: 'missing-name',
      message: 'this component has no name',
      hint: "add one, such as defineComponent({ name: 'train', … })",
      site: here(),
    }),
  ])
}

interface ComponentFacts {
  readonly name: string
  readonly description?: string | undefined
  readonly inputs?: InputTypes | undefined
  readonly outputs?: OutputTypes | undefined
  readonly taskConfigPassthroughs?: readonly TaskConfigPassthrough[] | undefined
}

/** Wraps a model in the function that authors call. */
export function makeComponent<I extends InputTypes, O extends OutputTypes>(
  facts: ComponentFacts,
  implementation: Implementation,
): Component<I, O> {
  // Outside of bodies there are no references.
  if (isInScope()) {
    const { name, ...others } = facts
    const hint = 'give the component an input, and pass the reference to it in the call'
    isConstant([others, implementation], `the definition of component "${name}"`, hint)
  }
  return componentOf(
    Object.freeze({
      name: facts.name,
      ...(facts.description === undefined ? {} : { description: facts.description }),
      inputs: Object.freeze({ ...facts.inputs }),
      outputs: Object.freeze({ ...facts.outputs }),
      implementation: Object.freeze(implementation),
      ...(facts.taskConfigPassthroughs ? { taskConfigPassthroughs: facts.taskConfigPassthroughs } : {}),
      site: here(),
    }),
  )
}

export function componentOf<I extends InputTypes, O extends OutputTypes>(model: ComponentModel): Component<I, O> {
  const call = (...args: readonly unknown[]) => createTask(model, args[0])
  const facts = { kind: 'component' as const, model, inputs: model.inputs, outputs: model.outputs }
  return Object.assign(call, facts) as unknown as Component<I, O>
}
