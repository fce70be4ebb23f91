/** Types to the input and output definitions of components. */
import type {
  ArtifactTypeSchema,
  ComponentInputsSpec,
  ComponentOutputsSpec,
  ComponentSpec,
  ParameterInputSpec,
} from '../../api/pipeline-spec.ts'
import { type AnyRef, ParameterRef } from '../../dsl/refs.ts'
import type { AnyType, InputTypes, OutputTypes } from '../../dsl/types/index.ts'
import type { GroupOutput } from './plan.ts'

/** Definitions of a component or a pipeline. */
export function definitionsOf(
  inputs: InputTypes,
  outputs: OutputTypes,
): Pick<ComponentSpec, 'inputDefinitions' | 'outputDefinitions'> {
  return {
    ...optional('inputDefinitions', inputDefinitions(inputs)),
    ...optional('outputDefinitions', outputDefinitions(outputs)),
  }
}

/** Definitions of a group: what crosses its border. */
export function groupDefinitions(
  inputs: ReadonlyMap<string, AnyRef>,
  outputs: ReadonlyMap<string, GroupOutput>,
): Pick<ComponentSpec, 'inputDefinitions' | 'outputDefinitions'> {
  const typed = [...inputs].map(([name, ref]) => [name, typeOf(ref)] as const)
  const given = [...outputs].map(([name, output]) => [name, outputType(output)] as const)
  return definitionsOf(Object.fromEntries(typed), Object.fromEntries(given))
}

function typeOf(ref: AnyRef): AnyType {
  if (ref instanceof ParameterRef) return { kind: 'parameter', parameterType: ref.parameterType, need: 'required' }
  const { schemaTitle, schemaVersion, list } = ref
  return { kind: 'artifact', schemaTitle, schemaVersion, list, need: 'required' }
}

/** Collected values are lists at every level, although each round makes one. */
function outputType(output: GroupOutput): AnyType {
  const type = typeOf(output.ref)
  if (output.kind === 'one-of' || !output.isList) return type
  return type.kind === 'parameter' ? { ...type, parameterType: 'LIST' } : { ...type, list: true }
}

function inputDefinitions(inputs: InputTypes): ComponentInputsSpec {
  const parameters: Record<string, ParameterInputSpec> = {}
  const artifacts: NonNullable<ComponentInputsSpec['artifacts']> = {}
  for (const [name, type] of Object.entries(inputs)) {
    const common = {
      ...(type.description === undefined ? {} : { description: type.description }),
      ...(type.need === 'required' ? {} : { isOptional: true }),
    }
    if (type.kind === 'parameter') {
      parameters[name] = {
        parameterType: type.parameterType,
        ...common,
        ...(type.defaultValue === undefined ? {} : { defaultValue: type.defaultValue }),
        ...(type.literals ? { literals: type.literals } : {}),
      }
    } else {
      Object.assign(artifacts, {
        [name]: { artifactType: schemaOf(type), ...common, ...(type.list ? { isArtifactList: true } : {}) },
      })
    }
  }
  return sections(parameters, artifacts)
}

function outputDefinitions(outputs: OutputTypes): ComponentOutputsSpec {
  const parameters: NonNullable<ComponentOutputsSpec['parameters']> = {}
  const artifacts: NonNullable<ComponentOutputsSpec['artifacts']> = {}
  for (const [name, type] of Object.entries(outputs)) {
    const described = type.description === undefined ? {} : { description: type.description }
    if (type.kind === 'parameter')
      Object.assign(parameters, { [name]: { parameterType: type.parameterType, ...described } })
    else {
      Object.assign(artifacts, {
        [name]: {
          artifactType: schemaOf(type),
          ...described,
          ...(type.list ? { isArtifactList: true } : {}),
          ...(type.metadata ? { metadata: type.metadata } : {}),
        },
      })
    }
  }
  return sections(parameters, artifacts)
}

function sections<P extends object, A extends object>(parameters: P, artifacts: A): { parameters?: P; artifacts?: A } {
  return { ...optional('parameters', parameters), ...optional('artifacts', artifacts) }
}

function schemaOf(type: { readonly schemaTitle: string; readonly schemaVersion: string }): ArtifactTypeSchema {
  return { schemaTitle: type.schemaTitle, schemaVersion: type.schemaVersion }
}

/** The entry only when the object holds something. */
function optional<K extends string, V extends object>(key: K, value: V): { readonly [P in K]?: V } {
  return (Object.keys(value).length === 0 ? {} : { [key]: value }) as { readonly [P in K]?: V }
}
