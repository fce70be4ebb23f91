/** A compiled pipeline or component (IR YAML) as a component. */
import { InvalidInputError } from '../../api/issue.ts'
import type { JsonObject } from '../../api/json.ts'
import { parsePipelineDocument } from '../../api/parse.ts'
import type {
  ComponentInputsSpec,
  ComponentOutputsSpec,
  ComponentSpec,
  ParameterInputSpec,
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
  const isAlone = Object.keys(spec.root.dag?.tasks ?? {}).length === 1
  return isAlone && component?.executorLabel !== undefined ? component : undefined
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
