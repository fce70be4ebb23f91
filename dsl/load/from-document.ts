/** A compiled pipeline or component (IR YAML) as a component. */
import { InvalidInputError } from '../../api/issue.ts'
import type { JsonObject } from '../../api/json.ts'
import { parsePipelineDocument } from '../../api/parse.ts'
import type {
  ComponentInputsSpec,
  ComponentOutputsSpec,
  ComponentSpec,
  ParameterInputSpec,
  PipelineTaskSpec,
} from '../../api/pipeline-spec.ts'
import type { PipelineDocument } from '../../api/platform-spec.ts'
import type { ComponentModel, Implementation } from '../graph.ts'
import type { CallSite } from '../location.ts'
import { sanitizeName } from '../names.ts'
import { DEFAULT_SCHEMA_VERSION } from '../types/artifacts.ts'
import type { AnyType, InputTypes, OutputTypes } from '../types/index.ts'

export function componentFromDocument(
  text: string,
  source: { readonly file?: string },
  site: CallSite,
): ComponentModel {
  const { document, issues } = parsePipelineDocument(text, source)
  if (!document) throw new InvalidInputError(issues)
  return modelOfDocument(document, site)
}

export function modelOfDocument(document: PipelineDocument, site: CallSite): ComponentModel {
  const { spec, platform } = document
  const { name, description } = spec.pipelineInfo
  const leaf = leafOf(document)
  const component = leaf ?? spec.root
  const label = leaf?.executorLabel
  const config = label === undefined ? undefined : platform?.platforms.kubernetes?.deploymentSpec?.executors?.[label]
  return {
    name,
    ...(description === undefined ? {} : { description }),
    inputs: inputsOf(component.inputDefinitions),
    outputs: outputsOf(component.outputDefinitions),
    implementation: (label === undefined ? undefined : containerOf(document, label)) ?? { kind: 'document', document },
    ...(component.taskConfigPassthroughs ? { taskConfigPassthroughs: component.taskConfigPassthroughs } : {}),
    ...(config ? { platform: config as JsonObject } : {}),
    site,
  }
}

/** A component that was compiled alone is wrapped in a root with one task; this finds it again. */
function leafOf({ spec }: PipelineDocument): ComponentSpec | undefined {
  const component = spec.components?.[`comp-${sanitizeName(spec.pipelineInfo.name)}`]
  const tasks = Object.entries(spec.root.dag?.tasks ?? {})
  if (tasks.length !== 1 || component?.executorLabel === undefined) return undefined
  return isForwarding(spec.root, tasks[0]!, component) ? component : undefined
}

/** What a task has of which nothing was said. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set(['taskInfo', 'componentRef', 'inputs', 'cachingOptions'])

/** Whether a root has the inputs and outputs of its only task, and hands each on under its own name. */
function isForwarding(
  root: ComponentSpec,
  [key, task]: readonly [string, PipelineTaskSpec],
  { inputDefinitions, outputDefinitions }: ComponentSpec,
): boolean {
  const { parameters = {}, artifacts = {} } = task.inputs ?? {}
  const outputs = root.dag?.outputs ?? {}
  const handedOn = [
    [plainDefinitions(root.inputDefinitions), plainDefinitions(inputDefinitions)],
    [plainDefinitions(root.outputDefinitions), plainDefinitions(outputDefinitions)],
    [parameters, wires(inputDefinitions?.parameters, (name) => ({ componentInputParameter: name }))],
    [artifacts, wires(inputDefinitions?.artifacts, (name) => ({ componentInputArtifact: name }))],
    [
      outputs.parameters ?? {},
      wires(outputDefinitions?.parameters, (name) => ({
        valueFromParameter: { producerSubtask: key, outputParameterKey: name },
      })),
    ],
    [
      outputs.artifacts ?? {},
      wires(outputDefinitions?.artifacts, (name) => ({
        artifactSelectors: [{ producerSubtask: key, outputArtifactKey: name }],
      })),
    ],
  ]
  return Object.keys(task).every((field) => PLAIN_FIELDS.has(field)) && handedOn.every(([a, b]) => isSame(a, b))
}

