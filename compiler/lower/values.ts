/** Arguments and settings to the inputs of a task, with the undeclared inputs that texts with references need. */
import type { JsonValue } from '../../api/json.ts'
import type { TaskInputArtifactSpec, TaskInputParameterSpec } from '../../api/pipeline-spec.ts'
import type { ArgumentValue, GroupNode, SettingText, TemplateValue } from '../../dsl/graph.ts'
import { uniqueName } from '../../dsl/names.ts'
import { ArtifactRef, ParameterRef, type TextPiece } from '../../dsl/refs.ts'
import { channelName } from './channels.ts'
import { artifactSource, parameterSource } from './sources.ts'

/** Inputs of one task, being filled. */
export interface TaskInputs {
  readonly parameters: Record<string, TaskInputParameterSpec>
  readonly artifacts: Record<string, TaskInputArtifactSpec>
}

export function addArgument(inputs: TaskInputs, name: string, value: ArgumentValue, group: GroupNode): void {
  if (value.kind === 'constant') {
    inputs.parameters[name] = { runtimeValue: { constant: value.value } }
  } else if (value.kind === 'template') {
    inputs.parameters[name] = { runtimeValue: { constant: templateJson(inputs, value.value, group) } }
  } else if (value.ref instanceof ArtifactRef) {
    inputs.artifacts[name] = artifactSource(value.ref, group)
  } else {
    inputs.parameters[name] = parameterSource(value.ref, group)
  }
}

/** The constant with placeholders where references stood; each adds an input that the component does not declare. */
export function templateJson(inputs: TaskInputs, value: TemplateValue, group: GroupNode): JsonValue {
  if (value === null || typeof value !== 'object') return value
  if ('list' in value) return value.list.map((item) => templateJson(inputs, item, group))
  if ('fields' in value) {
    const entries = value.fields.map(
      ([key, field]) => [templateText(inputs, key, group), templateJson(inputs, field, group)] as const,
    )
    return Object.fromEntries(entries)
  }
  return templateText(inputs, value, group)
}

/** Text with placeholders in place of references. */
export function templateText(inputs: TaskInputs, pieces: readonly TextPiece[], group: GroupNode): string {
  return pieces.map((piece) => (piece instanceof ParameterRef ? placeholderFor(inputs, piece, group) : piece)).join('')
}

function placeholderFor(inputs: TaskInputs, ref: ParameterRef, group: GroupNode): string {
  const source = parameterSource(ref, group)
  // Channel names of different values may be equal: only this task knows the input, so it can have any name.
  const isTaken = (name: string): boolean =>
    Object.hasOwn(inputs.parameters, name) && JSON.stringify(inputs.parameters[name]) !== JSON.stringify(source)
  const name = uniqueName(channelName(ref, group), isTaken)
  inputs.parameters[name] = source
  return `{{$.inputs.parameters['${name}']}}`
}

/** Whether a setting comes from a parameter. */
export function isDynamic(setting: SettingText | undefined): setting is SettingText {
  return setting?.some((piece) => piece instanceof ParameterRef) ?? false
}
