/** Short ways to write pipeline documents by hand. For tests. */
import type { JsonValue } from '../../api/json.ts'
import type { ComponentSpec, ExecutorSpec, ParameterType, PipelineTaskSpec } from '../../api/pipeline-spec.ts'
import type { PipelineDocument, PlatformSpec } from '../../api/platform-spec.ts'

export interface SmallPipeline {
  readonly root: ComponentSpec
  readonly components?: Readonly<Record<string, ComponentSpec>>
  readonly executors?: Readonly<Record<string, ExecutorSpec>>
  readonly platform?: PlatformSpec
}

/** The executor `step` (image `step`, no arguments) is always there. */
export function pipelineOf({ root, components = {}, executors = {}, platform }: SmallPipeline): PipelineDocument {
  const all = { step: { container: { image: 'step' } }, ...executors }
  const spec = {
    pipelineInfo: { name: 'small' },
    schemaVersion: '2.1.0',
    deploymentSpec: { executors: all },
    components,
    root,
  }
  return { spec, ...(platform ? { platform } : {}) }
}

/** A leaf: inputs and outputs by name and type. A type that ends in `?` is optional; `[type, default]` has a default. */
export function leafOf(
  inputs: Readonly<Record<string, ParameterType | `${ParameterType}?` | readonly [ParameterType, JsonValue]>> = {},
  outputs: Readonly<Record<string, ParameterType>> = {},
  executorLabel = 'step',
): ComponentSpec {
  const parameters = Object.entries(inputs).map(([name, type]) => {
    if (typeof type !== 'string') return [name, { parameterType: type[0], defaultValue: type[1], isOptional: true }]
    const isOptional = type.endsWith('?')
    return [name, { parameterType: type.replace('?', '') as ParameterType, ...(isOptional ? { isOptional } : {}) }]
  })
  const results = Object.entries(outputs).map(([name, parameterType]) => [name, { parameterType }])
  return {
    executorLabel,
    inputDefinitions: { parameters: Object.fromEntries(parameters) },
    outputDefinitions: { parameters: Object.fromEntries(results) },
  }
}

/**
 * A task. Parameters: `<- name` is an input of the graph, `<- task.output` an output of a sibling, `<- status of task` its final
 * status; everything else is a constant.
 */
export function taskOf(
  component: string,
  parameters: Readonly<Record<string, JsonValue>> = {},
  more: Partial<PipelineTaskSpec> = {},
): PipelineTaskSpec {
  const wires = Object.entries(parameters).map(([name, value]) => [name, wireOf(value)])
  return { componentRef: { name: component }, inputs: { parameters: Object.fromEntries(wires) }, ...more }
}

function wireOf(value: JsonValue) {
  const text = typeof value === 'string' && value.startsWith('<- ') ? value.slice(3) : undefined
  if (text === undefined) return { runtimeValue: { constant: value } }
  if (text.startsWith('status of ')) return { taskFinalStatus: { producerTask: text.slice('status of '.length) } }
  const [producerTask, outputParameterKey] = text.split('.') as [string, string | undefined]
  if (outputParameterKey === undefined) return { componentInputParameter: producerTask }
  return { taskOutputParameter: { producerTask, outputParameterKey } }
}
