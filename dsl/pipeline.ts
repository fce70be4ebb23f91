/** definePipeline: gives a name and types to a body, which runs only when the pipeline is compiled. */
import type { KubernetesPipelineConfig } from '../api/platform-spec.ts'
import type { ScheduleOptions } from '../api/schedule-options.ts'
import { createTask } from './create-task.ts'
import type { ComponentModel, PipelineModel } from './graph.ts'
import type { CallParameters, PipelineResult, Refs, ResultRefs } from './infer.ts'
import { here } from './location.ts'
import type { Task } from './task.ts'
import type { InputTypes, OutputTypes } from './types/index.ts'

// biome-ignore lint/complexity/noBannedTypes: "no inputs" is exactly the empty object here.
type None = {}

/**
 * A pipeline: compile it, run it, submit it, or call it in the body of another pipeline.
 * `R` holds its outputs by name.
 */
export interface PipelineDefinition<I extends InputTypes = InputTypes, R = Readonly<Record<string, unknown>>> {
  (...args: CallParameters<I>): Task<R>
  readonly kind: 'pipeline'
  readonly model: PipelineModel
  readonly inputs: I
}

/** Any pipeline, whatever its inputs and outputs. */
export interface AnyPipeline {
  readonly kind: 'pipeline'
  readonly model: PipelineModel
}

export interface PipelineOptions<I extends InputTypes = InputTypes, O extends OutputTypes = OutputTypes> {
  /** Small letters, digits and `-`. */
  readonly name: string
  /** Name to show. */
  readonly displayName?: string
  readonly description?: string
  readonly inputs?: I
  /** Only where an output needs another type or a description; else outputs follow from what the body returns. */
  readonly outputs?: O
  /** Where artifacts go when a run does not say: a folder or a URI such as `s3://bucket/path`. */
  readonly pipelineRoot?: string
  /** Settings of the run on a cluster: time to live, deadline, workspace. */
  readonly kubernetes?: KubernetesPipelineConfig
  /** When the pipeline runs by itself: `kfp-ts schedule FILE` and `kfp-ts compile --schedule` read it. */
  readonly schedule?: ScheduleOptions<Extract<keyof I, string>>
}

/**
 * Defines a pipeline.
 *
 * @example
 * export const training = definePipeline(
 *   { name: 'training', inputs: { trees: t.integer({ default: 100 }) } },
 *   ({ trees }) => {
 *     const data = loadCsv({ path: 'iris.csv' })
 *     const trained = train({ data: data.output, trees })
 *     return { accuracy: trained.outputs.accuracy }
 *   },
 * )
 */
export function definePipeline<
  const I extends InputTypes = None,
  R extends PipelineResult = void,
  const O extends OutputTypes = OutputTypes,
>(options: PipelineOptions<I, O>, body: (inputs: Refs<I>) => R): PipelineDefinition<I, ResultRefs<R>> {
  const model: PipelineModel = Object.freeze({
    name: options.name,
    ...(options.displayName === undefined ? {} : { displayName: options.displayName }),
    ...(options.description === undefined ? {} : { description: options.description }),
    inputs: Object.freeze({ ...options.inputs }),
    ...(options.outputs ? { outputs: options.outputs } : {}),
    ...(options.pipelineRoot === undefined ? {} : { pipelineRoot: options.pipelineRoot }),
    ...(options.kubernetes ? { kubernetes: options.kubernetes } : {}),
    ...(options.schedule ? { schedule: options.schedule as ScheduleOptions } : {}),
    body,
    site: here(),
  })
  const asComponent: ComponentModel = {
    name: model.name,
    ...(model.description === undefined ? {} : { description: model.description }),
    inputs: model.inputs,
    outputs: model.outputs ?? {},
    implementation: { kind: 'pipeline', definition: model },
    site: model.site,
  }
  const call = (...args: readonly unknown[]) => createTask(asComponent, args[0])
  const definition = Object.assign(call, { kind: 'pipeline' as const, model, inputs: model.inputs })
  return Object.freeze(definition) as unknown as PipelineDefinition<I, ResultRefs<R>>
}

/** Whether a value is a pipeline, also one of another copy of kfp-ts. */
export function isPipeline(value: unknown): value is AnyPipeline {
  return typeof value === 'function' && (value as unknown as AnyPipeline).kind === 'pipeline' && 'model' in value
}