/** Without what is only told of a value: a pipeline around a component does not repeat that of its outputs. */
function plainDefinitions({
  parameters = {},
  artifacts = {},
}: ComponentInputsSpec | ComponentOutputsSpec = {}): object {
  const plain = (definitions: Readonly<Record<string, { description?: string; metadata?: JsonObject }>>): object =>
    Object.fromEntries(Object.entries(definitions).map(([name, { description, metadata, ...rest }]) => [name, rest]))
  return { parameters: plain(parameters), artifacts: plain(artifacts) }
}

function wires(definitions: object = {}, wire: (name: string) => object): object {
  return Object.fromEntries(Object.keys(definitions).map((name) => [name, wire(name)]))
}

/** Equal JSON, whatever the order of keys. */
function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  const [one, other] = [a, b] as [Readonly<Record<string, unknown>>, Readonly<Record<string, unknown>>]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => isSame(one[key], other[key]))
}

function containerOf({ spec }: PipelineDocument, label: string): Implementation | undefined {
  const container = spec.deploymentSpec.executors?.[label]?.container
  if (!container) return undefined
  const { image, command = [], args = [], env = [], resources } = container
  return {
    kind: 'container',
    image,
    command,
    args,
    env: Object.fromEntries(env.map(({ name, value = '' }) => [name, value])),
    ...(resources ? { resources: resources as JsonObject } : {}),
  }
}

const LEGACY_TYPES = { INT: 'NUMBER_INTEGER', DOUBLE: 'NUMBER_DOUBLE', STRING: 'STRING' } as const

function inputsOf(definitions: ComponentInputsSpec = {}): InputTypes {
  const parameters = Object.entries(definitions.parameters ?? {}).map(
    ([name, spec]) => [name, parameterOf(spec)] as const,
  )
  const artifacts = Object.entries(definitions.artifacts ?? {}).map(([name, spec]) => {
    const type: AnyType = {
      kind: 'artifact',
      schemaTitle: spec.artifactType.schemaTitle ?? 'system.Artifact',
      schemaVersion: spec.artifactType.schemaVersion ?? DEFAULT_SCHEMA_VERSION,
      list: spec.isArtifactList ?? false,
      need: spec.isOptional ? 'optional' : 'required',
      ...(spec.description === undefined ? {} : { description: spec.description }),
    }
    return [name, type] as const
  })
  return Object.fromEntries([...parameters, ...artifacts])
}

function parameterOf(spec: ParameterInputSpec): AnyType {
  const { parameterType, type, defaultValue, isOptional, description, literals } = spec
  const isGiven = parameterType === 'TASK_FINAL_STATUS' || parameterType === 'TASK_CONFIG'
  return {
    kind: 'parameter',
    parameterType: parameterType ?? (type ? LEGACY_TYPES[type] : 'STRING'),
    need: defaultValue !== undefined ? 'defaulted' : isOptional || isGiven ? 'optional' : 'required',
    ...(defaultValue === undefined ? {} : { defaultValue }),
    ...(description === undefined ? {} : { description }),
    ...(literals ? { literals } : {}),
  }
}

function outputsOf(definitions: ComponentOutputsSpec = {}): OutputTypes {
  const parameters = Object.entries(definitions.parameters ?? {}).map(
    ([name, { parameterType, type, description }]) => {
      const spec: AnyType = {
        kind: 'parameter',
        parameterType: parameterType ?? (type ? LEGACY_TYPES[type] : 'STRING'),
        need: 'required',
        ...(description === undefined ? {} : { description }),
      }
      return [name, spec] as const
    },
  )
  const artifacts = Object.entries(definitions.artifacts ?? {}).map(([name, spec]) => {
    const type: AnyType = {
      kind: 'artifact',
      schemaTitle: spec.artifactType.schemaTitle ?? 'system.Artifact',
      schemaVersion: spec.artifactType.schemaVersion ?? DEFAULT_SCHEMA_VERSION,
      list: spec.isArtifactList ?? false,
      need: 'required',
      ...(spec.description === undefined ? {} : { description: spec.description }),
      ...(spec.metadata ? { metadata: spec.metadata } : {}),
    }
    return [name, type] as const
  })
  return Object.fromEntries([...parameters, ...artifacts])
}
